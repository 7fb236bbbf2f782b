import Domain
import GRDB

/// Transactions on the pool, with their errors in the domain's terms.
///
/// Only asynchronous access: mixing it with GRDB's synchronous reads can block the pool for good.
struct SQLiteDatabase: Sendable {
    let pool: DatabasePool

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    )
        async throws(DomainError) -> Value
    {
        do { return try await pool.read(body) } catch { throw Self.translate(error) }
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
