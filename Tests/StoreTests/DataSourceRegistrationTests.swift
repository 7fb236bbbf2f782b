import Domain
import Foundation
import GRDB
import SQLiteStatements
import TestSupport
import Testing

@testable import Store

@Suite struct DataSourceRegistrationTests {
    @Test func `what is registered is read back whole, and its creator owns it`() async throws {
        let stage = try await DataSourceStage()
        var registered: [DataSource] = []
        let effects = try await stage.effects {
            registered = try await stage.register(
                [stage.new("raw/", name: "Raw data"), stage.new("raw/2024/day.csv", name: "Day")]
            ).dataSources
        }
        #expect(
            effects.audited == ["dataSource.create dataSource 1 by admin", "dataSource.create dataSource 2 by admin"])
        #expect(effects.commits == 1)
        let first = DataSource(
            id: DataSourceID(1), revision: 1, integrationID: stage.integration, name: "Raw data", sqlTableName: "raw",
            description: nil, prefix: DataPrefix(stored: "raw/", kind: .folder), isDisabled: false,
            createdBy: stage.admin, createdAt: stage.now, updatedAt: stage.now)
        #expect(registered.first == first)
        #expect(registered.map(\.sqlTableName) == ["raw", "raw_2024_day_csv"])
        for key in [DataSourceKey.id(DataSourceID(1)), .name("Raw data"), .sqlTableName("raw")] {
            let view = try await stage.dataSources.dataSource(key, for: .subscriber(stage.admin))
            #expect(view == DataSourceView(dataSource: first, subscription: .owner, grantCounts: [.noPrincipal: 1]))
        }
        let access = try await stage.dataSources.access(to: DataSourceID(1))
        #expect(
            access.map(\.subscription) == [
                Subscription(
                    id: SubscriptionID(1), dataSourceID: DataSourceID(1), userID: stage.admin, state: .owner,
                    level: .read, isRevoked: false, createdBy: stage.admin, createdAt: stage.now, updatedAt: stage.now)
            ])
        #expect(try await stage.integers("SELECT is_planned FROM subscription") == [0, 0])
    }

    @Test func `what a viewer may not see is not there`() async throws {
        let stage = try await DataSourceStage()
        let id = try await stage.register("raw/").id
        #expect(try await stage.dataSources.dataSource(.id(id), for: .subscriber(stage.ada)) == nil)
        #expect(try await stage.dataSources.dataSource(.id(id), for: .everything(stage.ada))?.subscription == nil)
        #expect(try await stage.dataSources.dataSource(.id(DataSourceID(9)), for: .everything(stage.ada)) == nil)
    }

    @Test func `every name in use or asked for twice is told, and nothing is stored`() async throws {
        let stage = try await DataSourceStage()
        try await stage.register("raw/", name: "raw")
        let new = try ["c": "new", "a": "raw", "d": "twice", "e": "twice", "b": "Raw"].sorted { $0.key < $1.key }
            .map { try stage.new($0.key, name: $0.value) }
        let effects = try await stage.effects {
            await #expect(throws: DomainError.dataSourcesExist(["raw", "twice"])) { try await stage.register(new) }
        }
        #expect(effects.audited == [])
        #expect(effects.commits == 0)
        #expect(try await stage.integers("SELECT COUNT(*) FROM data_source") == [1])
        let preview = try await stage.dataSources.preview(new, of: stage.integration, for: .everything(stage.admin))
        #expect(
            preview
                == RegistrationPreview(
                    sqlTableNames: ["a", "b", "c", "d", "e"], duplicates: ["raw", "twice"],
                    overlaps: DataSourceOverlaps()))
    }

    @Test(arguments: IntegrationStatus.allCases)
    func `only an enabled integration takes new data sources`(_ status: IntegrationStatus) async throws {
        let stage = try await DataSourceStage()
        try await stage.execute("UPDATE integration SET status = ?", [status.rawValue])
        let expected: DomainError? =
            switch status {
            case .enabled: nil
            case .deleted: .noIntegration(stage.integration)
            default: .integrationNotEnabled(stage.integration, status)
            }
        for isPreview in [true, false] {
            var thrown: DomainError?
            do {
                let new = [try stage.new("raw/")]
                if isPreview {
                    _ = try await stage.dataSources.preview(new, of: stage.integration, for: .everything(stage.admin))
                } else {
                    try await stage.register(new)
                }
            } catch { thrown = error as? DomainError }
            #expect(thrown == expected, "preview: \(isPreview)")
        }
    }

    @Test func `an unknown integration is not found`() async throws {
        let stage = try await DataSourceStage()
        await #expect(throws: DomainError.noIntegration(IntegrationID(7))) {
            try await stage.dataSources.preview([], of: IntegrationID(7), for: .everything(stage.admin))
        }
    }

    @Test func `a repeated key gets the kept answer, and nothing twice`() async throws {
        let stage = try await DataSourceStage()
        let answer = AnswerToKeep<Registration>(
            key: "k", user: stage.admin, requestHash: Array(repeating: 7, count: 32), now: stage.now,
            expiredBefore: stage.now.addingTimeInterval(-60),
            render: { Array("made \($0.dataSources.map(\.id.value))".utf8) })
        try await stage.register([stage.new("raw/")], answer: answer)
        let second = try await stage.dataSources.insert(
            [stage.new("raw/")], of: stage.integration, for: .everything(stage.admin), answer: answer,
            by: stage.origin, now: stage.now)
        #expect(second == .kept(KeptAnswer(requestHash: answer.requestHash, body: Array("made [1]".utf8))))
    }

    @Test func `of two that want the same name at once one gets it`() async throws {
        let stage = try await DataSourceStage()
        let results = await withTaskGroup(of: DomainError?.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    do {
                        try await stage.register("raw/", name: "raw")
                        return nil
                    } catch { return error as? DomainError }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results.count { $0 == nil } == 1)
        #expect(results.compactMap(\.self) == Array(repeating: .dataSourcesExist(["raw"]), count: 7))
        #expect(try await stage.integers("SELECT COUNT(*) FROM subscription") == [1])
        #expect(try await stage.audited().filter { $0.hasPrefix("dataSource") }.count == 1)
    }

    @Test func `ten thousand are one commit, with few questions before it`() async throws {
        let stage = try await DataSourceStage()
        try await stage.register("raw/", name: "the first")
        let new = try (1...10_000).map { try stage.new("raw/", name: "name \($0)") }
        let before = stage.metrics.counts
        let registered = try await stage.register(new)
        let counts = stage.metrics.counts - before
        #expect(registered.dataSources.map(\.id.value) == Array(2...10_001))
        #expect(registered.dataSources.map(\.sqlTableName) == (2...10_001).map { "raw_\($0)" })
        #expect(registered.overlaps.first.count == DataSourceOverlaps.limit)
        #expect(registered.overlaps.hasMore)
        #expect(counts.commits == 1)
        // For each a data source, its subscription, its audit row and what the index of trigrams runs.
        #expect(counts.statements < 15 * 10_000)
        #expect(try await stage.integers("SELECT COUNT(*) FROM subscription") == [10_001])
        let verification = try await stage.store.audit.verify(after: .start, limit: 20_000)
        guard case .whole(let checkpoint) = verification else { throw UnexpectedAnswer() }
        #expect(checkpoint.id >= 10_001)
    }
}

