import GRDB
import Synchronization

/// Gives writes that wait for each other one transaction, so that a sync of the disk serves many of them.
///
/// While a transaction is being committed, the writes that arrive wait together and share the next one: alone, a write
/// does not wait at all. Each has a savepoint of its own, so that one that throws undoes nothing but itself. Nobody is
/// answered before the commit; when that fails, each of its writes is tried again by itself.
final class GroupCommit: Sendable {
    /// Writes of one transaction: as many as share a sync well, and few enough that none is held up for long.
    static let largestGroup = 128

    private struct State {
        var waiting: [any PendingWrite] = []
        var isRunning = false
    }

    private let writer: any DatabaseWriter
    private let state = Mutex(State())

    init(_ writer: any DatabaseWriter) { self.writer = writer }

    /// Runs `body` in a transaction, and tells `completion` what it returned or threw once that has been committed. It is
    /// not given up when a task is cancelled, and may be run more than once.
    func submit<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value,
        completion: @escaping @Sendable (Result<Value, any Error>) -> Void
    ) {
        let isFirst = state.withLock { state in
            state.waiting.append(Write(body, completion))
            defer { state.isRunning = true }
            return !state.isRunning
        }
        if isFirst { runNextGroup() }
    }

    /// A group an access, so that others get at the writer between two of them.
    private func runNextGroup() {
        writer.asyncWriteWithoutTransaction { [self] database in
            let group = state.withLock { state in
                let group = Array(state.waiting.prefix(Self.largestGroup))
                state.waiting.removeFirst(group.count)
                return group
            }
            Self.commit(group, database)
            let isMore = state.withLock { state in
                state.isRunning = !state.waiting.isEmpty
                return state.isRunning
            }
            if isMore { runNextGroup() }
        }
    }

    private static func commit(_ group: [any PendingWrite], _ database: Database) {
        do {
            try database.inTransaction(.immediate) {
                for write in group { try run(write, database) }
                return .commit
            }
            for write in group { write.finish(nil) }
        } catch  where group.count > 1 {
            for write in group { commit([write], database) }
        } catch {
            for write in group { write.finish(CommitFailure(cause: error)) }
        }
    }

    /// - Throws: when the whole transaction is lost, as it is on a full disk.
    private static func run(_ write: any PendingWrite, _ database: Database) throws {
        do {
            try database.inSavepoint {
                try write.run(database)
                return .commit
            }
        } catch {
            guard database.isInsideTransaction else { throw error }
            write.fail(error)
        }
    }
}

/// A transaction could not be begun or committed. What the disk has of it is unknown.
struct CommitFailure: Error, CustomStringConvertible {
    let cause: any Error

    var description: String { "the transaction could not be committed: \(cause)" }
}

private protocol PendingWrite: Sendable {
    func run(_ database: Database) throws
    /// It threw, and is undone.
    func fail(_ error: any Error)
    /// - Parameter failure: of the commit; nil when it is done.
    func finish(_ failure: CommitFailure?)
}

private final class Write<Value: Sendable>: PendingWrite {
    private let body: @Sendable (Database) throws -> Value
    private let completion: @Sendable (Result<Value, any Error>) -> Void
    private let outcome = Mutex<Result<Value, any Error>?>(nil)

    init(
        _ body: @escaping @Sendable (Database) throws -> Value,
        _ completion: @escaping @Sendable (Result<Value, any Error>) -> Void
    ) {
        self.body = body
        self.completion = completion
    }

    func run(_ database: Database) throws {
        let value = try body(database)
        outcome.withLock { $0 = .success(value) }
    }

    func fail(_ error: any Error) { outcome.withLock { $0 = .failure(error) } }

    func finish(_ failure: CommitFailure?) {
        switch (outcome.withLock { $0 }, failure) {
        case (.failure(let error)?, _): completion(.failure(error))
        case (.success(let value)?, nil): completion(.success(value))
        case (_, let failure?): completion(.failure(failure))
        case (nil, nil): preconditionFailure("a transaction is committed after each of its writes has run")
        }
    }
}
