import GRDB
import SQLiteStatements

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The sandbox's state: one SQLite file, or memory.
final class SandboxDatabase: Sendable {
    private let writer: any DatabaseWriter
    /// For threads that may not be held up, and for those that may.
    private let lookups: (quick: SQLiteLookups, patient: SQLiteLookups)?
    private let group: GroupCommit
    private let lock: DirectoryLock?

    /// - Parameter directory: folder of the database file, made when missing; nil keeps everything in memory.
    init(directory: String?) async throws {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = true
        configuration.busyMode = .timeout(5)
        // Each connection's; with SQLite's 2 MB a page of a large listing reads the index from the file every time.
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA cache_size = -16384") }
        if let directory {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            lock = try DirectoryLock(directory: directory)
            let path = directory + "/sandbox.sqlite"
            writer = try DatabasePool(path: path, configuration: configuration)
            lookups = (
                try SQLiteLookups(path: path, configuration), try SQLiteLookups(path: path, configuration, patience: 5)
            )
        } else {
            lock = nil
            lookups = nil
            writer = try DatabaseQueue(configuration: configuration)
        }
        group = GroupCommit(writer)
        try await writer.writeWithoutTransaction { database in
            // GRDB's pool sets `synchronous` to NORMAL after it has prepared the connection, so FULL is set here: an
            // answered write must survive a power cut.
            if directory != nil { try database.execute(sql: "PRAGMA synchronous = FULL") }
        }
        var migrator = DatabaseMigrator()
        for migration in SandboxSchema.migrations {
            migrator.registerMigration(migration.name) { try $0.execute(sql: migration.sql) }
        }
        let complete = migrator
        try await writer.write { database in
            guard try !complete.hasBeenSuperseded(database) else { throw SandboxStateTooNew() }
        }
        // The synchronous call is made once, before anybody else holds the database.
        try await Task.detached { [writer] in try complete.migrate(writer) }.value
    }

    /// Runs `body` on one consistent snapshot, on a thread for it, to its end whether or not the caller's task is cancelled.
    func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        guard let lookups else { return try await writer.read(body) }
        return try await DiskThreads.rows.run { try lookups.patient.readSnapshot(body) }
    }

    /// As `read`, for a few rows found by an index: where there is a file, they are looked up on the thread that asks.
    func lookUp<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        guard let lookups else { return try await writer.read(body) }
        return try lookups.quick.readSnapshot(body)
    }

    /// Runs `body` in a transaction, which it may share with others, and returns when that is committed; what `body` did is
    /// undone when it throws. It is not given up when the caller's task is cancelled, and may be run more than once.
    /// - Throws: what `body` throws, or `CommitFailure`.
    func write<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            group.submit(body) { continuation.resume(with: $0) }
        }
    }

    /// As the asynchronous one; what is submitted while a transaction is being made goes into the next one.
    func submit<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value,
        completion: @escaping @Sendable (Result<Value, any Error>) -> Void
    ) {
        group.submit(body, completion: completion)
    }

    func close() throws {
        defer { lock?.release() }
        try lookups?.quick.close()
        try lookups?.patient.close()
        try writer.close()
    }
}

/// The state directory was written by a newer version of the sandbox.
public struct SandboxStateTooNew: Error, CustomStringConvertible {
    public var description: String { "the sandbox's directory was written by a newer version" }
}

/// One step of the schema's history; append only.
struct SchemaMigration: Sendable {
    let name: String
    let sql: String
}

/// Times are stored as milliseconds since 1970 UTC.
enum Timestamp {
    static func milliseconds(_ date: Date) -> Int64 {
        Int64((date.timeIntervalSince1970 * 1_000).rounded())
    }

    static func date(_ milliseconds: Int64) -> Date {
        Date(timeIntervalSince1970: Double(milliseconds) / 1_000)
    }
}
