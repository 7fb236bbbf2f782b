import Domain
import Foundation
import GRDB
import TestSupport
import Testing

@testable import Store

/// What becomes of a user's subscriptions when the user changes.
@Suite struct UserSubscriptionTests {
    let directory: TemporaryDirectory
    let store: SQLiteStore
    let later = Fixtures.now.addingTimeInterval(60)

    init() async throws {
        directory = try TemporaryDirectory()
        store = try await SQLiteStore.open(at: directory.file("sluice.db"), keys: MasterKeys(current: MasterKey()))
        for userid in ["admin", "ada", "eve"] {
            _ = try await store.identities.insertUser(
                iamid: "bim", userid: userid, profile: User.Profile(name: userid), permissions: [.userAdmin],
                now: Fixtures.now)
        }
        _ = try await store.integrations.insert(Fixtures.newIntegration(), answer: nil)
        try await store.database.pool.write { db in
            try db.execute(
                sql: """
                    INSERT INTO data_source (id, revision, integration_id, name, sql_table_name, prefix, prefix_kind,
                        scope, is_disabled, created_by, created_at, updated_at)
                    SELECT value, 1, 1, 'n' || value, 't' || value, 'p', 'folder', 's' || value, 0, 1, 0, 0
                    FROM json_each('[1, 2, 3]');
                    INSERT INTO subscription (data_source_id, data_source_name, user_id, state, access_grant, is_revoked, is_planned,
                        created_by, created_at, updated_at)
                    VALUES (1, 'n1', 2, 'owner', 'READ', 0, 1, 1, 0, 0), (2, 'n2', 2, 'subscribed', 'WRITE', 0, 1, 1, 0, 0),
                        (3, 'n3', 2, 'subscribed', 'READ', 1, 1, 1, 0, 0), (1, 'n1', 3, 'subscribed', 'READ', 0, 1, 1, 0, 0)
                    """)
        }
    }

    /// `user/data source` of each, with `revoked` and `unplanned` where it is so.
    private func subscriptions() async throws -> [String] {
        try await store.database.pool.read { db in
            try String.fetchAll(
                db,
                sql: """
                    SELECT user_id || '/' || data_source_id || CASE is_revoked WHEN 1 THEN ' revoked' ELSE '' END
                    || CASE is_planned WHEN 0 THEN ' unplanned' ELSE '' END
                    FROM subscription ORDER BY user_id, data_source_id
                    """)
        }
    }

    @Test func `changed principals make all of the user's subscriptions unplanned, and nobody else's`() async throws {
        let before = ["2/1", "2/2", "2/3 revoked", "3/1"]
        #expect(try await subscriptions() == before)
        _ = try await store.identities.updateProfile(
            of: UserID(2), ProfileChange(name: "Ada", email: "a@b", externalUserIDs: ExternalUserIDs()), by: .system,
            now: later)
        _ = try await store.identities.setPermissions(of: UserID(2), to: [.audit], by: .system, now: later)
        #expect(try await subscriptions() == before, "neither a name nor a permission is granted anything in AWS")
        _ = try await store.identities.updateProfile(
            of: UserID(2), ProfileChange(externalUserIDs: ExternalUserIDs(identityCenterUserID: "x")), by: .system,
            now: later)
        #expect(try await subscriptions() == ["2/1 unplanned", "2/2 unplanned", "2/3 revoked unplanned", "3/1"])
    }

    @Test func `a deleted user's subscriptions are revoked and unplanned`() async throws {
        try await store.identities.deleteUser(UserID(2), by: .system, now: later)
        #expect(
            try await subscriptions() == ["2/1 revoked unplanned", "2/2 revoked unplanned", "2/3 revoked", "3/1"])
        let row = try await store.database.pool.read { db in
            try String.fetchOne(
                db, sql: #"SELECT userid || ' ' || deleted_at || ' ' || updated_at FROM "user" WHERE id = 2"#)
        }
        #expect(row == "ada 1767225660000 1767225660000", "the row stays")
    }
}
