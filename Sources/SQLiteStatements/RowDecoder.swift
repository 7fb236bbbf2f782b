import GRDB
import GRDBSQLite

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Reads a row's columns from left to right.
public struct RowDecoder {
    private let statement: Statement
    private var index: CInt = 0

    /// - Parameter statement: has stepped to a row.
    init(_ statement: Statement) { self.statement = statement }

    /// A stored value of another kind than is expected.
    public struct UnexpectedValue: Error {
        public var column: String

        public init(column: String) { self.column = column }
    }

    private mutating func next<Value: StatementColumnConvertible>(_ type: Value.Type = Value.self) -> Value? {
        defer { index += 1 }
        return unsafe Value.fromStatement(statement.sqliteStatement, atUncheckedIndex: index)
    }

    private mutating func required<Value>(_ value: Value?) throws -> Value {
        guard let value else { throw UnexpectedValue(column: statement.columnNames[Int(index) - 1]) }
        return value
    }

    /// Whether the column to be read next is NULL.
    public var isNull: Bool {
        var here = self
        return here.optionalInteger() == nil
    }

    public mutating func optionalText() -> String? { next() }
    public mutating func text() throws -> String { try required(next()) }
    public mutating func optionalInteger() -> Int64? { next() }
    public mutating func integer() throws -> Int64 { try required(next()) }
    public mutating func optionalInt() -> Int? { optionalInteger().map { Int($0) } }
    public mutating func int() throws -> Int { Int(try integer()) }
    public mutating func bool() throws -> Bool { try integer() != 0 }
    public mutating func optionalData() -> Data? { next() }
    public mutating func data() throws -> Data { try required(next()) }
    /// A BLOB as UTF-8, whatever bytes it holds.
    public mutating func decoded() throws -> String { try required(next(UTF8Text.self)).text }
    public mutating func bytes() throws -> [UInt8] { Array(try data()) }
    public mutating func optionalDate() -> Date? { optionalInteger().map(Date.init(milliseconds:)) }
    public mutating func date() throws -> Date { Date(milliseconds: try integer()) }

    /// A text in its type; `nil` from `parse` is an error.
    public mutating func parsed<Value>(_ parse: (String) throws -> Value?) throws -> Value {
        let text = try text()
        return try required(try? parse(text))
    }

    public mutating func optionalParsed<Value>(_ parse: (String) throws -> Value?) throws -> Value? {
        guard let text = optionalText() else { return nil }
        return try required(try? parse(text))
    }
}

/// The bytes of a BLOB as text, without a `Data` between.
private struct UTF8Text: StatementColumnConvertible {
    let text: String

    init(sqliteStatement: SQLiteStatement, index: CInt) {
        let start = unsafe sqlite3_column_blob(sqliteStatement, index)
        let count = unsafe Int(sqlite3_column_bytes(sqliteStatement, index))
        text = unsafe String(decoding: UnsafeRawBufferPointer(start: start, count: count), as: UTF8.self)
    }
}

extension Date {
    /// - Parameter milliseconds: since 1970 UTC.
    public init(milliseconds: Int64) { self.init(timeIntervalSince1970: Double(milliseconds) / 1000) }

    /// Since 1970 UTC, rounded; times beyond some 200,000 years are cut.
    public var milliseconds: Int64 {
        let limit = 6.3e15
        return Int64(max(-limit, min(limit, (timeIntervalSince1970 * 1000).rounded())))
    }
}
