import GRDB

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What is bound to a statement's question marks.
typealias Bound = [(any DatabaseValueConvertible)?]

extension Database {
    /// Runs a cached statement.
    func run(_ sql: String, _ arguments: Bound = []) throws {
        try cachedStatement(sql: sql).execute(arguments: StatementArguments(arguments))
    }

    /// Every row of a cached statement, decoded.
    func rows<Value>(
        _ sql: String, _ arguments: Bound = [], _ decode: (inout RowDecoder) throws -> Value
    ) throws -> [Value] {
        let cursor = try Row.fetchCursor(cachedStatement(sql: sql), arguments: StatementArguments(arguments))
        var values: [Value] = []
        while let row = try cursor.next() {
            var decoder = RowDecoder(row)
            values.append(try decode(&decoder))
        }
        return values
    }

    /// The first row; run to its end, so that an `INSERT … RETURNING` is complete.
    func row<Value>(
        _ sql: String, _ arguments: Bound = [], _ decode: (inout RowDecoder) throws -> Value
    ) throws -> Value? {
        try rows(sql, arguments, decode).first
    }
}

/// Reads a row's columns from left to right.
struct RowDecoder {
    private let row: Row
    private var index = 0

    init(_ row: Row) { self.row = row }

    /// A stored value that the domain does not allow.
    struct UnexpectedValue: Error { var column: String }

    private mutating func next<Value: DatabaseValueConvertible & StatementColumnConvertible>() -> Value? {
        defer { index += 1 }
        return row[index]
    }

    private mutating func required<Value>(_ value: Value?) throws -> Value {
        guard let value else { throw UnexpectedValue(column: Array(row.columnNames)[index - 1]) }
        return value
    }

    mutating func optionalText() -> String? { next() }
    mutating func text() throws -> String { try required(next()) }
    mutating func optionalInteger() -> Int64? { next() }
    mutating func integer() throws -> Int64 { try required(next()) }
    mutating func bool() throws -> Bool { try integer() != 0 }
    mutating func bytes() throws -> [UInt8] { Array(try required(next() as Data?)) }
    mutating func optionalDate() -> Date? { optionalInteger().map(Date.init(milliseconds:)) }
    mutating func date() throws -> Date { Date(milliseconds: try integer()) }

    /// A text in its type; `nil` from `parse` is an error.
    mutating func parsed<Value>(_ parse: (String) throws -> Value?) throws -> Value {
        let text = try text()
        return try required(try? parse(text))
    }

    mutating func optionalParsed<Value>(_ parse: (String) throws -> Value?) throws -> Value? {
        guard let text = optionalText() else { return nil }
        return try required(try? parse(text))
    }
}

extension Date {
    /// - Parameter milliseconds: since 1970 UTC.
    init(milliseconds: Int64) { self.init(timeIntervalSince1970: Double(milliseconds) / 1000) }

    /// Since 1970 UTC, rounded; times beyond some 200,000 years are cut.
    var milliseconds: Int64 {
        let limit = 6.3e15
        return Int64(max(-limit, min(limit, (timeIntervalSince1970 * 1000).rounded())))
    }
}
