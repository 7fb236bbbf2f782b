import Domain
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import TestSupport
import Testing

@testable import API

/// The contract's `POST /native-s3/handler` and `GET /native-s3/handler/{handlerId}`, string by string.
struct RegistrationContractTests {
    @Test func `one entry is answered with an object, and a name is made where none is given`() async throws {
        let stage = try await RequestStage()
        try await stage.addIntegration(at: "s3://")
        try await stage.run { client in
            let answer = try await client.send(
                .post, "/native-s3/handler",
                Body.registration(#"{"prefix":"research-data-source"}"#, integration: #""1""#))
            #expect(answer.status == 200)
            #expect(
                answer.text
                    == #"{"dataSourceId":1,"prefix":"research-data-source","dataSourceName":"s3://research-data-source (12*****89012/eu-west-1)","prefixType":"Prefix","sqlTableName":"research_data_source"}"#
            )
            let handler = try await client.send(.get, "/native-s3/handler/1")
            #expect(handler.status == 200)
            #expect(
                handler.text
                    == #"{"id":1,"metadata":{"prefix":"research-data-source","integrationId":1,"dataSourceName":"s3://research-data-source (12*****89012/eu-west-1)","prefixType":"Prefix"},"type":"nativeS3Handler","awsLocationPath":"s3://"}"#
            )
        }
        #expect(stage.wakeCount == 1)
    }

