import Domain
import Foundation
import GRDB
import TestSupport
import Testing

@testable import Store

@Suite struct AccessTests {
    private func give(
        _ stage: DataSourceStage, _ user: UserID, _ state: SubscriptionState, _ level: AccessLevel,
        to id: DataSourceID = DataSourceID(1), at seconds: Double = 0
    ) async throws -> AccessRow {
        try await stage.dataSources.setAccess(
            to: id, of: user, state: state, level: level, by: stage.origin, admin: stage.admin,
            now: stage.later(seconds))
    }

    private func revoke(
        _ stage: DataSourceStage, _ user: UserID, from id: DataSourceID = DataSourceID(1), at seconds: Double = 0
    ) async throws -> AccessRow {
        try await stage.dataSources.revokeAccess(to: id, of: user, by: stage.origin, now: stage.later(seconds))
    }

    @Test func `access is given, changed, revoked and given again; asked for twice it changes once`() async throws {
        let stage = try await DataSourceStage()
        try await stage.register("raw/")
        let ada = try #require(try await stage.store.identities.user(iamid: "bim", userid: "ada"))
        func row(
            _ state: SubscriptionState, _ level: AccessLevel, isRevoked: Bool = false, since: Double = 0, at: Double
        ) -> AccessRow {
            AccessRow(
                subscription: Subscription(
                    id: SubscriptionID(2), dataSourceID: DataSourceID(1), userID: stage.ada, state: state, level: level,
                    isRevoked: isRevoked, createdBy: stage.admin, createdAt: stage.later(since),
                    updatedAt: stage.later(at)), user: ada,
                grant: GrantState(isRevoked ? .revoking : .pending))
        }
        let steps: [(call: () async throws -> AccessRow, expected: AccessRow, action: String, isPlanned: Int64)] = [
            ({ try await give(stage, stage.ada, .subscribed, .read) }, row(.subscribed, .read, at: 0), "grant", 0),
            ({ try await give(stage, stage.ada, .expert, .read, at: 1) }, row(.expert, .read, at: 1), "grant", 1),
            ({ try await give(stage, stage.ada, .expert, .write, at: 2) }, row(.expert, .write, at: 2), "grant", 0),
            (
                { try await revoke(stage, stage.ada, at: 3) }, row(.expert, .write, isRevoked: true, at: 3), "revoke", 0
            ),
            (
                { try await give(stage, stage.ada, .owner, .read, at: 4) }, row(.owner, .read, since: 4, at: 4),
                "grant",
                0
            ),
        ]
        for step in steps {
            try await stage.plannedAll()
            var rows: [AccessRow] = []
            let effects = try await stage.effects { rows.append(try await step.call()) }
            #expect(effects.audited == ["access.\(step.action) access 1/2 by admin"])
            #expect(effects.commits == 1)
            #expect(try await stage.integers("SELECT is_planned FROM subscription WHERE id = 2") == [step.isPlanned])
            let again = try await stage.effects { rows.append(try await step.call()) }
            #expect(rows.first == step.expected)
            #expect(rows.last?.subscription == step.expected.subscription)
            #expect(again.audited == [])
        }
        #expect(try await stage.dataSources.access(to: DataSourceID(1)).map(\.user.userid) == ["admin", "ada"])
    }

