import Domain
import Testing

@Suite struct GrantPlanTests {
    /// One grantee: what is held of the desired key and of another, and whether AWS has them.
    struct Case: Sendable, CustomTestStringConvertible {
        var isDesired: Bool
        var successor: Hold?
        var old: Hold?

        struct Hold: Sendable, Hashable {
            var hold: GrantHold
            var isActive: Bool
        }

        static let holds: [Hold?] =
            [nil] + GrantHold.allCases.flatMap { [Hold(hold: $0, isActive: false), Hold(hold: $0, isActive: true)] }

        static let all = [false, true].flatMap { isDesired in
            holds.flatMap { successor in holds.map { Case(isDesired: isDesired, successor: successor, old: $0) } }
        }

        var testDescription: String {
            "desired: \(isDesired), \(String(describing: successor)), \(String(describing: old))"
        }
    }

    private static let new = Values.key(.write)
    private static let old = Values.key(.read)
    private static let (newID, oldID) = (GrantRecordID(1), GrantRecordID(2))

    private static func held(_ a: Case) -> [HeldGrant] {
        [
            a.successor.map { HeldGrant(id: newID, key: new, hold: $0.hold, isActive: $0.isActive) },
            a.old.map { HeldGrant(id: oldID, key: old, hold: $0.hold, isActive: $0.isActive) },
        ].compactMap(\.self)
    }

    @Test(arguments: Case.all)
    func `each combination of what is desired and what is held leads to this`(_ a: Case) {
        let plan = GrantPlan(desired: a.isDesired ? [Self.new] : [], held: Self.held(a))
        let isThere = a.successor?.isActive == true

        #expect(plan.add == (a.isDesired && a.successor == nil ? [Self.new] : []))
        #expect(
            plan.restore
                == (a.isDesired && (a.successor?.hold == .superseded || a.successor?.hold == .released)
                    ? [Self.newID] : []))
        let isKept = a.isDesired && !isThere && a.old?.isActive == true
        #expect(plan.supersede == (isKept && a.old?.hold == .needed ? [Self.oldID] : []))
        var released: Set<GrantRecordID> = []
        if let old = a.old, old.hold != .released, !isKept { released.insert(Self.oldID) }
        if !a.isDesired, let successor = a.successor, successor.hold != .released { released.insert(Self.newID) }
        #expect(plan.release == released)
    }

    @Test(arguments: Case.all)
    func `carried out, it is not asked for again, and never takes away the only access`(_ a: Case) {
        var held = Self.held(a)
        let hadAccess = held.contains { $0.isActive && $0.hold != .released }
        let desired: Set<GrantKey> = a.isDesired ? [Self.new] : []
        for round in 0..<4 {
            let plan = GrantPlan(desired: desired, held: held)
            held = Self.carriedOut(plan, held)
            let hasAccess = held.contains { $0.isActive && $0.hold != .released }
            if a.isDesired, hadAccess { #expect(hasAccess) }
            // Nothing happened in AWS: there is nothing more to plan.
            let again = GrantPlan(desired: desired, held: held)
            #expect(again.add.isEmpty && again.restore.isEmpty && again.supersede.isEmpty && again.release.isEmpty)
            if held.allSatisfy({ $0.isActive && desired.contains($0.key) }), desired.count == held.count { return }
            // AWS has made what is wanted, and removed what is not.
            held = held.filter { $0.hold != .released }.map {
                HeldGrant(id: $0.id, key: $0.key, hold: $0.hold, isActive: true)
            }
            if round == 3 { Issue.record("it never ends: \(held)") }
        }
    }

    private static func carriedOut(_ plan: GrantPlan, _ held: [HeldGrant]) -> [HeldGrant] {
        held.map { grant in
            var grant = grant
            if plan.restore.contains(grant.id) { grant.hold = .needed }
            if plan.supersede.contains(grant.id) { grant.hold = .superseded }
            if plan.release.contains(grant.id) { grant.hold = .released }
            return grant
        } + plan.add.map { HeldGrant(id: newID, key: $0, hold: .needed, isActive: false) }
    }

    @Test func `a grantee that goes waits for nobody, and one that comes keeps nothing back`() {
        let (a, b) = (Values.key(.read, "a"), Values.key(.read, "b"))
        let plan = GrantPlan(
            desired: [b], held: [HeldGrant(id: Self.oldID, key: a, hold: .needed, isActive: true)])
        #expect(plan.add == [b])
        #expect(plan.release == [Self.oldID])
        #expect(plan.supersede.isEmpty)
    }

    @Test func `what is changed back before it is made costs no call`() {
        let held = [
            HeldGrant(id: Self.oldID, key: Self.old, hold: .superseded, isActive: true),
            HeldGrant(id: Self.newID, key: Self.new, hold: .needed, isActive: false),
        ]
        let plan = GrantPlan(desired: [Self.old], held: held)
        #expect(plan.restore == [Self.oldID])
        #expect(plan.release == [Self.newID])
        #expect(plan.add.isEmpty && plan.supersede.isEmpty)
    }

    @Test func `a path edit keeps every grantee's old grant until the new one is there`() {
        let grantees = ["a", "b", "c"]
        let old = grantees.enumerated().map { index, name in
            HeldGrant(id: GrantRecordID(Int64(index + 1)), key: Values.key(.read, name), hold: .needed, isActive: true)
        }
        let new = grantees.map { Values.key(.read, $0, location: "s3://archive/") }
        let plan = GrantPlan(desired: Set(new), held: old)
        #expect(plan.add == Set(new))
        #expect(plan.supersede == Set(old.map(\.id)))
        let made = HeldGrant(id: GrantRecordID(9), key: new[1], hold: .needed, isActive: true)
        let waiting = old.map { HeldGrant(id: $0.id, key: $0.key, hold: .superseded, isActive: true) }
        #expect(GrantPlan(desired: Set(new), held: waiting + [made]).release == [GrantRecordID(2)])
    }
}
