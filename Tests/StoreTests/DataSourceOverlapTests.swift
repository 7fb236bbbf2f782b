import Domain
import Foundation
import TestSupport
import Testing

@testable import Store

/// Two data sources overlap when one may hold the other's keys.
@Suite struct DataSourceOverlapTests {
    @Test(arguments: [
        ("raw/", "raw/", true), ("raw/", "raw/2024/", true), ("raw/2024/", "raw/", true), ("raw/", "rawdata/", false),
        ("raw*", "rawdata/", true), ("rawdata/", "raw*", true), ("raw*", "ra*", true), ("raw*", "raw*", true),
        ("raw/", "raw*", true), ("raw/day.csv", "raw/day.csv", true), ("raw/day.csv", "raw/day.csv.gz", false),
        ("raw/", "raw/day.csv", true), ("raw/day.csv", "raw/", true), ("raw/d*", "raw/day.csv", true),
        ("raw/day.csv", "raw/day.csv*", true), ("raw/day.csv*", "raw/day.csv", true),
        ("raw/day.csv", "raw/day.csv/part/", false), ("/", "raw/", true), ("raw/", "/", true), ("a/", "b/", false),
        ("é*", "éa/", true), ("é*", "e/", false), ("a/b/c/d/", "a/b*", true), ("a/b/c/d/", "a/c*", false),
    ])
    func `pairs of prefixes`(_ first: String, _ second: String, _ expected: Bool) async throws {
        let stage = try await DataSourceStage()
        let overlaps = try await stage.register([stage.new(first, name: "1"), stage.new(second, name: "2")]).overlaps
        #expect(overlaps.first == (expected ? [DataSourceOverlap(index: 1, name: "1")] : []))

        let other = try await DataSourceStage()
        try await other.register(first, name: "1")
        let later = try await other.register([other.new(second, name: "2")]).overlaps
        #expect(later.first == (expected ? [DataSourceOverlap(index: 0, name: "1")] : []), "with one that was there")
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `they are those that comparing all with all finds`(_ seed: UInt64) async throws {
        let stage = try await DataSourceStage()
        var generator = SeededGenerator(seed: seed)
        func some(_ count: Int, _ label: String) throws -> [NewDataSource] {
            try (0..<count).map { try stage.new(prefix(&generator), name: "\(label)\($0)") }
        }
        let (old, new) = (try some(10, "old "), try some(10, "new "))
        try await stage.register(old)
        var expected: [DataSourceOverlap] = []
        for (index, one) in new.enumerated() {
            for other in (old + new.prefix(index)) where overlap(one, other) {
                expected.append(DataSourceOverlap(index: index, name: other.name))
            }
        }
        expected.sort { ($0.index, $0.name ?? "") < ($1.index, $1.name ?? "") }
        let preview = try await stage.dataSources.preview(new, of: stage.integration, for: .everything(stage.admin))
        #expect(preview.overlaps.first == Array(expected.prefix(DataSourceOverlaps.limit)))
        #expect(expected.count > 5)
    }

    private func prefix(_ generator: inout SeededGenerator) -> String {
        let segments = (0..<Int.random(in: 1...3, using: &generator)).map { _ in
            ["a", "ab", "b", "é", "abc"].randomElement(using: &generator) ?? ""
        }
        let end = ["/", "*", "/", "/x.csv", ""].randomElement(using: &generator) ?? ""
        return segments.joined(separator: "/") + end
    }

    private func overlap(_ a: NewDataSource, _ b: NewDataSource) -> Bool {
        func holds(_ a: NewDataSource, _ b: NewDataSource) -> Bool {
            a.prefix.kind == .object ? a.scope == b.scope : b.scope.utf8.starts(with: a.scope.utf8)
        }
        return holds(a, b) || holds(b, a)
    }

    @Test func `what the viewer may not see has no name, and is told once`() async throws {
        let stage = try await DataSourceStage()
        try await stage.register([stage.new("raw/a/", name: "a"), stage.new("raw/b/", name: "b")])
        let mine = try await stage.register(
            [stage.new("raw/c/", name: "c")], for: .subscriber(stage.ada)
        ).overlaps
        #expect(mine == DataSourceOverlaps())
        let preview = try await stage.dataSources.preview(
            [stage.new("raw/")], of: stage.integration, for: .subscriber(stage.ada))
        #expect(
            preview.overlaps
                == DataSourceOverlaps(first: [
                    DataSourceOverlap(index: 0, name: nil), DataSourceOverlap(index: 0, name: "c"),
                ]))
    }

    @Test func `a hundred are told, and that there are more`() async throws {
        let stage = try await DataSourceStage()
        let new = try (0..<20).map { try stage.new("raw/", name: "\($0)") }
        let overlaps = try await stage.register(new).overlaps
        #expect(overlaps.first.count == 100)
        #expect(overlaps.hasMore)
        let exactly = try await DataSourceStage()
        try await exactly.register(try (0..<100).map { try exactly.new("raw/\($0)/", name: "\($0)") })
        let hundred = try await exactly.register([exactly.new("raw/", name: "all")]).overlaps
        #expect(hundred.first.count == 100)
        #expect(!hundred.hasMore)
    }

    @Test func `data sources of other integrations count, below s3 too`() async throws {
        let stage = try await DataSourceStage(path: "s3://")
        try await stage.register([
            stage.new("bucket", name: "bucket", under: "s3://"), stage.new("bucket-2", name: "other", under: "s3://"),
        ])
        let overlaps = try await stage.register([stage.new("bucket/raw/", name: "raw", under: "s3://")]).overlaps
        #expect(overlaps.first == [DataSourceOverlap(index: 0, name: "bucket")])
    }
}
