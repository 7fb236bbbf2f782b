import Domain
import Foundation
import GRDB
import SQLiteStatements
import TestSupport

@testable import Store

/// A store with an enabled integration on `s3://research/`, and three users: `admin`, `ada` and `bob`, who has no principal.
struct DataSourceStage: Sendable {
    let store: SQLiteStore
    let metrics: StoreMetrics
    let integration: IntegrationID
    private let directory: TemporaryDirectory

    let now = Fixtures.now
    let admin = UserID(1)
    let ada = UserID(2)
    let bob = UserID(3)
    let origin = AuditOrigin(
        actor: AuditOrigin.Actor(user: UserID(1), userid: "admin", keyID: 1), source: "192.0.2.1", requestID: "r1")

    var dataSources: SQLiteDataSourceRepository { store.dataSources }

    init(path: String = "s3://research/") async throws {
        directory = try TemporaryDirectory()
        metrics = StoreMetrics()
        store = try await SQLiteStore.open(
            at: directory.file("sluice.db"), keys: MasterKeys(current: MasterKey()), metrics: metrics)
        for (userid, arn) in [("admin", nil), ("ada", "arn:aws:iam::123456789012:user/ada"), ("bob", nil)] {
            _ = try await store.identities.insertUser(
                iamid: "bim", userid: userid,
                profile: User.Profile(
                    name: userid.capitalized, externalUserIDs: ExternalUserIDs(iamPrincipalARN: arn)),
                permissions: userid == "admin" ? [.governance] : [], now: Fixtures.now)
        }
        let repositories = Repositories(
            integrations: store.integrations, identities: store.identities, directory: directory)
        integration = try await repositories.enabled(Fixtures.configuration(path: path)).id
        try await execute("UPDATE integration SET grant_path = path")
    }

    /// A later moment.
    func later(_ seconds: Double) -> Date { now.addingTimeInterval(seconds) }

    /// - Parameter prefix: `raw/`, `raw*`, `raw/day.csv`; also its name unless there is another.
    func new(_ prefix: String, name: String? = nil, under path: String = "s3://research/") throws -> NewDataSource {
        let location = Fixtures.path(path)
        let prefix = try DataPrefix(prefix, under: location)
        return NewDataSource(
            name: name ?? prefix.description, prefix: prefix, scope: prefix.scope(under: location))
    }

    @discardableResult
    func register(
        _ new: [NewDataSource], for viewer: DataSourceViewer = .everything(UserID(1)),
        answer: AnswerToKeep<Registration>? = nil
    ) async throws -> Registration {
        let inserted = try await dataSources.insert(
            new, of: integration, for: viewer, answer: answer, by: origin, now: now)
        guard case .inserted(let registration) = inserted else { throw UnexpectedAnswer() }
        return registration
    }

    @discardableResult
    func register(_ prefix: String, name: String? = nil) async throws -> DataSource {
        guard let one = try await register([new(prefix, name: name)]).dataSources.first else {
            throw UnexpectedAnswer()
        }
        return one
    }

    /// Rows that were written since a moment, without their hashes.
    func audited(after id: Int64 = 0) async throws -> [String] {
        try await store.database.pool.read { db in
            try db.rows(
                """
                SELECT action || ' ' || target_type || ' ' || target_id || ' by ' || COALESCE(actor_userid, 'system')
                FROM audit_event WHERE id > ? ORDER BY id
                """, [id]
            ) { try $0.text() }
        }
    }

    func lastAuditID() async throws -> Int64 {
        try await store.database.pool.read { db in
            try db.row("SELECT MAX(id) FROM audit_event") { $0.optionalInteger() ?? 0 } ?? 0
        }
    }

    /// The audit rows that a call writes, and how often it commits.
    func effects(_ call: () async throws -> Void) async throws -> (audited: [String], commits: Int) {
        let (id, before) = (try await lastAuditID(), metrics.counts)
        try await call()
        let commits = (metrics.counts - before).commits
        return (try await audited(after: id), commits)
    }

    func execute(_ sql: String, _ arguments: Bound = []) async throws {
        try await store.database.pool.write { db in try db.run(sql, arguments) }
    }

    /// A grant that a subscription holds on to.
    func hold(
        _ subscription: SubscriptionID, _ status: GrantStatus, _ message: String? = nil, isSuperseded: Bool = false,
        isReleased: Bool = false, grantee: String = "arn:aws:iam::123456789012:user/ada"
    ) async throws {
        try await execute(
            """
            INSERT INTO access_grant (
                integration_id, location_path, sub_prefix, is_object, grantee_type, grantee_identifier, permission,
                is_wanted, status, message, is_foreign, failures, since
            )
            SELECT ?, 's3://research/', 'p' || COUNT(*), 0, 'IAM', ?, 'READ', ?, ?, ?, 0, 0, 0 FROM access_grant
            """,
            [
                integration.value, grantee, isReleased ? 0 : 1, status.rawValue,
                message.map { $0.databaseValue } ?? DatabaseValue.null,
            ])
        try await execute(
            """
            INSERT INTO grant_need (subscription_id, access_grant_id, is_superseded, is_released)
            SELECT ?, MAX(id), ?, ? FROM access_grant
            """, [subscription.value, isSuperseded ? 1 : 0, isReleased ? 1 : 0])
    }

    func integers(_ sql: String, _ arguments: Bound = []) async throws -> [Int64] {
        try await store.database.pool.read { db in try db.rows(sql, arguments) { try $0.integer() } }
    }

    /// As a worker that has planned everything.
    func plannedAll() async throws { try await execute("UPDATE subscription SET is_planned = 1") }
}