    @Test func `somebody must own it, and only what is there can be asked for`() async throws {
        let stage = try await DataSourceStage()
        let id = try await stage.register("raw/").id
        let lastOwner = DomainError.lastOwner(of: id, stage.admin)
        let effects = try await stage.effects {
            await #expect(throws: lastOwner) { try await give(stage, stage.admin, .subscribed, .read) }
            await #expect(throws: lastOwner) { try await revoke(stage, stage.admin) }
            await #expect(throws: DomainError.noUser(UserID(9))) { try await give(stage, UserID(9), .owner, .read) }
            await #expect(throws: DomainError.noAccess(of: stage.ada, to: id)) { try await revoke(stage, stage.ada) }
            await #expect(throws: DomainError.noDataSource(DataSourceID(9))) {
                try await give(stage, stage.ada, .owner, .read, to: DataSourceID(9))
            }
            await #expect(throws: DomainError.noDataSource(DataSourceID(9))) {
                try await revoke(stage, stage.ada, from: DataSourceID(9))
            }
        }
        #expect(effects.audited == [])
        #expect(effects.commits == 0)
        _ = try await give(stage, stage.ada, .owner, .read)
        #expect(try await revoke(stage, stage.admin).subscription.isRevoked)
        let view = try await stage.dataSources.dataSource(.id(id), for: .subscriber(stage.admin))
        #expect(view == nil, "what was revoked is not seen any more")
        try await stage.execute(#"UPDATE "user" SET deleted_at = 1 WHERE id = 3"#)
        await #expect(throws: DomainError.noUser(stage.bob)) { try await give(stage, stage.bob, .expert, .read) }
    }

    @Test func `rows and counts tell how far AWS is, in a few statements`() async throws {
        let stage = try await DataSourceStage()
        try await stage.register("raw/")
        for user in [stage.ada, stage.bob] { _ = try await give(stage, user, .subscribed, .read) }
        var people: [UserID] = []
        for index in 0..<4 {
            let user = try await stage.store.identities.insertUser(
                iamid: "bim", userid: "u\(index)",
                profile: User.Profile(
                    name: "",
                    externalUserIDs: ExternalUserIDs(iamPrincipalARN: "arn:aws:iam::123456789012:user/\(index)")),
                permissions: [.audit], now: stage.now)
            people.append(user.id)
            _ = try await give(stage, user.id, .subscribed, .write)
        }
        try await stage.plannedAll()
        // Subscriptions: 1 admin, 2 ada, 3 bob, then the four.
        try await stage.hold(SubscriptionID(2), .active)
        try await stage.hold(SubscriptionID(4), .active)
        try await stage.hold(SubscriptionID(4), .failed, "AWS said no.")
        try await stage.hold(SubscriptionID(5), .quotaExceeded, "It is full.")
        try await stage.hold(SubscriptionID(6), .active, isSuperseded: true)
        try await stage.hold(SubscriptionID(6), .pending, "AWS may not know it yet.")
        try await stage.hold(SubscriptionID(7), .active, isReleased: true)
        _ = try await revoke(stage, people[3])
        let before = stage.metrics.counts
        let rows = try await stage.dataSources.access(to: DataSourceID(1))
        #expect((stage.metrics.counts - before).statements <= 8)
        for start in rows.indices {
            let after = start == 0 ? nil : rows[start - 1].user.id
            let page = try await stage.dataSources.access(to: DataSourceID(1), after: after, limit: 3)
            #expect(page == Array(rows[start...].prefix(3)))
        }
        let noPrincipal = rows.first?.grant.message
        #expect(
            rows.map(\.grant) == [
                GrantState(.noPrincipal, noPrincipal), GrantState(.active), GrantState(.noPrincipal, noPrincipal),
                GrantState(.failed, "AWS said no."), GrantState(.quotaExceeded, "It is full."),
                GrantState(.pending, "AWS may not know it yet."), GrantState(.revoking),
            ])
        #expect(rows.map(\.user.permissions).suffix(4) == [[.audit], [.audit], [.audit], [.audit]])
        let ada = try await stage.store.identities.user(iamid: "bim", userid: "ada")
        #expect(rows.dropFirst().first?.user == ada)
        let view = try await stage.dataSources.dataSource(.id(DataSourceID(1)), for: .everything(stage.admin))
        #expect(
            view?.grantCounts == [
                .noPrincipal: 2, .active: 1, .failed: 1, .quotaExceeded: 1, .pending: 1, .revoking: 1,
            ])

        try await stage.execute("DELETE FROM grant_need WHERE subscription_id = 7")
        #expect(try await stage.dataSources.access(to: DataSourceID(1)).count == 6, "its grants are gone")
    }
}

/// The order of the rules for `grantStatus`.
@Suite struct AccessFactsTests {
    private static func facts(
        _ grants: [AccessFacts.Grant], _ change: (inout AccessFacts) -> Void = { _ in }
    )
        -> AccessFacts
    {
        var facts = AccessFacts()
        facts.grants = grants
        change(&facts)
        return facts
    }

    private static let active = AccessFacts.Grant(GrantState(.active))
    private static let failed = AccessFacts.Grant(GrantState(.failed, "failed"))
    private static let full = AccessFacts.Grant(GrantState(.quotaExceeded, "full"))
    private static let leaving = AccessFacts.Grant(GrantState(.active), isLeaving: true)
    private static let stuck = AccessFacts.Grant(GrantState(.revoking, "stuck"), isLeaving: true)

    @Test func `each rule comes before those below it`() {
        let table: [(AccessFacts, GrantStatus, String?)] = [
            (Self.facts([Self.failed]) { $0.isRevoked = true }, .revoking, "failed"),
            (Self.facts([]) { $0.isRevoked = true }, .revoking, nil),
            (Self.facts([Self.active]) { $0.isDataSourceDisabled = true }, .revoking, nil),
            (Self.facts([Self.stuck]) { $0.hasLocation = false }, .revoking, "stuck"),
            (Self.facts([Self.active]) { $0.hasPrincipal = false }, .revoking, nil),
            (Self.facts([Self.active, Self.full, Self.failed]), .failed, "failed"),
            (Self.facts([Self.active, Self.full]), .quotaExceeded, "full"),
            (Self.facts([]), .pending, nil),
            (Self.facts([Self.active]) { $0.isPlanned = false }, .pending, nil),
            (Self.facts([Self.active, Self.leaving]), .pending, nil),
            (Self.facts([Self.active, Self.stuck]), .pending, "stuck"),
            (Self.facts([Self.active, Self.active]), .active, nil),
            (Self.facts([AccessFacts.Grant(GrantState(.active, "foreign"))]), .active, "foreign"),
        ]
        for (facts, status, message) in table { #expect(facts.state == GrantState(status, message), "\(facts)") }
    }

    @Test func `why nothing is granted is said in words`() {
        let disabled = Self.facts([]) { $0.isDataSourceDisabled = true }.state
        let nowhere = Self.facts([]) { $0.hasLocation = false }.state
        let nobody = Self.facts([]) { $0.hasPrincipal = false }.state
        #expect([disabled, nowhere, nobody].map(\.status) == [.pending, .pending, .noPrincipal])
        #expect(disabled.message?.contains("disabled") == true)
        #expect(nowhere.message?.contains("location") == true)
        #expect(nobody.message?.contains("awsIamPrincipalArn") == true)
    }
}
