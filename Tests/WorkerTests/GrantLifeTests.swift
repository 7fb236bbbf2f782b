import Domain
import Foundation
import Store
import Synchronization
import TestSupport
import Testing

@testable import Worker

@Suite struct GrantCostTests {
    @Test func `one grant costs one call and three commits`() async throws {
        let stage = try await GrantStage()
        try await stage.give(0)
        stage.aws.setFault { _, _ in nil }
        let before = stage.metrics.counts
        #expect(try await stage.work())
        #expect(stage.aws.calls == ["CreateAccessGrant"])
        // What an earlier process leased, the plan, the lease, the outcome.
        #expect((stage.metrics.counts - before).commits == 4)
        #expect(try await stage.faults() == [])

        stage.aws.setFault { _, _ in nil }
        try await stage.give(0, .write)
        #expect(try await stage.work())
        #expect(stage.aws.calls == ["CreateAccessGrant", "DeleteAccessGrant"])
        #expect(try await stage.faults() == [])

        stage.aws.setFault { _, _ in nil }
        try await stage.revoke(0)
        #expect(try await stage.states().map(\.status) == [.revoking])
        #expect(try await stage.work())
        #expect(stage.aws.calls == ["DeleteAccessGrant"])
        #expect(try await stage.faults() == [])
        #expect(try await stage.states() == [])
        #expect(try await stage.records() == [])
    }

    @Test func `a thousand grants cost a thousand calls, and few commits`() async throws {
        let stage = try await GrantStage(prefixes: (0..<100).map { "p\($0)/" }, people: 10)
        try await stage.giveAll()
        stage.aws.setFault { _, _ in nil }
        let before = stage.metrics.counts
        #expect(try await stage.work())
        let cost = stage.metrics.counts - before
        #expect(stage.aws.calls.count == 1000)
        #expect(cost.commits <= 30)
        #expect(cost.statements <= 20_000)
        #expect(try await stage.faults() == [])
        print("1,000 grants: \(cost)")

        // What is there already costs nothing.
        stage.aws.setFault { _, _ in nil }
        try await stage.give(7, to: 3, .write)
        let small = stage.metrics.counts
        #expect(try await stage.work())
        #expect(stage.aws.calls == ["CreateAccessGrant", "DeleteAccessGrant"])
        let change = stage.metrics.counts - small
        #expect(change.statements <= 120)
        print("one change beside 1,000 grants: \(change)")
    }

    @Test func `two data sources that need the same grant share it`() async throws {
        let stage = try await GrantStage(prefixes: ["raw/", "raw/*"])
        stage.aws.setFault { _, _ in nil }
        try await stage.give(0)
        try await stage.give(1)
        #expect(try await stage.work())
        try await stage.revoke(0)
        #expect(try await stage.work())
        #expect(stage.aws.calls == ["CreateAccessGrant"])
        #expect(try await stage.faults() == [])
        try await stage.revoke(1)
        #expect(try await stage.work())
        #expect(stage.aws.calls == ["CreateAccessGrant", "DeleteAccessGrant"])
        #expect(try await stage.faults() == [])
    }
}

@Suite struct GrantFaultTests {
    enum Change: String, CaseIterable, Sendable {
        case give, widen, revoke, replacePrincipal, disable

        func begin(on stage: GrantStage) async throws {
            if self != .give {
                try await stage.give(0)
                #expect(try await stage.work())
                stage.clock.advance(by: 3600)
            }
            stage.aws.setFault { _, _ in nil }
            switch self {
            case .give: try await stage.give(0)
            case .widen: try await stage.give(0, .write)
            case .revoke: try await stage.revoke(0)
            case .replacePrincipal: try await stage.setPrincipals([GrantStage.principal(77)], of: 0)
            case .disable: try await stage.setDisabled(true, 0)
            }
        }
    }

    /// The ways in which a call can fail on the wire, as the adapter tells them.
    static let faults: [(name: String, fault: SimulatedAWS.Fault)] = [
        ("timeout before it was done", .lostRequest(.unreachable)),
        ("timeout after it was done", .lostAnswer(.unreachable)),
        ("done long after the timeout", .late(30)), ("connection refused", .refused(.unreachable, code: "connect")),
        ("400 InvalidRequest", .refused(.refused, code: "InvalidRequest")),
        ("400 InvalidAccessGrant", .refused(.refused, code: "InvalidAccessGrant")),
        ("403", .refused(.refused, code: "AccessDenied")),
        ("404 of the location", .refused(.refused, code: "NoSuchAccessGrantsLocationError")),
        ("done, and 404", .doneThenRefused(.refused, code: "NoSuchAccessGrantError")),
        ("409", .refused(.refused, code: "AccessGrantAlreadyExists")),
        ("409 of the quota", .refused(.refused, code: "AccessGrantsQuotaExceededError")),
        ("429", .refused(.throttled, code: "429")), ("500", .lostRequest(.serviceFault)),
        ("500, and done", .lostAnswer(.serviceFault)), ("503 SlowDown", .refused(.throttled, code: "SlowDown")),
        ("503 ServiceUnavailable", .refused(.serviceFault, code: "ServiceUnavailable")),
        ("malformed XML", .lostAnswer(.serviceFault)),
        ("no credentials", .refused(.credentials, code: "CredentialsNotFound")),
    ]

