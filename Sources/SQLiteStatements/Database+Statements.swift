public import GRDB

/// What is bound to a statement's question marks.
public typealias Bound = StatementArguments

/// Statements are compiled once a connection: compiling one costs more than running it.
extension Database {
    public func run(_ sql: String, _ arguments: Bound = []) throws {
        try cachedStatement(sql: sql).execute(arguments: arguments)
    }

    /// Every row, decoded.
    @inlinable
    public func rows<Value>(
        _ sql: String, _ arguments: Bound = [], _ decode: (inout RowDecoder) throws -> Value
    ) throws -> [Value] {
        var values: [Value] = []
        try forEachRow(sql, arguments) { row in
            values.append(try decode(&row))
            return true
        }
        return values
    }

    /// Row by row, until `body` wants no more, which it may only of a `SELECT`.
    @inlinable
    public func forEachRow(
        _ sql: String, _ arguments: Bound = [], _ body: (inout RowDecoder) throws -> Bool
    ) throws {
        let statement = try cachedStatement(sql: sql)
        let cursor = DecodingCursor(statement, arguments)
        while var row = try cursor.next() {
            var wantsMore = false
            // Left at a row, it would keep its snapshot. One whose step failed has ended, and must not be reset.
            defer { if !wantsMore { try? statement.setArguments(arguments) } }
            wantsMore = try body(&row)
            if !wantsMore { return }
        }
    }

    /// The first row; run to its end, so that an `INSERT … RETURNING` is complete.
    @inlinable
    public func row<Value>(
        _ sql: String, _ arguments: Bound = [], _ decode: (inout RowDecoder) throws -> Value
    ) throws -> Value? {
        try rows(sql, arguments, decode).first
    }
}

/// Gives a statement's rows as they are, of which GRDB's own cursor makes a table of columns by their names first.
@usableFromInline
final class DecodingCursor: DatabaseCursor {
    @usableFromInline typealias Element = RowDecoder

    @usableFromInline let _statement: Statement
    @usableFromInline var _isDone = false

    @usableFromInline
    init(_ statement: Statement, _ arguments: StatementArguments) {
        assert((try? statement.validateArguments(arguments)) != nil, "what is bound fits the statement")
        statement.setUncheckedArguments(arguments)
        _statement = statement
    }

    @usableFromInline
    func _element(sqliteStatement: SQLiteStatement) -> RowDecoder { RowDecoder(_statement) }
}
