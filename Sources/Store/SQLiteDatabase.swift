import Domain
import GRDB
import SQLiteStatements

/// Transactions on the pool, with their errors in the domain's terms.
///
/// Only asynchronous access to the pool: mixing it with GRDB's synchronous reads can block it for good.
struct SQLiteDatabase: Sendable {
    let pool: DatabasePool
    /// Of the same file.
    let lookups: SQLiteLookups

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    )
        async throws(DomainError) -> Value
    {
        do { return try await pool.read(body) } catch { throw Self.translate(error) }
    }

    /// One statement that finds a few rows by an index, on the thread that asks. What it found is remembered for `key`, and
    /// costs no more than to ask whether anything was committed since.
    func lookUp<Key: Hashable, Value>(
        remembering key: Key, _ body: (Database) throws -> Value?
    ) throws(DomainError) -> Value? {
        do { return try lookups.read(remembering: key, body) } catch { throw Self.translate(error) }
    }

    /// The writer last: only when it is alone does SQLite put what is committed into the file itself.
    func close() throws {
        defer { try? pool.close() }
        try lookups.close()
        pool.invalidateReadOnlyConnections()
        try pool.close()
    }

    /// One transaction. It is not given up when the caller's task is cancelled: what has been done in AWS must be noted.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    )
        async throws(DomainError) -> Value
    {
        let result: Result<Value, any Error> = await withCheckedContinuation { continuation in
            pool.asyncWrite(body) { _, result in continuation.resume(returning: result) }
        }
        do { return try result.get() } catch { throw Self.translate(error) }
    }

    private static func translate(_ error: any Error) -> DomainError {
        switch error {
        case let error as DomainError: error
        case let error as DatabaseError where error.isUniqueViolation:
            DomainError(.conflict, "Something else has this name or place already.", cause: String(describing: error))
        case let error as DatabaseError where error.resultCode == .SQLITE_BUSY:
            DomainError(.unavailable, "The database is busy. Try again.", cause: String(describing: error))
        case is CancellationError: DomainError(.unavailable, "The request was cancelled.")
        default: DomainError(.internal, "An internal error occurred.", cause: String(describing: error))
        }
    }
}

extension DatabaseError {
    var isUniqueViolation: Bool {
        extendedResultCode == .SQLITE_CONSTRAINT_UNIQUE || extendedResultCode == .SQLITE_CONSTRAINT_PRIMARYKEY
    }

    var isForeignKeyViolation: Bool { extendedResultCode == .SQLITE_CONSTRAINT_FOREIGNKEY }
}
