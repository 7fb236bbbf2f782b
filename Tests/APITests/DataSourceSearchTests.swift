import Domain
import Foundation
import HTTPTypes
import HummingbirdTesting
import TestSupport
import Testing

@testable import API

/// The contract's `GET /dataSource`.
struct DataSourceSearchTests {
    private func names(_ answer: Answer) -> [String] {
        (answer.members["hits"] as? [[String: Any]] ?? []).compactMap { $0["name"] as? String }
    }

    private func stage() async throws -> RequestStage {
        let stage = try await RequestStage()
        try await stage.addKey("reader", userid: "reader", [])
        try await stage.addIntegration()
        for (name, prefix) in [("delta", "d/"), ("alpha", "a/"), ("Charlie", "c/"), ("bravo", "b/")] {
            try await stage.register([(name, prefix)])
            stage.advance(by: 1)
        }
        return stage
    }

    @Test func `hits are filtered, sorted and counted`() async throws {
        let stage = try await stage()
        try await stage.subscribe(UserID(2), to: DataSourceID(1), as: .expert)
        try await stage.subscribe(UserID(2), to: DataSourceID(2), as: .subscribed)
        let table: [(query: String, key: String, names: [String], count: Int)] = [
            ("", RequestStage.adminKey, ["Charlie", "alpha", "bravo", "delta"], 4),
            ("?sortOrder=desc", RequestStage.adminKey, ["delta", "bravo", "alpha", "Charlie"], 4),
            ("?sortField=createdAt", RequestStage.adminKey, ["delta", "alpha", "Charlie", "bravo"], 4),
            ("?sortField=id&sortOrder=desc", RequestStage.adminKey, ["bravo", "Charlie", "alpha", "delta"], 4),
            ("?searchText=ALPHA", RequestStage.adminKey, ["alpha"], 1),
            ("?searchText=l", RequestStage.adminKey, ["Charlie", "alpha", "delta"], 3),
            ("?searchText=", RequestStage.adminKey, ["Charlie", "alpha", "bravo", "delta"], 4),
            ("?searchText=%25", RequestStage.adminKey, [], 0), ("?searchText=_", RequestStage.adminKey, [], 0),
            ("?size=2", RequestStage.adminKey, ["Charlie", "alpha"], 4),
            ("?size=2&offset=3", RequestStage.adminKey, ["delta"], 4),
            ("?offset=9", RequestStage.adminKey, [], 4),
            ("?subscription=owner", RequestStage.adminKey, ["Charlie", "alpha", "bravo", "delta"], 4),
            ("?subscription=expert", RequestStage.adminKey, [], 0),
            ("?blobHandlerType=Native%20S3", RequestStage.adminKey, ["Charlie", "alpha", "bravo", "delta"], 4),
            ("?blobHandlerType=Snowflake", RequestStage.adminKey, [], 0),
            ("", "reader", ["alpha", "delta"], 2), ("?subscription=expert", "reader", ["delta"], 1),
            ("?subscription=owner", "reader", [], 0), ("?searchText=b", "reader", [], 0),
        ]
        try await stage.run { client in
            for row in table {
                let answer = try await client.send(.get, "/dataSource\(row.query)", key: row.key)
                #expect(answer.status == 200)
                #expect(names(answer) == row.names, "\(row.query)")
                #expect(answer.members["count"] as? Int == row.count, "\(row.query)")
            }
        }
    }

    @Test func `hits can be shrunk to names and ids`() async throws {
        let stage = try await stage()
        try await stage.run { client in
            let named = try await client.send(.get, "/dataSource?nameOnly=true&sortField=id&size=2&offset=2")
            #expect(
                named.text
                    == #"{"hits":[{"id":3,"name":"Charlie"},{"id":4,"name":"bravo"}],"count":4,"isCountExact":true,"nextCursor":null}"#
            )
            let ids = try await client.send(.get, "/dataSource?idOnly=true&sortField=id")
            #expect(
                ids.text
                    == #"{"hits":[{"id":1},{"id":2},{"id":3},{"id":4}],"count":4,"isCountExact":true,"nextCursor":null}"#
            )
        }
    }

    @Test(arguments: ["name", "createdAt", "id"], ["asc", "desc"])
    func `pages by cursor neither repeat nor miss what stays`(field: String, order: String) async throws {
        let stage = try await stage()
        try await stage.run { client in
            let all = names(try await client.send(.get, "/dataSource?sortField=\(field)&sortOrder=\(order)"))
            var target = "/dataSource?size=1&sortField=\(field)&sortOrder=\(order)"
            var seen: [String] = []
            for round in 0..<20 {
                let page = try await client.send(.get, target)
                seen += names(page)
                // Something new at either end, between any two pages.
                try await stage.register([("0 new \(round)", "new\(round)/"), ("zz new \(round)", "zz\(round)/")])
                guard let cursor = page.members["nextCursor"] as? String else { break }
                target = "/dataSource?size=1&cursor=\(cursor)"
            }
            #expect(seen.filter { !$0.contains("new") } == all)
            #expect(Set(seen).count == seen.count)
        }
    }
}