    @Test func `several entries are answered with an array in the order sent, prefixes in canonical form`() async throws
    {
        let stage = try await RequestStage()
        try await stage.addIntegration()
        let table = [
            (#""z/""#, "z/", "Prefix"), (#""/a/b""#, "a/b/", "Prefix"), (#""m/*""#, "m/", "Prefix"),
            (#""k*""#, "k*", "Prefix"), (#""day.csv""#, "day.csv", "Object"), (#""v1.2/""#, "v1.2/", "Prefix"),
            (#""v1.3","prefixType":"Prefix""#, "v1.3/", "Prefix"),
            (#""README","prefixType":"Object""#, "README", "Object"),
        ]
        let entries = table.enumerated().map { #"{"dataSourceName":"n\#($0.offset)","prefix":\#($0.element.0)}"# }
        let body = #"{"type":"Native S3","integrationId":1,"dataSources":[\#(entries.joined(separator: ","))]}"#
        try await stage.run { client in
            let answer = try await client.send(.post, "/native-s3/handler", body)
            #expect(answer.status == 200)
            let shown = (answer.json as? [[String: Any]] ?? []).map {
                [$0["dataSourceName"], $0["prefix"], $0["prefixType"]].map { $0 as? String }
            }
            #expect(shown == table.enumerated().map { ["n\($0.offset)", $0.element.1, $0.element.2] })
        }
    }

    @Test func `a dry run answers what would be made and stores nothing`() async throws {
        let stage = try await RequestStage()
        try await stage.addIntegration()
        try await stage.register([("taken", "taken/")])
        try await stage.run { client in
            let one = try await client.send(
                .post, "/native-s3/handler?dryRun=true", Body.registration(Body.entry("a", "a/")))
            #expect(one.status == 200)
            #expect(
                one.text
                    == #"{"dataSourceId":null,"prefix":"a/","dataSourceName":"a","prefixType":"Prefix","sqlTableName":"a"}"#
            )
            let several = try await client.send(
                .post, "/native-s3/handler?dryRun=true",
                Body.registration(Body.entry("b", "b/"), Body.entry("in b", "b/c/")))
            #expect(
                several.text
                    == #"[{"dataSourceId":null,"prefix":"b/","dataSourceName":"b","prefixType":"Prefix","sqlTableName":"b"},{"dataSourceId":null,"prefix":"b/c/","dataSourceName":"in b","prefixType":"Prefix","sqlTableName":"b_c","warnings":["It overlaps with the data source \"b\"."]}]"#
            )
            let taken = try await client.send(
                .post, "/native-s3/handler?dryRun=true", Body.registration(Body.entry("taken", "x/")))
            #expect(taken.status == 409)
            #expect(taken.message == #"A data source named "taken" already exists."#)
            #expect(try await client.send(.get, "/dataSource").members["count"] as? Int == 1)
        }
        #expect(stage.wakeCount == 0)
    }

    @Test func `all are made or none, and every duplicate is named`() async throws {
        let stage = try await RequestStage()
        try await stage.addIntegration()
        try await stage.register([("a", "a/"), ("b", "b/")])
        try await stage.run { client in
            let answer = try await client.send(
                .post, "/native-s3/handler",
                Body.registration(
                    Body.entry("new", "n/"), Body.entry("b", "x/"), Body.entry("twice", "y/"), Body.entry("a", "z/"),
                    Body.entry("twice", "y/")))
            #expect(answer.status == 409)
            #expect(
                answer.message
                    == #"A data source named "b" already exists. A data source named "twice" already exists. A data source named "a" already exists."#
            )
            #expect(try await client.send(.get, "/dataSource").members["count"] as? Int == 2)
        }
    }

    @Test func `an integration that is unknown or not enabled is refused`() async throws {
        let stage = try await RequestStage()
        var integration = try await stage.addIntegration()
        let body = Body.registration(Body.entry("a", "a/"))
        try await stage.run { client in
            let unknown = try await client.send(
                .post, "/native-s3/handler", Body.registration(Body.entry("a", "a/"), integration: "5"))
            #expect(unknown.status == 404)
            #expect(unknown.message == "No integration found with ID 5.")
        }
        try integration.requestDeletion(validation: Fixtures.passed, now: stage.now)
        try await stage.integrations.save(integration, for: nil)
        try await stage.run { client in
            for query in ["", "?dryRun=true"] {
                let answer = try await client.send(.post, "/native-s3/handler\(query)", body)
                #expect(answer.status == 409)
                #expect(
                    answer.message
                        == "Data sources cannot be added to the integration with ID 1 in current state deleting: it must be enabled."
                )
            }
        }
    }

    @Test func `an overlap is allowed and said, with a name only to who may see it`() async throws {
        let stage = try await RequestStage()
        try await stage.addKey("maker", userid: "maker", [.createS3DataSource])
        try await stage.addIntegration()
        try await stage.register([("everything", "")])
        try await stage.run { client in
            let seen = try await client.send(
                .post, "/native-s3/handler", Body.registration(Body.entry("raw", "raw/")))
            #expect(seen.members["warnings"] as? [String] == [#"It overlaps with the data source "everything"."#])
            let unseen = try await client.send(
                .post, "/native-s3/handler",
                Body.registration(Body.entry("mine", "raw/mine/"), Body.entry("apart", "apart/")), key: "maker")
            #expect(unseen.status == 200)
            let warnings = (unseen.json as? [[String: Any]])?.map { $0["warnings"] as? [String] }
            let hidden = "It overlaps with a data source that you may not see."
            #expect(warnings == [[hidden], [hidden]])
        }
    }

    @Test func `the same Idempotency-Key gets the same answer and registers nothing`() async throws {
        let stage = try await RequestStage()
        try await stage.addIntegration()
        let key = [("Idempotency-Key", "first")]
        try await stage.run { client in
            let first = try await client.send(
                .post, "/native-s3/handler", Body.registration(Body.entry("a", "a/"), Body.entry("b", "a/b/")),
                headers: key)
            let again = try await client.send(
                .post, "/native-s3/handler", Body.registration(Body.entry("a", "a/"), Body.entry("b", "a/b/")),
                headers: key)
            #expect(again.status == 200)
            #expect(again.text == first.text)
            #expect(again.headers[.idempotencyReplayed] == "true")
            let other = try await client.send(
                .post, "/native-s3/handler", Body.registration(Body.entry("c", "c/")), headers: key)
            #expect(other.status == 422)
            #expect(
                other.message == "This Idempotency-Key was used with another body. Send a new key with a new body.")
            #expect(try await client.send(.get, "/dataSource").members["count"] as? Int == 2)
        }
    }

    @Test func `a call may register ten thousand, in more than 1 MiB`() async throws {
        let stage = try await RequestStage()
        try await stage.addIntegration()
        let padding = String(repeating: "x", count: 100)
        let entries = (0..<10_001).map { Body.entry("source \($0)", "folder-\($0)-\(padding)/") }
        func body(_ count: Int) -> String {
            #"{"type":"Native S3","integrationId":1,"dataSources":[\#(entries.prefix(count).joined(separator: ","))]}"#
        }
        let (most, tooMany) = (body(10_000), body(10_001))
        #expect(most.utf8.count > Request.maximumBodyBytes)
        try await stage.run { client in
            let refused = try await client.send(.post, "/native-s3/handler", tooMany)
            #expect(refused.faults == ["dataSources: must have at most 10000 items"])
            let answer = try await client.send(.post, "/native-s3/handler", most)
            #expect(answer.status == 200)
            let ids = (answer.json as? [[String: Any]])?.map { $0["dataSourceId"] as? Int }
            #expect(ids == Array(1...10_000))
        }
    }
}
