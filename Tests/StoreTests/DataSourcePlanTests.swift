import Domain
import GRDB
import TestSupport
import Testing

@testable import Store

/// How SQLite goes about searching: what a page costs must not grow with the table.
@Suite struct DataSourcePlanTests {
    /// What the statements of a search read.
    private func whole(
        _ query: DataSourceQuery, _ viewer: DataSourceViewer, _ stage: DataSourceStage
    )
        async throws -> [String]
    {
        try await stage.store.database.pool.read { db in
            var statements: [String] = []
            db.trace { statements.append($0.expandedDescription) }
            _ = try DataSourceSearch(db: db, query: query, viewer: viewer).page()
            db.trace(nil)
            // The index of trigrams runs statements of its own.
            return try statements.filter {
                !$0.hasPrefix("--") && ($0.contains("data_source d") || $0.contains("subscription s"))
            }
            .flatMap { sql in
                try String.fetchAll(db, sql: "EXPLAIN QUERY PLAN \(sql)", adapter: RangeRowAdapter(3..<4))
            }
        }
    }

    /// Without the rows that complete a page.
    private func plan(
        _ query: DataSourceQuery, _ viewer: DataSourceViewer, _ stage: DataSourceStage
    )
        async throws -> [String]
    {
        try await whole(query, viewer, stage).filter { line in
            ["SEARCH s", "SEARCH d USING COVERING", "SCAN d", "SCAN t "].contains { line.hasPrefix($0) }
        }
    }

    private static let byName = "SEARCH s USING COVERING INDEX subscription_user_name (user_id=? AND is_revoked=?"
    private static let byID = "SEARCH s USING COVERING INDEX subscription_user_id (user_id=? AND is_revoked=?"
    private static let ownByTrigram =
        "SEARCH s USING INDEX sqlite_autoindex_subscription_1 (data_source_id=? AND user_id=?)"

    @Test func `pages read an index in their order, and go on where a cursor points`() async throws {
        let stage = try await DataSourceStage()
        try await stage.register("raw/", name: "a name")
        let (all, person) = (DataSourceViewer.everything(stage.ada), DataSourceViewer.subscriber(stage.ada))
        let (id, name) = (DataSourceQuery.Sort.id, DataSourceQuery.Sort.name)
        let named = "SEARCH d USING COVERING INDEX data_source_integration_name (integration_id=?"
        let counted = "SEARCH d USING COVERING INDEX data_source_integration_id (integration_id=?)"
        typealias Row = (DataSourceViewer, DataSourceQuery.Sort, IntegrationID?, first: [String], next: String)
        let table: [Row] = [
            (
                all, name, nil, ["SCAN d USING COVERING INDEX sqlite_autoindex_data_source_1"],
                "SEARCH d USING COVERING INDEX sqlite_autoindex_data_source_1 (name>?)"
            ),
            (all, id, nil, ["SCAN d"], "SEARCH d USING INTEGER PRIMARY KEY (rowid>?)"),
            (all, name, stage.integration, [named + ")", counted], named + " AND name>?)"),
            (all, id, stage.integration, [counted, counted], counted.dropLast() + " AND rowid>?)"),
            (person, name, nil, [Self.byName + ")", Self.byName + ")"], Self.byName + " AND data_source_name>?)"),
            (person, id, nil, [Self.byID + ")", Self.byName + ")"], Self.byID + " AND data_source_id>?)"),
        ]
        for (viewer, sort, integration, first, next) in table {
            var query = DataSourceQuery()
            query.sort = sort
            query.integrationID = integration
            #expect(try await plan(query, viewer, stage) == first, "\(viewer) \(sort)")
            query.cursor = DataSourceCursor(value: "a", id: DataSourceID(1))
            let plan = try await whole(query, viewer, stage)
            #expect(plan.contains(next), "\(viewer) \(sort)")
        }
    }

    @Test func `a rare text is found by its trigrams, however short it is`() async throws {
        let stage = try await DataSourceStage()
        try await stage.register("raw/", name: "a name")
        let (all, person) = (DataSourceViewer.everything(stage.ada), DataSourceViewer.subscriber(stage.ada))
        let found = "SCAN t VIRTUAL TABLE INDEX 0:M1"
        let inOrder = "SCAN t VIRTUAL TABLE INDEX 64:M1"
        for text in ["nam", "na", "e", "AME"] {
            let table: [(DataSourceViewer, DataSourceQuery.Sort, [String])] = [
                (all, .name, [found, found]), (all, .id, [inOrder, found]),
                (person, .name, [found, Self.ownByTrigram, found, Self.ownByTrigram]),
                (person, .id, [inOrder, Self.ownByTrigram, found, Self.ownByTrigram]),
            ]
            for (viewer, sort, expected) in table {
                var query = DataSourceQuery()
                query.sort = sort
                query.searchText = text
                #expect(try await plan(query, viewer, stage) == expected, "\(viewer) \(sort) \(text)")
                query.cursor = DataSourceCursor(value: "a", id: DataSourceID(1))
                let next = try await plan(query, viewer, stage)
                #expect(!next.contains { $0.contains("subscription_user_name") }, "\(viewer) \(sort) \(text)")
            }
        }
    }

    @Test func `a text that nobody has reads no names at all`() async throws {
        let stage = try await DataSourceStage()
        try await stage.register("raw/", name: "a name")
        for text in ["z", "zz", "ß", "漢字"] {
            for viewer in [DataSourceViewer.everything(stage.ada), .subscriber(stage.ada)] {
                var query = DataSourceQuery()
                query.searchText = text
                #expect(try await plan(query, viewer, stage) == [], "\(viewer) \(text)")
            }
        }
    }

    @Test func `a common text is looked for in stretches of names that hold it`() async throws {
        let stage = try await DataSourceStage()
        let count = DataSourceQuery.countLimit + 1
        try await stage.register((0..<count).map { try stage.new("a\($0)/", name: "another \(10_000 + $0)") })
        try await stage.register((0..<count).map { try stage.new("z\($0)/", name: "zeta-läke \(10_000 + $0)") })
        let all = DataSourceViewer.everything(stage.admin)
        let viewers = [all, .subscriber(stage.admin)]
        for (text, viewer) in ["zeta-l", "ZETA-LÄ", "ta", "Ä"].flatMap({ text in viewers.map { (text, $0) } }) {
            var query = DataSourceQuery()
            query.searchText = text
            query.size = 2
            let page = try await stage.dataSources.search(query, for: viewer)
            #expect(page.hits.map(\.dataSource.name) == ["zeta-läke 10000", "zeta-läke 10001"])
            #expect(!page.isCountExact)
            #expect(try await whole(query, viewer, stage).contains { $0.contains("name>?") }, "\(viewer) \(text)")
            query.isAscending = false
            let last = try await stage.dataSources.search(query, for: viewer)
            #expect(
                last.hits.map(\.dataSource.name) == [
                    "zeta-läke \(10_000 + count - 1)", "zeta-läke \(10_000 + count - 2)",
                ])
        }
    }

    @Test func `one data source is found by each of its keys`() async throws {
        let stage = try await DataSourceStage()
        let id = try await stage.register("raw/", name: "a name").id
        for key in [DataSourceKey.id(id), .name("a name"), .sqlTableName("raw")] {
            let before = stage.metrics.counts
            _ = try await stage.dataSources.dataSource(key, for: .everything(stage.admin))
            #expect((stage.metrics.counts - before).statements <= 6, "\(key)")
        }
    }
}
