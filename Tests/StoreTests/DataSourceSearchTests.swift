import Domain
import Foundation
import GRDB
import SQLiteStatements
import TestSupport
import Testing

@testable import Store

@Suite struct DataSourceSearchTests {
    private static let words = [
        "Alpha", "alpha", "ÄPFEL", "äpfel", "100%", "a_b", "axb", "zeta", "s3://lake-1/", "\"quoted\"", "back\\slash",
        "x",
    ]

    /// Data sources of many names, some of them also ada's.
    private func fill(_ stage: DataSourceStage, _ generator: inout SeededGenerator) async throws -> [NewDataSource] {
        let new = try (0..<120).map { index in
            let words = (0..<Int.random(in: 1...3, using: &generator)).map { _ in
                Self.words.randomElement(using: &generator) ?? ""
            }
            return try stage.new("p\(index)/", name: words.joined(separator: "-") + "-\(index % 60)\(index / 60)")
        }
        try await stage.register(new)
        for (index, _) in new.enumerated() where index.isMultiple(of: 3) {
            _ = try await stage.dataSources.setAccess(
                to: DataSourceID(Int64(index + 1)), of: stage.ada,
                state: index.isMultiple(of: 2) ? .expert : .subscribed,
                level: .read, by: stage.origin, admin: stage.admin, now: stage.now)
        }
        return new
    }

    @Test(arguments: [1, 2] as [UInt64])
    func `pages, counts and cursors are those of a plain filter and sort`(_ seed: UInt64) async throws {
        let stage = try await DataSourceStage()
        var generator = SeededGenerator(seed: seed)
        let names = try await fill(stage, &generator).map(\.name)
        for step in 0..<150 {
            var query = DataSourceQuery()
            query.searchText = text(from: names, &generator)
            query.sort = DataSourceQuery.Sort.allCases.randomElement(using: &generator) ?? .name
            query.isAscending = Bool.random(using: &generator)
            query.size = [1, 7, 50, 200].randomElement(using: &generator) ?? 1
            query.offset = [0, 0, 3].randomElement(using: &generator) ?? 0
            query.subscription = [nil, nil, .expert, .owner].randomElement(using: &generator) ?? nil
            query.integrationID =
                [nil, nil, stage.integration, IntegrationID(9)].randomElement(using: &generator) ?? nil
            let viewer =
                [DataSourceViewer.everything(stage.ada), .subscriber(stage.ada), .everything(stage.admin)]
                .randomElement(using: &generator) ?? .subscriber(stage.ada)
            let expected = model(names, query, viewer, stage)
            try await check(stage, query, viewer, expected, "step \(step): \(query) for \(viewer)")
        }
    }

    /// Follows the cursors to the end.
    private func check(
        _ stage: DataSourceStage, _ query: DataSourceQuery, _ viewer: DataSourceViewer, _ expected: [Int64],
        _ comment: Comment
    ) async throws {
        var found: [Int64] = []
        var query = query
        let offset = query.offset
        repeat {
            let page = try await stage.dataSources.search(query, for: viewer)
            #expect(page.hits.count <= query.size, comment)
            #expect(page.count == expected.count, comment)
            #expect(page.isCountExact, comment)
            found += page.hits.map(\.dataSource.id.value)
            query.cursor = page.next
            query.offset = 0
        } while query.cursor != nil && found.count < 1000
        #expect(found == Array(expected.dropFirst(offset)), comment)
    }

    private func text(from names: [String], _ generator: inout SeededGenerator) -> String? {
        guard let name = names.randomElement(using: &generator), Int.random(in: 0..<4, using: &generator) > 0 else {
            return [nil, "", "nothing has it", "%", "_", "zz", "Ä"].randomElement(using: &generator) ?? nil
        }
        let start = Int.random(in: 0..<name.count, using: &generator)
        let part = String(name.dropFirst(start).prefix(Int.random(in: 1...12, using: &generator)))
        return Bool.random(using: &generator) ? part.uppercased() : part
    }

    /// The ids that match, in order.
    private func model(
        _ names: [String], _ query: DataSourceQuery, _ viewer: DataSourceViewer, _ stage: DataSourceStage
    ) -> [Int64] {
        func state(_ index: Int) -> SubscriptionState? {
            if viewer.user == stage.admin { return .owner }
            return index.isMultiple(of: 3) ? (index.isMultiple(of: 2) ? .expert : .subscribed) : nil
        }
        let matching = names.indices.filter { index in
            if case .subscriber = viewer, state(index) == nil { return false }
            if let wanted = query.subscription, state(index) != wanted { return false }
            if let wanted = query.integrationID, wanted != stage.integration { return false }
            guard let text = query.searchText else { return true }
            return names[index].lowercased().contains(text.lowercased()) || text.isEmpty
        }
        let sorted = matching.sorted { a, b in
            query.sort == .name ? names[a].utf8.lexicographicallyPrecedes(names[b].utf8) : a < b
        }
        return (query.isAscending ? sorted : sorted.reversed()).map { Int64($0 + 1) }
    }

