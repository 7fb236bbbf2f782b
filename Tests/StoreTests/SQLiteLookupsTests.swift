import Dispatch
import Foundation
import GRDB
import SQLiteStatements
import Synchronization
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
            #expect(try lookups.readSnapshot(Self.count) == 1)
            let seen = try lookups.readSnapshot { db in
                let before = try Self.count(db)
                try pool.write { try $0.execute(sql: "INSERT INTO item VALUES (2)") }
                return [before, try Self.count(db)]
            }
            #expect(seen == [1, 1])
            #expect(try lookups.readSnapshot(Self.count) == 2)
            try lookups.close()
        }
    }

    @Test func `What was found is found again without being looked up, until anything is committed`() throws {
        try withDatabase { pool, lookups in
            var asked: [String] = []
            func count(of key: String) throws -> Int? {
                try lookups.read(remembering: key) { db in
                    asked.append(key)
                    return try Self.count(db)
                }
            }
            func nothing() throws -> Int? {
                try lookups.read(remembering: "nothing") { _ in
                    asked.append("nothing")
                    return nil
                }
            }
            #expect(try [count(of: "a"), count(of: "a"), count(of: "b"), count(of: "a")] == [1, 1, 1, 1])
            #expect(asked == ["a", "b"])
            #expect(try [nothing(), nothing()] == [nil, nil])
            #expect(asked == ["a", "b", "nothing", "nothing"])
            try pool.write { try $0.execute(sql: "INSERT INTO item VALUES (2)") }
            #expect(try [count(of: "a"), count(of: "a"), count(of: "b")] == [2, 2, 2])
            #expect(asked == ["a", "b", "nothing", "nothing", "a", "b"])
            // What comes while it is being looked up is not taken for what was seen before it.
            let key = "c"
            let during = try lookups.read(remembering: key) { db in
                let seen = try Self.count(db)
                try pool.write { try $0.execute(sql: "INSERT INTO item VALUES (3)") }
                return seen
            }
            #expect(during == 2)
            #expect(try count(of: key) == 3)
            try lookups.close()
        }
    }

    @Test func `A look-up that fails at a row is not remembered, and holds on to no snapshot`() throws {
        struct Failure: Error {}
        try withDatabase { pool, lookups in
            #expect(throws: Failure.self) {
                try lookups.read(remembering: "a") { db -> Int? in
                    try db.row("SELECT id FROM item") { _ -> Int in throw Failure() }
                }
            }
            try pool.write { try $0.execute(sql: "INSERT INTO item VALUES (2)") }
            #expect(try lookups.read(remembering: "a", Self.count) == 2)
            try pool.write { try $0.execute(sql: "INSERT INTO item VALUES (3)") }
            #expect(try lookups.read(remembering: "a", Self.count) == 3)
            try lookups.close()
        }
    }

    @Test func `Many threads find at least what was committed before they asked`() throws {
        try withDatabase { pool, lookups in
            let committed = Atomic(1)
            let late = Mutex<[String]>([])
            DispatchQueue.concurrentPerform(iterations: 4) { thread in
                for turn in 2..<200 {
                    if thread == 0 {
                        try? pool.write { try $0.execute(sql: "INSERT INTO item VALUES (?)", arguments: [turn]) }
                        committed.store(turn, ordering: .sequentiallyConsistent)
                    }
                    let before = committed.load(ordering: .sequentiallyConsistent)
                    let found = try? lookups.read(remembering: "count", Self.count)
                    let count = found.flatMap(\.self) ?? 0
                    if count < before { late.withLock { $0.append("\(count) of \(before)") } }
                }
            }
            #expect(late.withLock(\.self) == [])
            #expect(try lookups.read(remembering: "count", Self.count) == 199)
            try lookups.close()
        }
    }

    @Test func `More keys than are remembered are all found`() throws {
        try withDatabase { _, lookups in
            var asked = 0
            func find(_ key: Int) throws -> Int? {
                try lookups.read(remembering: key) { _ in
                    asked += 1
                    return key
                }
            }
            for key in 0..<10_000 {
                let found = try find(key)
                #expect(found == key)
            }
            #expect(asked == 10_000)
            #expect(try find(9_999) == 9_999)
            #expect(asked == 10_000)
            #expect(try find(0) == 0)
            #expect(asked == 10_001, "the first were forgotten")
            try lookups.close()
        }
    }

    @Test func `As many look up at one time as ask, and nobody writes`() throws {
        try withDatabase { _, lookups in
            let nested = try lookups.readSnapshot { _ in
                try lookups.readSnapshot { _ in try lookups.readSnapshot(Self.count) }
            }
            #expect(nested == 1)
            #expect(throws: DatabaseError.self) {
                try lookups.readSnapshot { try $0.execute(sql: "DELETE FROM item") }
            }
            try lookups.close()
        }
    }

    @Test func `After the end nothing is looked up`() throws {
        try withDatabase { _, lookups in
            try lookups.readSnapshot { _ in try lookups.close() }
            #expect(throws: DatabaseError.self) { try lookups.readSnapshot(Self.count) }
            #expect(throws: DatabaseError.self) { try lookups.read(remembering: 1, Self.count) }
        }
    }
}
