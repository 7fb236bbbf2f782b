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

    @Test(arguments: [
        ("x''", ""), ("x'610062'", "a\0b"), ("x'C3A9'", "\u{E9}"), ("x'61FF62'", "a\u{FFFD}b"),
    ])
    func `A BLOB is decoded with every byte it holds`(literal: String, text: String) throws {
        try Self.database().read { database in
            let row = try database.row("SELECT \(literal), 7") { (text: try $0.decoded(), next: try $0.int()) }
            #expect(row?.text == text && row?.next == 7)
        }
    }

    @Test func `A column that is NULL is told before it is read`() throws {
        try Self.database().read { database in
            let isNull = try database.row("SELECT NULL, 1") { row in
                let first = row.isNull
                _ = row.optionalText()
                return [first, row.isNull]
            }
            #expect(isNull == [true, false])
            #expect(throws: RowDecoder.UnexpectedValue.self) { try database.row("SELECT NULL") { try $0.decoded() } }
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
