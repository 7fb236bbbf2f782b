import GRDB
import Synchronization

/// Counts what a store does. Counting costs a callback a statement, so a store has it only when it is given one.
public final class StoreMetrics: Sendable {
    private let total = Mutex(Counts())

    public init() {}

    public struct Counts: Sendable, Equatable {
        /// Transactions committed by the writer.
        public var commits = 0
        /// Statements run by any connection, `BEGIN` and `COMMIT` included.
        public var statements = 0

        public init(commits: Int = 0, statements: Int = 0) {
            self.commits = commits
            self.statements = statements
        }

        public static func - (a: Self, b: Self) -> Self {
            Counts(commits: a.commits - b.commits, statements: a.statements - b.statements)
        }
    }

    /// Since the store was opened.
    public var counts: Counts { total.withLock(\.self) }

    func countCommit() { total.withLock { $0.commits += 1 } }
    func countStatement() { total.withLock { $0.statements += 1 } }
}

/// Reports the writer's commits.
final class CommitObserver: TransactionObserver {
    private let metrics: StoreMetrics

    init(_ metrics: StoreMetrics) { self.metrics = metrics }

    func observes(eventsOfKind eventKind: DatabaseEventKind) -> Bool { false }
    func databaseDidChange(with event: DatabaseEvent) {}
    func databaseDidCommit(_ db: Database) { metrics.countCommit() }
    func databaseDidRollback(_ db: Database) {}
}
