public import GRDB
import Synchronization

/// Reads a SQLite file on the thread that asks: to look up a few rows, handing the question to another thread and the
/// answer back costs more than finding them.
///
/// It has connections of its own, as many as threads ask at one time: mixing GRDB's synchronous and asynchronous reads on
/// one pool can use up its readers and wedge the process.
public final class SQLiteLookups: Sendable {
    /// Unchecked: only whoever has taken it uses it.
    private final class Connection: @unchecked Sendable {
        let queue: DatabaseQueue
        /// What was found since this version of the database was seen, by what it was found for.
        var remembered: [AnyHashable: Any] = [:]
        var version: Int64?

        init(_ queue: DatabaseQueue) { self.queue = queue }
    }

    private struct State {
        var idle: [Connection] = []
        var isClosed = false
    }

    /// With as many remembered, a connection forgets all.
    private static let mostRemembered = 4_096

    private let path: String
    private let configuration: Configuration
    private let state: Mutex<State>

    /// - Parameters:
    ///   - path: of a database in WAL mode that stays open elsewhere.
    ///   - patience: for how many seconds a thread is held up by what locks the whole file; nobody else is waited for.
    public init(path: String, _ configuration: Configuration, patience: Double = 0.2) throws {
        var configuration = configuration
        configuration.readonly = true
        configuration.busyMode = .timeout(patience)
        self.path = path
        self.configuration = configuration
        state = Mutex(State(idle: [Connection(try DatabaseQueue(path: path, configuration: configuration))]))
    }

    /// Runs `body`, each statement of which sees what is committed when it begins, unless what it found for `key` is
    /// remembered: each connection remembers it, secrets included, until it is asked after anything was committed, be it by
    /// another process. That there was nothing is not remembered.
    public func read<Key: Hashable, Value>(
        remembering key: Key, _ body: (Database) throws -> Value?
    ) throws -> Value? {
        let connection = try take()
        defer { giveBack(connection) }
        return try connection.queue.unsafeRead { database in
            // SQLite counts for each connection the commits of all others that it has come to see.
            guard let version = try database.row("PRAGMA data_version", [], { try $0.integer() }) else {
                return try body(database)
            }
            if version != connection.version || connection.remembered.count >= Self.mostRemembered {
                connection.remembered.removeAll()
                connection.version = version
            }
            if let value = connection.remembered[key] as? Value { return value }
            let value = try body(database)
            // At least as new as the version that it is kept for.
            if let value { connection.remembered[key] = value }
            return value
        }
    }

    /// Runs `body` on one snapshot.
    public func readSnapshot<Value>(_ body: (Database) throws -> Value) throws -> Value {
        let connection = try take()
        defer { giveBack(connection) }
        return try connection.queue.unsafeRead { database in
            // As GRDB does it, but the statements are compiled once.
            try database.step("BEGIN")
            do {
                let value = try body(database)
                try database.step("COMMIT")
                return value
            } catch {
                try? database.step("ROLLBACK")
                throw error
            }
        }
    }

    /// Nothing can be read afterwards; what is being read is read to its end.
    public func close() throws {
        let idle = state.withLock { state in
            defer { state.idle = [] }
            state.isClosed = true
            return state.idle
        }
        for connection in idle { try connection.queue.close() }
    }

    private func take() throws -> Connection {
        let idle = try state.withLock { state in
            guard !state.isClosed else { throw DatabaseError(resultCode: .SQLITE_MISUSE, message: "it is closed") }
            return state.idle.popLast()
        }
        return try idle ?? Connection(DatabaseQueue(path: path, configuration: configuration))
    }

    private func giveBack(_ connection: Connection) {
        state.withLock { if !$0.isClosed { $0.idle.append(connection) } }
    }
}

extension Database {
    /// A statement without rows and with nothing bound, which GRDB's `execute` looks for every time.
    fileprivate func step(_ sql: String) throws { try forEachRow(sql) { _ in true } }
}
