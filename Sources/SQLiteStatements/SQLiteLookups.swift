public import GRDB
import Synchronization

/// Reads a SQLite file on the thread that asks: to look up a few rows, handing the question to another thread and the
/// answer back costs more than finding them.
///
/// It has connections of its own, as many as threads ask at one time: mixing GRDB's synchronous and asynchronous reads on
/// one pool can use up its readers and wedge the process.
public final class SQLiteLookups: Sendable {
    private struct State {
        var idle: [DatabaseQueue] = []
        var isClosed = false
    }

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
        state = Mutex(State(idle: [try DatabaseQueue(path: path, configuration: configuration)]))
    }

    /// Runs `body`, each statement of which sees what is committed when it begins.
    public func read<Value>(_ body: (Database) throws -> Value) throws -> Value {
        let connection = try take()
        defer { giveBack(connection) }
        return try connection.unsafeRead(body)
    }

    /// Runs `body` on one snapshot.
    public func readSnapshot<Value>(_ body: (Database) throws -> Value) throws -> Value {
        let connection = try take()
        defer { giveBack(connection) }
        return try connection.unsafeRead { database in
            // As `read` does it, but the statements are compiled once.
            try database.run("BEGIN")
            do {
                let value = try body(database)
                try database.run("COMMIT")
                return value
            } catch {
                try? database.run("ROLLBACK")
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
        for connection in idle { try connection.close() }
    }

    private func take() throws -> DatabaseQueue {
        let idle = try state.withLock { state in
            guard !state.isClosed else { throw DatabaseError(resultCode: .SQLITE_MISUSE, message: "it is closed") }
            return state.idle.popLast()
        }
        return try idle ?? DatabaseQueue(path: path, configuration: configuration)
    }

    private func giveBack(_ connection: DatabaseQueue) {
        state.withLock { if !$0.isClosed { $0.idle.append(connection) } }
    }
}
