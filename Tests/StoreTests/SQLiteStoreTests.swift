import Domain
import Foundation
import GRDB
import Migrations
import TestSupport
import Testing

@testable import Store

/// What only the SQLite store does: opening, durability, and counting.
@Suite struct SQLiteStoreTests {
    let directory: TemporaryDirectory
    let keys = MasterKeys(current: MasterKey())

    init() throws { directory = try TemporaryDirectory() }

    private func open(_ metrics: StoreMetrics? = nil) async throws -> SQLiteStore {
        try await SQLiteStore.open(at: directory.file("sluice.db"), keys: keys, metrics: metrics)
    }

    @Test func `the writer syncs every commit, in WAL mode, with foreign keys on`() async throws {
        let store = try await open()
        let settings = try await store.database.pool.writeWithoutTransaction { db in
            try ["synchronous", "journal_mode", "foreign_keys", "busy_timeout"].map {
                try String.fetchOne(db, sql: "PRAGMA \($0)")
            }
        }
        #expect(settings == ["2", "wal", "1", "5000"])
        try await store.ping()
    }

    @Test func `opening it again applies nothing and finds everything`() async throws {
        let first = try await open()
        #expect(first.appliedMigrations == Migrations.all.map(\.name))
        let user = try await first.identities.insertUser(
            iamid: "bim", userid: "a", profile: User.Profile(name: "A"), permissions: [], now: Fixtures.now)
        try await first.close()
        let second = try await open()
        #expect(second.appliedMigrations == [])
        #expect(try await second.identities.users() == [user])
    }

    @Test func `once it is closed all is in the one file`() async throws {
        let store = try await open()
        _ = try await store.gateway.dataSource("raw", for: UserID(1))
        try await store.close()
        let files = try FileManager.default.contentsOfDirectory(atPath: directory.url.path)
        #expect(files == ["sluice.db"])
    }

    @Test func `only its owner may read the database`() async throws {
        _ = try await open()
        for name in try FileManager.default.contentsOfDirectory(atPath: directory.url.path) {
            let attributes = try FileManager.default.attributesOfItem(atPath: directory.file(name))
            #expect(attributes[.posixPermissions] as? Int == 0o600, "\(name)")
        }
    }

    @Test func `a database that a newer version has used is refused`() async throws {
        let store = try await open()
        try await store.database.pool.write { db in
            try db.execute(sql: "INSERT INTO grdb_migrations (identifier) VALUES ('v9999_future')")
        }
        try await store.close()
        await #expect(throws: StoreError.newerSchema(unknownMigrations: ["v9999_future"])) { try await open() }
    }

    @Test func `a database that lacks an early migration is refused`() async throws {
        let store = try await open()
        try await store.database.pool.write { db in
            try db.execute(sql: "DELETE FROM grdb_migrations WHERE identifier = 'v0001_identity'")
        }
        try await store.close()
        await #expect(throws: StoreError.brokenHistory(missingMigrations: ["v0001_identity"])) { try await open() }
    }

    @Test func `what is no database is refused`() async throws {
        try Data("not a database, whatever its name may say".utf8).write(
            to: URL(filePath: directory.file("sluice.db")))
        let error = await #expect(throws: StoreError.self) { try await open() }
        guard case .cannotOpen = error else { throw UnexpectedAnswer() }
    }

    @Test func `migrations are in order and every table is strict`() async throws {
        #expect(Migrations.all.map(\.name) == Migrations.all.map(\.name).sorted())
        let lax = try await open().database.pool.read { db in
            try String.fetchAll(
                db, sql: "SELECT name FROM pragma_table_list WHERE strict = 0 AND schema = 'main' ORDER BY name")
        }.filter { !$0.hasPrefix("data_source_trigram") }
        #expect(lax == ["grdb_migrations", "sqlite_schema", "sqlite_sequence"])
    }

    @Test func `each call is one commit, and reading is none`() async throws {
        let metrics = StoreMetrics()
        let store = try await open(metrics)
        func commits(_ call: () async throws -> Void) async throws -> Int {
            let before = metrics.counts
            try await call()
            #expect(metrics.counts.statements > before.statements)
            return (metrics.counts - before).commits
        }
        #expect(
            try await commits {
                _ = try await store.identities.insertUser(
                    iamid: "bim", userid: "a", profile: User.Profile(name: "A"), permissions: [.audit],
                    now: Fixtures.now)
            } == 1)
        let answer = AnswerToKeep<Integration>(
            key: "k", user: UserID(1), requestHash: Array(repeating: 0, count: 32), now: Fixtures.now,
            expiredBefore: Fixtures.now, render: { _ in [] })
        #expect(
            try await commits {
                _ = try await store.integrations.insert(Fixtures.newIntegration(), answer: answer)
            } == 1)
        #expect(
            try await commits {
                _ = try await store.integrations.integrations()
                _ = try await store.integrations.due(now: Fixtures.now, limit: 5)
            } == 0)
        let integration = try await store.integrations.integrations()
        #expect(try await commits { for each in integration { try await store.integrations.save(each) } } == 1)
        #expect(
            try await commits { for each in integration { _ = try? await store.integrations.save(each) } } == 0,
            "a stale save commits nothing")
    }

    @Test func `a write is finished although its task is cancelled`() async throws {
        let store = try await open()
        let write = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await store.identities.insertUser(
                iamid: "bim", userid: "a", profile: User.Profile(name: "A"), permissions: [], now: Fixtures.now)
        }
        let user = try await write.value
        #expect(try await store.identities.users() == [user])
    }

    @Test func `external ids are the installation's own and stay`() async throws {
        let first = try await open()
        let id = first.externalIDs.externalID(accountID: Fixtures.accountID, role: Fixtures.locationRole)
        #expect(id.description.wholeMatch(of: /sluice-[0-9a-f]{40}/) != nil)
        #expect(id != first.externalIDs.externalID(accountID: Fixtures.accountID, role: nil))
        #expect(id != first.externalIDs.externalID(accountID: Fixtures.otherAccountID, role: Fixtures.locationRole))
        try await first.close()
        let again = try await open()
        #expect(id == again.externalIDs.externalID(accountID: Fixtures.accountID, role: Fixtures.locationRole))
        let other = try await SQLiteStore.open(at: directory.file("other.db"), keys: keys)
        #expect(id != other.externalIDs.externalID(accountID: Fixtures.accountID, role: Fixtures.locationRole))
    }
}
