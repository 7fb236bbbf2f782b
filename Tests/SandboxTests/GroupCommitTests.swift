import Foundation
import GRDB
import SQLiteStatements
import Synchronization
import Testing

@testable import Sandbox

@Suite struct GroupCommitTests {
    private struct Refused: Error, Equatable {}

    /// A database in memory with a table of numbers, and what it committed.
    private struct Fixture: Sendable {
        let database: SandboxDatabase
        let commits = CommitCount()

        init(directory: String? = nil) async throws {
            database = try await SandboxDatabase(directory: directory)
            try await database.write { [commits] database in
                try database.execute(
                    sql: """
                        CREATE TABLE number (value INTEGER PRIMARY KEY, friend INTEGER
                            REFERENCES number(value) DEFERRABLE INITIALLY DEFERRED) STRICT
                        """)
                database.add(transactionObserver: commits, extent: .databaseLifetime)
            }
            commits.reset()
        }

        /// Submits `writes` while the transaction of another write is under way.
        func together(
            _ writes: [@Sendable (Database) throws -> Void]
        ) async throws -> [Result<Void, any Error>] {
            let (answers, sink) = AsyncStream.makeStream(of: (Int, Result<Void, any Error>).self)
            try await database.write { [database] _ in
                for (index, write) in writes.enumerated() {
                    database.submit(write) { sink.yield((index, $0)) }
                }
            }
            var results = [Int: Result<Void, any Error>]()
            for await (index, result) in answers {
                results[index] = result
                if results.count == writes.count { break }
            }
            return writes.indices.compactMap { results[$0] }
        }

        var numbers: [Int] {
            get async throws {
                try await database.read { try Int.fetchAll($0, sql: "SELECT value FROM number ORDER BY value") }
            }
        }
    }

    private static func insert(_ value: Int, friend: Int? = nil) -> @Sendable (Database) throws -> Void {
        { try $0.run("INSERT INTO number VALUES (?, ?)", [value, friend]) }
    }

    @Test(arguments: [(1, 1), (2, 1), (100, 1), (128, 1), (129, 2), (500, 4)])
    func `writes that wait for each other share a commit`(_ writers: Int, _ commits: Int) async throws {
        let fixture = try await Fixture()
        let results = try await fixture.together((0..<writers).map { Self.insert($0) })
        #expect(results.map(\.isSuccess) == Array(repeating: true, count: writers))
        #expect(try await fixture.numbers == Array(0..<writers))
        // And the one that they waited for.
        #expect(fixture.commits.count == commits + 1)
    }

    @Test func `a write that throws undoes itself and nothing else`() async throws {
        let fixture = try await Fixture()
        let results = try await fixture.together([
            Self.insert(1),
            { database in
                try Self.insert(2)(database)
                throw Refused()
            },
            Self.insert(1),
            Self.insert(3),
        ])
        #expect(results.map(\.isSuccess) == [true, false, false, true])
        #expect(throws: Refused.self) { try results[1].get() }
        #expect(throws: DatabaseError.self) { try results[2].get() }
        #expect(try await fixture.numbers == [1, 3])
        #expect(fixture.commits.count == 2)
    }

    @Test func `a write that breaks the transaction or its commit fails alone`() async throws {
        let fixture = try await Fixture()
        let results = try await fixture.together([
            Self.insert(1),
            { try $0.execute(sql: "ROLLBACK") },
            Self.insert(2, friend: 99),
            Self.insert(3, friend: 1),
        ])
        #expect(results.map(\.isSuccess) == [true, false, false, true])
        #expect(throws: CommitFailure.self) { try results[1].get() }
        #expect(throws: CommitFailure.self) { try results[2].get() }
        #expect(try await fixture.numbers == [1, 3])
    }

    @Test func `what is answered is on the disk`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "group-commit-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let database = try await SandboxDatabase(directory: folder.path)
        let settings = try await database.write { database in
            try [
                String.fetchOne(database, sql: "PRAGMA synchronous"),
                String.fetchOne(database, sql: "PRAGMA journal_mode"),
            ]
        }
        // 2 is FULL.
        #expect(settings == ["2", "wal"])
        try database.close()
    }
}

private final class CommitCount: TransactionObserver, Sendable {
    private let total = Mutex(0)

    var count: Int { total.withLock(\.self) }
    func reset() { total.withLock { $0 = 0 } }

    func observes(eventsOfKind eventKind: DatabaseEventKind) -> Bool { false }
    func databaseDidChange(with event: DatabaseEvent) {}
    func databaseDidCommit(_ db: Database) { total.withLock { $0 += 1 } }
    func databaseDidRollback(_ db: Database) {}
}

extension Result {
    fileprivate var isSuccess: Bool { if case .success = self { true } else { false } }
}