    private func names(_ names: [String], _ stage: DataSourceStage) throws -> [NewDataSource] {
        try names.map { name in try stage.new(name + "/", name: name) }
    }

    @Test func `a cursor goes on where its page ended, whatever was added and removed`() async throws {
        let stage = try await DataSourceStage()
        try await stage.register(names(["b", "d", "f", "h"], stage))
        var query = DataSourceQuery()
        query.size = 2
        let first = try await stage.dataSources.search(query, for: .everything(stage.admin))
        #expect(first.hits.map(\.dataSource.name) == ["b", "d"])
        #expect(first.next == DataSourceCursor(value: "d", id: DataSourceID(2)))
        try await stage.register(names(["a", "c", "e"], stage))
        for id in [DataSourceID(2), DataSourceID(3)] {
            for _ in 0..<2 {
                _ = try await stage.dataSources.delete(id, revision: nil, by: stage.origin, now: stage.now)
            }
        }
        query.cursor = first.next
        let second = try await stage.dataSources.search(query, for: .everything(stage.admin))
        #expect(second.hits.map(\.dataSource.name) == ["e", "h"])
        #expect(second.next == nil)
        #expect(second.count == 5)
    }

    @Test func `names are found as they are now`() async throws {
        let stage = try await DataSourceStage()
        let id = try await stage.register("raw/", name: "before").id
        func found(_ text: String, _ viewer: DataSourceViewer) async throws -> [String] {
            var query = DataSourceQuery()
            query.searchText = text
            return try await stage.dataSources.search(query, for: viewer).hits.map(\.dataSource.name)
        }
        var change = DataSourceChange()
        change.name = "after"
        _ = try await stage.dataSources.update(id, change, revision: nil, by: stage.origin, now: stage.now)
        for viewer in [DataSourceViewer.everything(stage.ada), .subscriber(stage.admin)] {
            #expect(try await found("before", viewer) == [])
            #expect(try await found("AFTE", viewer) == ["after"])
            #expect(try await found("AF", viewer) == ["after"])
        }
        for _ in 0..<2 { _ = try await stage.dataSources.delete(id, revision: nil, by: stage.origin, now: stage.now) }
        #expect(try await found("after", .everything(stage.ada)) == [])
        #expect(
            try await stage.store.database.pool.write { db in
                try db.run("INSERT INTO data_source_trigram (data_source_trigram) VALUES ('integrity-check')")
                return true
            })
    }

    @Test func `all are counted exactly, and what filters leave up to a limit`() async throws {
        let stage = try await DataSourceStage()
        let limit = DataSourceQuery.countLimit
        try await stage.register((0...limit).map { try stage.new("p/\($0)/", name: "common \($0)") })
        try await stage.register((0..<2).map { try stage.new("q/\($0)/", name: "rare \($0)") })
        func count(_ viewer: DataSourceViewer, _ change: (inout DataSourceQuery) -> Void) async throws -> [String] {
            var query = DataSourceQuery()
            query.size = 2
            change(&query)
            let page = try await stage.dataSources.search(query, for: viewer)
            return ["\(page.count)", page.isCountExact ? "exactly" : "or more"] + page.hits.map(\.dataSource.name)
        }
        let all = DataSourceViewer.everything(stage.admin)
        #expect(try await count(all) { _ in } == ["\(limit + 3)", "exactly", "common 0", "common 1"])
        for viewer in [all, .subscriber(stage.admin)] {
            for sort in DataSourceQuery.Sort.allCases {
                for text in ["common", "co"] {
                    let found = try await count(viewer) {
                        $0.searchText = text
                        $0.sort = sort
                    }
                    #expect(found == ["\(limit)", "or more", "common 0", "common 1"])
                }
                let found = try await count(viewer) {
                    $0.searchText = "RARE"
                    $0.sort = sort
                    $0.isAscending = false
                }
                #expect(found == ["2", "exactly", "rare 1", "rare 0"])
            }
        }
        #expect(try await count(.subscriber(stage.ada)) { _ in } == ["0", "exactly"])
    }
}
