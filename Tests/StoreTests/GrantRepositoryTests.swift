import Domain
import Foundation
import GRDB
import TestSupport
import Testing

@testable import Store

/// What the worker asks of the store about grants.
@Suite struct GrantRepositoryTests {
    private let rules = GrantRules()
    private let now = Fixtures.now
    private let made = GrantRecord.Made(grantID: "grant-1", arn: "arn:grant-1", locationID: "location-1")

    private func at(_ seconds: TimeInterval) -> Date { now.addingTimeInterval(seconds) }

    @Test func `a subscription is planned once, leased once, and active when AWS has its grant`() async throws {
        let stage = try await AccessStage()
        try await stage.give(.read)
        let grants = stage.store.grants
        #expect(try await grants.schedule() == [])
        #expect(try await grants.plan(limit: 10, now: at(1)) == 1)
        #expect(try await grants.plan(limit: 10, now: at(1)) == 0)
        #expect(try await grants.schedule() == [GrantsDue(integrationID: stage.integration, at: at(1))])
        let claim = GrantClaim(integrationID: stage.integration, limit: 5)
        let claimed = try await grants.claim([claim], now: at(2), rules: rules)
        let record = try #require(claimed.first)
        #expect(
            record
                == GrantRecord(
                    id: record.id, integrationID: stage.integration, key: stage.key(.read), now: at(1)))
        #expect(try await grants.claim([claim], now: at(2), rules: rules) == [])
        #expect(try await grants.schedule() == [GrantsDue(integrationID: stage.integration, at: at(62))])