/// `sqlTableName`s: lower case `[a-z0-9_]`, unique, from the prefix.
@Suite struct SQLTableNameTests {
    @Test(arguments: [
        ("raw/", "raw"), ("Raw Data/2024/", "raw_data_2024"), ("2024/", "s3_2024"), ("a//b", "a_b"),
        ("día/é.csv", "d_a_csv"),
        ("---/", "data_source"), ("", "research"), ("_x_/", "x"),
        (String(repeating: "x", count: 400), String(repeating: "x", count: 255)),
    ])
    func `the base is made of the prefix`(_ prefix: String, _ expected: String) {
        let new = NewDataSource(
            name: "n", prefix: DataPrefix(stored: prefix, kind: .folder), scope: "s3://research/\(prefix)")
        #expect(SQLTableNames.base(new) == expected)
    }

    @Test func `taken ones get the next free number`() async throws {
        let stage = try await DataSourceStage()
        for (index, prefix) in ["a/", "a_2/", "b_2/", "a/", "c/"].enumerated() {
            try await stage.register(prefix, name: "old \(index)")
        }
        #expect(try await names(stage) == ["a", "a_2", "b_2", "a_3", "c"])
        let new = try ["a/", "b/", "b/", "a_2/", "a/", "d/", "d_2/", "d/", "c_2/", "c/"].enumerated()
            .map { try stage.new($1, name: "new \($0)") }
        let preview = try await stage.dataSources.preview(new, of: stage.integration, for: .everything(stage.admin))
        let expected = ["a_4", "b", "b_3", "a_2_2", "a_5", "d", "d_2", "d_3", "c_2", "c_3"]
        #expect(preview.sqlTableNames == expected)
        #expect(try await stage.register(new).dataSources.map(\.sqlTableName) == expected)
    }

    @Test func `many of one base are passed in few questions`() async throws {
        let stage = try await DataSourceStage()
        try await stage.register((0..<1000).map { try stage.new("raw/", name: "old \($0)") })
        let before = stage.metrics.counts
        let preview = try await stage.dataSources.preview(
            [stage.new("raw/", name: "new")], of: stage.integration, for: .everything(stage.admin))
        #expect(preview.sqlTableNames == ["raw_1001"])
        #expect((stage.metrics.counts - before).statements < 60)
    }

    @Test func `long ones stay within 255 characters`() async throws {
        let stage = try await DataSourceStage()
        let long = String(repeating: "x", count: 300) + "/"
        let new = try (0..<3).map { try stage.new(long, name: "\($0)") }
        let names = try await stage.register(new).dataSources.map(\.sqlTableName)
        #expect(names.map(\.utf8.count) == [255, 255, 255])
        #expect(Set(names).count == 3)
    }

    private func names(_ stage: DataSourceStage) async throws -> [String] {
        try await stage.store.database.pool.read { db in
            try db.rows("SELECT sql_table_name FROM data_source ORDER BY id") { try $0.text() }
        }
    }
}