    @Test(arguments: Change.allCases)
    func `whatever AWS answers, the end is right`(_ change: Change) async throws {
        for (name, fault) in Self.faults {
            for lasts in [1, 12] {
                for first in 0..<2 {
                    let stage = try await GrantStage()
                    try await change.begin(on: stage)
                    stage.aws.setFault { index, call in
                        // A delete that is not there any more is done; a create cannot be answered so.
                        if case .doneThenRefused = fault, call != "DeleteAccessGrant" { return nil }
                        return (first..<(first + lasts)).contains(index) ? fault : nil
                    }
                    #expect(try await stage.work())
                    let what = "\(change), \(name), \(lasts) times from call \(first)"
                    #expect(try await stage.faults() == [], "\(what)")
                }
            }
        }
    }

    @Test func `while AWS refuses, the reason is shown with what to do, and the refresh asks again`() async throws {
        let stage = try await GrantStage()
        try await stage.give(0)
        stage.aws.setFault { _, _ in .refused(.refused, code: "AccessDenied") }
        #expect(try await stage.work(until: stage.clock.now.addingTimeInterval(30)))
        let state = try await stage.states()
        #expect(state.map(\.status) == [.failed])
        #expect(
            state.first?.message == """
                s3:CreateAccessGrant was refused: AccessDenied: as told. Allow s3:CreateAccessGrant to the integration's \
                credentials; it is tried again every few minutes, and by POST /dataSource/bulkRefreshViews.
                """)
        stage.aws.setFault { _, _ in nil }
        try await stage.refresh()
        let now = stage.clock.now
        #expect(try await stage.work(until: now.addingTimeInterval(1)))
        #expect(try await stage.faults() == [])
    }

    @Test func `a full instance is asked again when a grant goes`() async throws {
        let stage = try await GrantStage(prefixes: ["a/", "b/"])
        try await stage.give(0)
        #expect(try await stage.work())
        try await stage.give(1)
        stage.aws.setFault { _, call in
            call == "CreateAccessGrant" ? .refused(.refused, code: "AccessGrantsQuotaExceededError") : nil
        }
        #expect(try await stage.work(until: stage.clock.now.addingTimeInterval(1000)))
        #expect(try await stage.states(of: 1).map(\.status) == [.quotaExceeded])
        try await stage.revoke(0)
        stage.aws.setFault { _, _ in nil }
        let now = stage.clock.now
        #expect(try await stage.work(until: now.addingTimeInterval(1)))
        #expect(try await stage.faults() == [])
    }

    @Test func `a vanished location fails its grants and has the integration checked now`() async throws {
        let stage = try await GrantStage()
        try await stage.give(0)
        stage.aws.change { $0.removeAll() }
        #expect(try await stage.work(until: stage.clock.now.addingTimeInterval(5)))
        #expect(try await stage.states().map(\.status) == [.failed])
        let due = try await stage.store.integrations.dueForCheck(now: stage.clock.now, interval: 900, limit: 9)
        #expect(due.map(\.id) == [stage.integration])
    }

    @Test func `somebody else's grant is used, and never removed`() async throws {
        let stage = try await GrantStage()
        try await stage.give(0)
        let key = try #require(stage.model.desired.first)
        let location = try #require(stage.aws.locations.first)
        let foreign = AWSGrant(
            id: "stranger-1", arn: "arn:stranger-1", locationID: location.id, scope: key.scope, grantee: key.grantee,
            permission: "READ", createdAt: stage.clock.now.addingTimeInterval(-86_400))
        stage.aws.changeGrants { $0[foreign.id] = foreign }
        #expect(try await stage.work())
        #expect(try await stage.faults() == [])
        #expect(try await stage.states().first?.message?.contains("made by somebody else") == true)
        try await stage.revoke(0)
        #expect(try await stage.work())
        #expect(stage.aws.grants == [foreign])
        #expect(try await stage.records() == [])
    }

    @Test func `throttled, all calls of the account slow down, and none is lost`() async throws {
        let stage = try await GrantStage(prefixes: (0..<300).map { "p\($0)/" })
        try await stage.giveAll()
        let window = ThrottleWindow(limit: 20)
        let clock = stage.clock
        stage.aws.setFault { _, _ in
            window.accepts(at: clock.now) ? nil : .refused(.throttled, code: "SlowDown")
        }
        #expect(try await stage.work())
        #expect(try await stage.faults() == [])
        #expect(stage.aws.calls.count <= 390)
        print("300 grants at 20 calls a second: \(stage.aws.calls.count) calls")
    }
}