        let progress = try await grants.record(
            [report(record, .made(made, requestID: "aws-1"))], now: at(3), rules: rules)
        #expect(progress == GrantProgress(integrations: [stage.integration]))
        #expect(try await grants.schedule() == [])
        let stored = try await grants.grants(of: stage.integration, after: nil, limit: 9)
        #expect(stored.map(\.made) == [made])
        #expect(stored.map(\.state) == [GrantState(.active)])
        #expect(try await stage.states() == [GrantState(.active)])
        #expect(
            try await grants.census(of: stage.integration)
                == GrantCensus(locations: [Fixtures.path("s3://research/"): .init(total: 1, wanted: 1, active: 1)]))
    }

    @Test func `what was made and removed is in the audit log, with AWS's request id`() async throws {
        let stage = try await AccessStage()
        try await stage.give(.read)
        try await stage.carryOut(.made(made, requestID: "aws-1"))
        try await stage.revoke()
        try await stage.carryOut(.gone(nil, requestID: "aws-2"))
        let events = try await stage.store.audit.events(AuditQuery(), after: 0, limit: 1000)
            .filter { $0.targetType == "accessGrant" }
        #expect(events.map(\.action) == ["accessGrant.create", "accessGrant.delete"])
        #expect(events.map(\.awsRequestID) == ["aws-1", "aws-2"])
        #expect(events.map(\.targetID) == ["grant-1", "grant-1"])
        #expect(events[0].after == events[1].before)
        #expect(
            events[0].after == #"""
                {"integrationId":1,"grantScope":"s3://research/raw/*","granteeType":"IAM",\#
                "granteeIdentifier":"arn:aws:iam::123456789012:user/reader","permission":"READ","arn":"arn:grant-1"}
                """#)
    }

    @Test func `what somebody else made or removed is not in the log`() async throws {
        let stage = try await AccessStage()
        try await stage.give(.read)
        try await stage.carryOut(.foreign(made))
        try await stage.revoke()
        #expect(try await stage.store.grants.plan(limit: 9, now: now) == 1)
        #expect(try await stage.states() == [], "a foreign grant is just forgotten")
        try await stage.give(.read)
        try await stage.carryOut(.made(made, requestID: "aws-1"))
        try await stage.revoke()
        try await stage.carryOut(.gone(nil, requestID: nil))
        let events = try await stage.store.audit.events(AuditQuery(), after: 0, limit: 1000)
            .filter { $0.targetType == "accessGrant" }
        #expect(events.map(\.action) == ["accessGrant.create"])
    }

    @Test func `a wider grant is made before the narrower goes`() async throws {
        let stage = try await AccessStage()
        try await stage.give(.read)
        try await stage.carryOut(.made(made, requestID: nil))
        try await stage.give(.write)
        let grants = stage.store.grants
        #expect(try await grants.plan(limit: 9, now: now) == 1)
        #expect(try await stage.states().map(\.status) == [.pending])
        let claimed = try await stage.claim()
        #expect(claimed.map(\.key) == [stage.key(.write)])
        let wider = GrantRecord.Made(grantID: "grant-2", arn: "arn:grant-2", locationID: "location-1")
        let progress = try await grants.record(
            claimed.map { report($0, .made(wider, requestID: nil)) }, now: now, rules: rules)
        #expect(progress.hasUnplanned)
        #expect(try await grants.plan(limit: 9, now: now) == 1)
        #expect(try await stage.states().map(\.status) == [.pending], "the narrower is still there")
        let old = try await stage.claim()
        #expect(old.map(\.step) == [.delete(grantID: "grant-1")])
        _ = try await grants.record(old.map { report($0, .gone(nil, requestID: nil)) }, now: now, rules: rules)
        #expect(try await stage.states() == [GrantState(.active)])
    }

    @Test func `given again while it is being revoked, the grant stays`() async throws {
        let stage = try await AccessStage()
        try await stage.give(.read)
        try await stage.carryOut(.made(made, requestID: nil))
        try await stage.revoke()
        #expect(try await stage.store.grants.plan(limit: 9, now: now) == 1)
        #expect(try await stage.states().map(\.status) == [.revoking])
        try await stage.give(.read)
        #expect(try await stage.store.grants.plan(limit: 9, now: now) == 1)
        #expect(try await stage.claim() == [])
        #expect(try await stage.states() == [GrantState(.active)])
    }

    @Test func `what a process before had leased is due after a restart`() async throws {
        let stage = try await AccessStage()
        try await stage.give(.read)
        #expect(try await stage.store.grants.plan(limit: 9, now: now) == 1)
        #expect(try await stage.claim().map(\.step) == [.create])
        try await stage.store.grants.releaseLeases(now: at(1))
        #expect(try await stage.claim(at: at(1)).map(\.step) == [.lookThenCreate])
    }

    @Test func `a refusal of the location has the integration checked now`() async throws {
        let stage = try await AccessStage()
        try await stage.give(.read)
        let problem = AWSProblem(
            kind: .refused, code: "NoSuchAccessGrantsLocationError", message: "", action: "s3:CreateAccessGrant")
        try await stage.carryOut(.failed(problem, during: .create))
        let due = try await stage.store.integrations.dueForCheck(now: now, interval: 900, limit: 9)
        #expect(due.map(\.id) == [stage.integration])
        #expect(try await stage.states().map(\.status) == [.failed])
        #expect(
            try await stage.store.grants.census(of: stage.integration).locations.values.map(\.refused) == [1])
    }

    @Test func `an unknown record is passed over`() async throws {
        let stage = try await AccessStage()
        let report = GrantReport(id: GrantRecordID(99), before: nil, outcome: .notCalled, jitter: 0)
        #expect(try await stage.store.grants.record([report], now: now, rules: rules) == GrantProgress())
    }

    /// The queues are read from their indexes: the cost of a pass is that of what is due.
    @Test(arguments: [
        (
            GrantPlanning.unplanned, [1 as Int64],
            ["SCAN subscription USING INDEX subscription_unplanned"]
        ),
        (
            SQLiteGrantRepository.claim, [1, 2, 3],
            ["SEARCH access_grant USING INDEX access_grant_next_attempt_at (integration_id=? AND next_attempt_at<?)"]
        ),
    ])
    func `this query reads nothing that is not due`(
        _ sql: String, _ arguments: [Int64], _ expected: [String]
    ) async throws {
        let stage = try await AccessStage()
        let plan = try await stage.store.database.read { db in
            try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN " + sql, arguments: StatementArguments(arguments))
                .map { $0["detail"] as String? ?? "" }
        }
        #expect(plan == expected)
    }

    @Test(arguments: [
        (SQLiteGrantRepository.schedule, [] as [Int64]), (GrantPlanning.desired, [1]), (GrantPlanning.held, [1]),
    ])
    func `this query scans no table`(_ sql: String, _ arguments: [Int64]) async throws {
        let stage = try await AccessStage()
        let plan = try await stage.store.database.read { db in
            try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN " + sql, arguments: StatementArguments(arguments))
                .map { $0["detail"] as String? ?? "" }
        }
        let scans = plan.filter { $0.hasPrefix("SCAN ") && !$0.contains("USING INDEX subscription_unplanned") }
        #expect(scans.allSatisfy { ["SCAN q", "SCAN due", "SCAN CONSTANT ROW"].contains($0) }, "\(plan)")
    }

    private func report(_ record: GrantRecord, _ outcome: GrantOutcome) -> GrantReport {
        GrantReport(id: record.id, before: record.attempt, outcome: outcome, jitter: 1)
    }
}

/// A store with an integration, one data source and one reader.
private struct AccessStage {
    let store: SQLiteStore
    let integration: IntegrationID
    private let directory: TemporaryDirectory
    private let dataSource: DataSource
    private let reader: UserID
    private let admin: UserID

    private static let grantee = Grantee(.iam, "arn:aws:iam::123456789012:user/reader")

    init() async throws {
        directory = try TemporaryDirectory()
        store = try await SQLiteStore.open(at: directory.file("sluice.db"), keys: MasterKeys(current: MasterKey()))
        let now = Fixtures.now
        admin = try await store.identities.insertUser(
            iamid: "bim", userid: "admin", profile: User.Profile(name: "Admin"), permissions: [], by: .system, now: now
        ).id
        reader = try await store.identities.insertUser(
            iamid: "bim", userid: "reader",
            profile: User.Profile(name: "Reader", externalUserIDs: ExternalUserIDs([Self.grantee])), permissions: [],
            by: .system, now: now
        ).id
        let new = try await store.integrations.insert(
            Fixtures.newIntegration(by: admin), answer: nil, by: .system)
        guard case .inserted(var created) = new else { throw UnexpectedAnswer() }
        created.locationWasMade(Fixtures.made(), at: created.configuration.path, now: now)
        integration = try await store.integrations.save(created).id
        let path = created.configuration.path
        let prefix = try DataPrefix("raw/", under: path)
        let inserted = try await store.dataSources.insert(
            [NewDataSource(name: "raw", prefix: prefix, scope: prefix.scope(under: path))], of: integration,
            for: .everything(admin), answer: nil,
            by: AuditOrigin(actor: .init(user: admin, userid: "admin", keyID: 1)), now: now)
        guard case .inserted(let registration) = inserted, let first = registration.dataSources.first else {
            throw UnexpectedAnswer()
        }
        dataSource = first
        // The owner's subscription, which asks for nothing.
        _ = try await store.grants.plan(limit: 9, now: now)
    }

    func key(_ level: AccessLevel) -> GrantKey {
        GrantKey(dataSource.prefix, at: Fixtures.path("s3://research/"), for: Self.grantee, level)
    }

    func give(_ level: AccessLevel) async throws {
        _ = try await store.dataSources.setAccess(
            to: dataSource.id, of: reader, state: .subscribed, level: level, by: .system, admin: admin,
            now: Fixtures.now)
    }

    func revoke() async throws {
        _ = try await store.dataSources.revokeAccess(to: dataSource.id, of: reader, by: .system, now: Fixtures.now)
    }

    func states() async throws -> [GrantState] {
        try await store.dataSources.access(to: dataSource.id).filter { $0.user.id == reader }.map(\.grant)
    }

    func claim(at date: Date = Fixtures.now) async throws -> [GrantRecord] {
        try await store.grants.claim([GrantClaim(integrationID: integration, limit: 9)], now: date, rules: .init())
    }

    /// Plans, leases, and records that all came to this.
    func carryOut(_ outcome: GrantOutcome) async throws {
        _ = try await store.grants.plan(limit: 9, now: Fixtures.now)
        let reports = try await claim().map {
            GrantReport(id: $0.id, before: $0.attempt, outcome: outcome, jitter: 1)
        }
        #expect(!reports.isEmpty)
        _ = try await store.grants.record(reports, now: Fixtures.now, rules: .init())
        _ = try await store.grants.plan(limit: 9, now: Fixtures.now)
    }
}
