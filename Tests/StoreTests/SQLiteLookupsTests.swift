import Foundation
import GRDB
import SQLiteStatements
import Testing

struct SQLiteLookupsTests {
    private func withDatabase(_ body: (DatabasePool, SQLiteLookups) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("lookups-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("state.sqlite").path
        let pool = try DatabasePool(path: path)
        try pool.write {
            try $0.execute(sql: "CREATE TABLE item (id INTEGER PRIMARY KEY); INSERT INTO item VALUES (1)")
        }
        let lookups = try SQLiteLookups(path: path, Configuration())
        try body(pool, lookups)
        try pool.close()
    }

    private static func count(_ db: Database) throws -> Int? { try Int.fetchOne(db, sql: "SELECT count(*) FROM item") }

    @Test func `What is committed is seen by the next lookup, and by none within a snapshot`() throws {
        try withDatabase { pool, lookups in
            #expect(try lookups.read(Self.count) == 1)
            let seen = try lookups.readSnapshot { db in
                let before = try Self.count(db)
                try pool.write { try $0.execute(sql: "INSERT INTO item VALUES (2)") }
                return [before, try Self.count(db)]
            }
            #expect(seen == [1, 1])
            #expect(try lookups.read(Self.count) == 2)
            try lookups.close()
        }
    }

    @Test func `As many look up at one time as ask, and nobody writes`() throws {
        try withDatabase { _, lookups in
            let nested = try lookups.read { _ in try lookups.read { _ in try lookups.read(Self.count) } }
            #expect(nested == 1)
            #expect(throws: DatabaseError.self) { try lookups.read { try $0.execute(sql: "DELETE FROM item") } }
            try lookups.close()
        }
    }

    @Test func `After the end nothing is looked up`() throws {
        try withDatabase { _, lookups in
            try lookups.read { _ in try lookups.close() }
            #expect(throws: DatabaseError.self) { try lookups.read(Self.count) }
        }
    }
}
