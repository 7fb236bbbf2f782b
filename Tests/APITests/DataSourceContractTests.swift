import Domain
import Foundation
import HTTPTypes
import HummingbirdTesting
import TestSupport
import Testing

@testable import API

/// The contract's `/dataSource`, string by string.
struct DataSourceContractTests {
    private static let shown =
        #"{"id":1,"name":"raw events","sqlTableName":"raw_events","description":null,"deleted":false,"status":"active","subscriptionStatus":"owner","subscriptionType":"manual","blobHandlerType":"Native S3","blobHandler":{"url":"/native-s3/handler/1"},"integrationId":1,"prefix":"raw/events/","prefixType":"Prefix","createdBy":1,"createdAt":"2026-01-01T00:00:00.000Z","updatedAt":"2026-01-01T00:00:00.000Z","schemaEvolutionId":1"#

    private func stage() async throws -> RequestStage {
        let stage = try await RequestStage()
        try await stage.addKey("reader", userid: "reader", [])
        try await stage.addIntegration()
        try await stage.register([("raw events", "raw/events")])
        return stage
    }

    @Test func `the detail is the same by id, by name and by table name`() async throws {
        let stage = try await stage()
        try await stage.run { client in
            for path in ["1", "name/raw%20events", "sqlTableName/raw_events"] {
                let answer = try await client.send(.get, "/dataSource/\(path)")
                #expect(answer.status == 200)
                #expect(answer.headers[.eTag] == "\"1\"")
                #expect(
                    answer.text == Self.shown
                        + #","grants":{"pending":0,"active":0,"revoking":0,"failed":0,"noPrincipal":1,"quotaExceeded":0}}"#
                )
            }
        }
    }

    @Test func `a name with slashes and a percent sign is found when it is encoded`() async throws {
        let stage = try await stage()
        try await stage.register([("s3://a+b/100% (12*****89012/eu-west-1)", "a/")])
        try await stage.run { client in
            let path = "s3%3A%2F%2Fa+b%2F100%25%20(12*****89012%2Feu-west-1)"
            let answer = try await client.send(.get, "/dataSource/name/\(path)")
            #expect(answer.members["name"] as? String == "s3://a+b/100% (12*****89012/eu-west-1)")
            let unknown = try await client.send(.get, "/dataSource/name/a%2Fb")
            #expect(unknown.status == 404)
            #expect(unknown.message == "No data source found with the name a/b.")
        }
    }

    @Test func `what is read can be changed and put`() async throws {
        let stage = try await stage()
        try await stage.run { client in
            let read = try await client.send(.get, "/dataSource/1")
            let body = read.text.replacing(#""name":"raw events""#, with: #""name":"events""#)
                .replacing(#""description":null"#, with: #""description":"As they come.""#)
            let changed = try await client.send(.put, "/dataSource/1", body, headers: [("If-Match", "\"1\"")])
            #expect(changed.status == 200)
            #expect(changed.headers[.eTag] == "\"2\"")
            #expect(
                changed.text
                    == Self.shown.replacing(#""name":"raw events""#, with: #""name":"events""#)
                    .replacing(#""description":null"#, with: #""description":"As they come.""#) + "}")
            let stale = try await client.send(
                .put, "/dataSource/1", #"{"name":"x"}"#, headers: [("If-Match", "\"1\"")])
            #expect(stale.status == 412)
            #expect(stale.message == #"Data source with ID 1 has changed: its ETag is "2" now."#)
            let removed = try await client.send(
                .put, "/dataSource/1", #"{"description":""}"#, headers: [("If-Match", "*")])
            #expect(removed.members["description"] is NSNull)
            #expect(removed.members["name"] as? String == "events")
        }
    }

    @Test func `a name in use cannot be taken`() async throws {
        let stage = try await stage()
        try await stage.register([("other", "other/")])
        try await stage.run { client in
            let answer = try await client.send(.put, "/dataSource/1", #"{"name":"other"}"#)
            #expect(answer.status == 409)
            #expect(answer.message == #"A data source named "other" already exists."#)
        }
    }

    @Test func `the first deletion disables, the second deletes, the third finds nothing`() async throws {
        let stage = try await stage()
        let disabled =
            #"{"success":true,"id":1,"schemaEvolutionId":1,"name":"raw events","disabled":true,"handlerDeleteErrorMessage":null,"hardDelete":false}"#
        try await stage.run { client in
            let stale = try await client.send(.delete, "/dataSource/1", headers: [("If-Match", "\"9\"")])
            #expect(stale.status == 412)
            let first = try await client.send(.delete, "/dataSource/1")
            #expect(first.status == 200)
            #expect(first.text == disabled)
            let detail = try await client.send(.get, "/dataSource/1")
            #expect(detail.members["deleted"] as? Bool == true)
            #expect(detail.members["status"] as? String == "disabled")
            let restored = try await client.send(.put, "/dataSource/1", #"{"deleted":false}"#)
            #expect(restored.members["deleted"] as? Bool == false)
            #expect(try await client.send(.delete, "/dataSource/1").text == disabled)
            let second = try await client.send(.delete, "/dataSource/1")
            #expect(second.status == 200)
            #expect(
                second.text
                    == #"{"success":true,"id":1,"schemaEvolutionId":1,"name":"raw events","disabled":false,"handlerDeleteErrorMessage":null,"hardDelete":true}"#
            )
            for method in [HTTPRequest.Method.delete, .get] {
                let third = try await client.send(method, "/dataSource/1")
                #expect(third.status == 404)
                #expect(third.message == "No data source found with ID 1.")
            }
        }
        #expect(stage.wakeCount == 4)
    }

    @Test func `refreshing takes each once and wakes the worker`() async throws {
        let stage = try await stage()
        try await stage.run { client in
            let answer = try await client.send(
                .post, "/dataSource/bulkRefreshViews", #"{"dataSourceIds":[1,"1",1]}"#)
            #expect(answer.status == 200)
            #expect(answer.text == #"{"success":true,"count":1}"#)
            let unknown = try await client.send(
                .post, "/dataSource/bulkRefreshViews", #"{"dataSourceIds":[7,1,8]}"#)
            #expect(unknown.status == 404)
            #expect(unknown.message == "No data sources found with the IDs 7, 8.")
        }
        #expect(stage.wakeCount == 1)
    }
}