@Suite struct GrantCrashTests {
    @Test(arguments: GrantFaultTests.Change.allCases)
    func `killed anywhere, a change still comes to its end`(_ change: GrantFaultTests.Change) async throws {
        for downtime: TimeInterval in [0.2, 3600] {
            for point in 1... {
                let stage = try await GrantStage()
                try await change.begin(on: stage)
                stage.crash.arm(at: point)
                let survived = try await stage.work()
                if !survived {
                    stage.restart(after: downtime)
                    #expect(try await stage.work())
                }
                #expect(try await stage.faults() == [], "\(change), killed at \(point), down for \(downtime)")
                if survived { break }
            }
        }
    }

    /// Everybody's access is widened: at no moment has anybody none.
    @Test func `killed anywhere while many change, nobody is ever without access`() async throws {
        var points = 0
        var point = 1
        while true {
            let stage = try await GrantStage(prefixes: ["a/", "b/", "c/"], people: 8)
            try await stage.giveAll(.read)
            #expect(try await stage.work())
            let scopes = Set(stage.aws.grants.map(\.access))
            #expect(scopes.count == 24)
            stage.aws.setFault { _, _ in nil }
            stage.aws.watch { grants in
                let missing = scopes.subtracting(grants.map(\.access))
                if !missing.isEmpty { Issue.record("without access: \(missing)") }
            }
            try await stage.giveAll(.write)
            stage.crash.arm(at: point)
            let survived = try await stage.work()
            if !survived {
                points += 1
                stage.restart(after: 5)
                #expect(try await stage.work())
            }
            #expect(try await stage.faults() == [], "killed at \(point)")
            if survived { break }
            point += 3
        }
        print("killed at \(points) points of 24 changes")
    }
}

@Suite struct GrantRandomLifeTests {
    /// Changes asked for at any moment, faults and kills at any point: in the end AWS has exactly what is desired.
    @Test(arguments: 0..<4)
    func `random lives end right`(_ part: Int) async throws {
        for seed in (part * 12)..<(part * 12 + 12) {
            var random = SplitMix64(state: UInt64(seed))
            let stage = try await GrantStage(prefixes: ["a/", "a/*", "b.csv", "c*"], people: 3)
            let stranger = AWSGrant(
                id: "stranger-1", arn: "arn:stranger-1", locationID: "location-1", scope: "s3://research/z/*",
                grantee: GrantStage.principal(0), permission: "WRITE", createdAt: nil)
            stage.aws.changeGrants { $0[stranger.id] = stranger }
            for _ in 0..<Int.random(in: 2...7, using: &random) {
                for _ in 0..<Int.random(in: 1...6, using: &random) { try await change(stage, &random) }
                let modulus = Int.random(in: 1...6, using: &random)
                let fault = GrantFaultTests.faults.randomElement(using: &random)?.fault
                stage.aws.setFault { index, call in
                    if case .doneThenRefused = fault, call != "DeleteAccessGrant" { return nil }
                    return index % modulus == 0 ? fault : nil
                }
                stage.crash.arm(at: Bool.random(using: &random) ? Int.random(in: 1...40, using: &random) : nil)
                let patience = Double.random(in: 0...100, using: &random)
                _ = try await stage.work(until: stage.clock.now.addingTimeInterval(patience))
                stage.restart(after: Double.random(in: 0...100, using: &random))
            }
            for index in stage.dataSources.indices { try await stage.setDisabled(false, index) }
            try await stage.refresh()
            try await stage.finish()
            #expect(try await stage.faults() == [], "seed \(seed)")
            #expect(stage.aws.grants.contains(stranger))
        }
    }

    private func change(_ stage: GrantStage, _ random: inout SplitMix64) async throws {
        let dataSource = Int.random(in: 0..<4, using: &random)
        let user = Int.random(in: 0..<3, using: &random)
        switch Int.random(in: 0..<10, using: &random) {
        case 0...3:
            guard !stage.model.disabled.contains(dataSource) else { return }
            try await stage.give(dataSource, to: user, Bool.random(using: &random) ? .read : .write)
        case 4...5:
            guard !stage.model.disabled.contains(dataSource) else { return }
            try await stage.revoke(dataSource, from: user)
        case 6...7:
            // Two people may share a principal.
            let numbers = (0..<4).filter { _ in Bool.random(using: &random) }.prefix(1)
            let groups = ["g1", "g2"].filter { _ in Bool.random(using: &random) }.map { Grantee(.directoryGroup, $0) }
            try await stage.setPrincipals(numbers.map(GrantStage.principal) + groups, of: user)
        case 8: try await stage.setDisabled(true, dataSource)
        default: try await stage.setDisabled(false, dataSource)
        }
    }
}

extension AWSGrant {
    /// Whom it gives what, to whatever degree.
    fileprivate var access: String { "\(grantee.identifier) \(scope)" }
}

/// Lets so many calls a second through.
private final class ThrottleWindow: Sendable {
    private let limit: Int
    private let begins = Mutex<[Date]>([])

    init(limit: Int) { self.limit = limit }

    func accepts(at now: Date) -> Bool {
        begins.withLock { begins in
            begins.removeAll { $0 <= now.addingTimeInterval(-1) }
            guard begins.count < limit else { return false }
            begins.append(now)
            return true
        }
    }
}
