import GRDB
import SQLiteStatements
import Testing

struct StatementTests {
    private static func database() throws -> DatabaseQueue {
        let database = try DatabaseQueue()
        try database.write {
            try $0.execute(sql: "CREATE TABLE item (id INTEGER PRIMARY KEY); INSERT INTO item VALUES (1), (2)")
        }
        return database
    }

    @Test(arguments: [
        // Before the first row, and behind it.
        "INSERT INTO item VALUES (1) RETURNING id", "SELECT 1 UNION ALL SELECT abs(-9223372036854775807 - 1)",
    ])
    func `A statement that fails throws, and can be run again`(sql: String) throws {
        let database = try Self.database()
        for _ in 1...2 {
            #expect(throws: DatabaseError.self) {
                try database.write { try $0.rows(sql) { try $0.integer() } }
            }
        }
    }

    @Test func `A reader that is cancelled throws`() async throws {
        let database = try Self.database()
        await #expect(throws: CancellationError.self) {
            try await database.read { database in
                try database.rows("SELECT id FROM item") { row in
                    withUnsafeCurrentTask { unsafe $0?.cancel() }
                    return try row.integer()
                }
            }
        }
    }

    @Test func `What is left at a row begins anew, and lets writers pass`() throws {
        let database = try Self.database()
        try database.write { database in
            for _ in 1...2 {
                var seen: [Int64] = []
                try database.forEachRow("SELECT id FROM item ORDER BY id") { row in
                    seen.append(try row.integer())
                    return false
                }
                #expect(seen == [1])
            }
            #expect(throws: RowDecoder.UnexpectedValue.self) {
                try database.rows("SELECT NULL FROM item") { try $0.integer() }
            }
            // A statement that is still at a row would keep the table.
            try database.execute(sql: "DROP TABLE item")
        }
    }
}
