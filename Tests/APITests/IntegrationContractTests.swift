import Domain
import Foundation
import HTTPTypes
import HummingbirdTesting
import Synchronization
import TestSupport
import Testing

@testable import API

/// The contract's *Integrations* section, string by string.
@Suite struct IntegrationContractTests {
    /// Makes integration 1 and lets the worker's part happen.
    private func enabled(_ stage: RequestStage, _ client: any TestClientProtocol, body: String) async throws {
        _ = try await client.send(.post, "/integrations", body)
        try await settle(stage) { $0.locationWasMade(Fixtures.made(), at: $0.configuration.path, now: stage.now) }
    }

    private func settle(_ stage: RequestStage, _ change: (inout Integration) -> Void) async throws {
        var integration = try #require(await stage.integrations.integration(IntegrationID(1), includingDeleted: true))
        change(&integration)
        try await stage.integrations.save(integration)
    }

    @Test func `a creation answers with the seven tests by name and in order`() async throws {
        let stage = try await RequestStage()
        try await stage.run { client in
            let answer = try await client.send(.post, "/integrations", Body.integration())
            #expect(answer.status == 200)
            #expect(answer.members["id"] as? String == "1")
            #expect(answer.members["status"] as? String == "creating")
            let results = answer.members["validationResults"] as? [String: Any]
            #expect(results?["status"] as? String == "passed")
            let tests = results?["validationTests"] as? [[String: Any]]
            #expect(
                tests?.map { $0["name"] as? String } == [
                    "There is no existing integration matching this configuration",
                    "The provided integration name is unique across Immuta S3 integrations",
                    "The provided access grants location role is a valid ARN format",
                    "The provided AWS credentials allow fetching the caller's identity via the AWS STS API",
                    "An AWS Access Grants instance is configured in the provided AWS account and region",
                    "The provided S3 path exists and Immuta can list prefixes",
                    "An AWS Access Grants location does not yet exist for the provided path",
                ])
        }
    }

    @Test func `what is unknown is 404, with each method's own letter`() async throws {
        let stage = try await RequestStage()
        try await stage.run { client in
            #expect(try await client.send(.get, "/integrations/5").message == "No Integration found with ID 5.")
            let put = try await client.send(.put, "/integrations/5", Body.integration())
            #expect(put.message == "No integration found with ID 5.")
            let delete = try await client.send(.delete, "/integrations/5")
            #expect(delete.message == "No integration found with ID 5.")
        }
    }

    @Test func `a change under way refuses another`() async throws {
        let stage = try await RequestStage()
        try await stage.run { client in
            _ = try await client.send(.post, "/integrations", Body.integration())
            let put = try await client.send(.put, "/integrations/1", Body.integration())
            #expect(put.status == 409)
            #expect(put.message == "Unable to edit integration with ID 1 in current state creating.")
            let delete = try await client.send(.delete, "/integrations/1")
            #expect(delete.status == 409)
            #expect(delete.message == "Unable to delete integration with ID 1 in current state creating.")
        }
    }

    @Test func `a taken path and a taken name are 409, and a failed creation asks for PUT`() async throws {
        let stage = try await RequestStage()
        try await stage.run { client in
            try await enabled(stage, client, body: Body.integration())
            let path = try await client.send(.post, "/integrations", Body.integration(["name": #""other""#]))
            #expect(path.status == 409)
            #expect(path.message == "Native S3 integration already exists on s3://research/ (id = 1).")
            let name = try await client.send(
                .post, "/integrations", Body.integration(["awsLocationPath": #""s3://other/""#]))
            #expect(name.status == 409)
        }
        let failed = try await RequestStage()
        try await failed.run { client in
            _ = try await client.send(.post, "/integrations", Body.integration())
            try await settle(failed) { integration in
                integration.attemptFailed(
                    at: integration.configuration.path, before: integration.locations[0],
                    AWSProblem(
                        kind: .refused, code: "AccessDenied", message: "no", action: "s3:CreateAccessGrantsLocation"),
                    now: failed.now, delay: 1, patience: 0)
            }
            let again = try await client.send(.post, "/integrations", Body.integration(["name": #""other""#]))
            #expect(again.status == 400)
            #expect(
                again.message == """
                    Use PUT /integrations/1 endpoint to update connection information for Native S3 integration on \
                    s3://research/ (id = 1) that previously failed to create.
                    """)
            let put = try await client.send(.put, "/integrations/1", Body.integration())
            #expect(put.members["status"] as? String == "creating")
        }
    }

    @Test func `what cannot be edited is named`() async throws {
        let stage = try await RequestStage()
        try await stage.run { client in
            try await enabled(stage, client, body: Body.integration())
            let answer = try await client.send(
                .put, "/integrations/1", Body.integration(["awsRegion": #""us-east-1""#], type: #""Snowflake""#))
            #expect(answer.status == 400)
            #expect(answer.message == "Unable to edit integration due to changes of non-editable attribute(s).")
            #expect(answer.faults == ["type: cannot be changed", "config.awsRegion: cannot be changed"])
        }
    }

    @Test func `a deletion wants no credentials`() async throws {
        let stage = try await RequestStage()
        try await stage.run { client in
            try await enabled(stage, client, body: Body.integration())
            let refused = try await client.send(.delete, "/integrations/1", #"{"config":{"awsAccessKeyId":"A"}}"#)
            #expect(refused.status == 400)
            #expect(refused.message?.hasPrefix("Credentials are not required for disable unless") == true)
            let deleting = try await client.send(.delete, "/integrations/1")
            #expect(deleting.members["status"] as? String == "deleting")
            try await settle(stage) { $0.locationIsGone(at: $0.configuration.path, now: stage.now) }
            #expect(try await client.send(.get, "/integrations/1").status == 404)
            let status = try await client.send(.get, "/integrations/1/status?wait=60")
            #expect(status.members["status"] as? String == "deleted")
        }
    }

    @Test func `force leaves AWS alone`() async throws {
        let stage = try await RequestStage()
        try await stage.run { client in
            try await enabled(stage, client, body: Body.integration())
            let answer = try await client.send(.delete, "/integrations/1?force=true")
            #expect(answer.members["status"] as? String == "disabled")
        }
        #expect(try await stage.integrations.due(now: .distantFuture, limit: 10) == [])
    }

    @Test func `a dry run stores nothing`() async throws {
        let stage = try await RequestStage()
        try await stage.run { client in
            let answer = try await client.send(.post, "/integrations?dryRun=true", Body.integration())
            #expect(answer.status == 200)
            #expect(answer.members["awsExternalId"] as? String != nil)
        }
        #expect(try await stage.integrations.integrations() == [])
    }

    @Test func `If-Match refuses what was changed meanwhile`() async throws {
        let stage = try await RequestStage()
        try await stage.run { client in
            try await enabled(stage, client, body: Body.integration())
            let etag = try #require(try await client.send(.get, "/integrations/1").headers[.eTag])
            let edit = Body.integration(["name": #""renamed""#])
            #expect(
                try await client.send(.put, "/integrations/1", edit, headers: [("If-Match", "\"77\"")]).status == 412)
            #expect(try await client.send(.delete, "/integrations/1", headers: [("If-Match", "\"77\"")]).status == 412)
            #expect(try await client.send(.put, "/integrations/1", edit, headers: [("If-Match", etag)]).status == 200)
        }
    }

    @Test func `the same Idempotency-Key gets the same answer for a day, and another body is refused`() async throws {
        let stage = try await RequestStage()
        let key = [("Idempotency-Key", "k")]
        try await stage.run { client in
            let first = try await client.send(.post, "/integrations", Body.integration(), headers: key)
            let second = try await client.send(.post, "/integrations", Body.integration(), headers: key)
            #expect(second.status == 200 && second.text == first.text)
            #expect(second.headers[.idempotencyReplayed] == "true")
            let other = Body.integration(["name": #""other""#])
            #expect(try await client.send(.post, "/integrations", other, headers: key).status == 422)
            stage.advance(by: 24 * 60 * 60 + 1)
            #expect(try await client.send(.post, "/integrations", Body.integration(), headers: key).status == 409)
        }
        #expect(try await stage.integrations.integrations().count == 1)
    }

    @Test func `two requests at once with one Idempotency-Key make one integration and get one answer`() async throws {
        let meeting = Meeting(of: 2)
        var aws = FakeAccessGrantsService()
        aws.beforeIdentity = { await meeting.attend() }
        let stage = try await RequestStage(aws: aws)
        let key = [("Idempotency-Key", "k")]
        try await stage.run { client in
            async let one = client.send(.post, "/integrations", Body.integration(), headers: key)
            async let other = client.send(.post, "/integrations", Body.integration(), headers: key)
            let answers = try await [one, other]
            #expect(answers.map(\.status) == [200, 200])
            #expect(answers[0].text == answers[1].text)
            #expect(answers[0].members["id"] as? String == "1")
            #expect(answers.filter { $0.headers[.idempotencyReplayed] == "true" }.count == 1)
            #expect(answers.map { $0.headers[.eTag] } == ["\"1\"", "\"1\""])
        }
        #expect(try await stage.integrations.integrations().count == 1)
    }

    @Test func `two requests at once with one key and different bodies make one integration`() async throws {
        let meeting = Meeting(of: 2)
        var aws = FakeAccessGrantsService()
        aws.beforeIdentity = { await meeting.attend() }
        let stage = try await RequestStage(aws: aws)
        let key = [("Idempotency-Key", "k")]
        let second = Body.integration(["name": #""other""#, "awsLocationPath": #""s3://other/""#])
        try await stage.run { client in
            async let one = client.send(.post, "/integrations", Body.integration(), headers: key)
            async let other = client.send(.post, "/integrations", second, headers: key)
            let statuses = try await [one.status, other.status]
            #expect(statuses.sorted() == [200, 422])
        }
        #expect(try await stage.integrations.integrations().count == 1)
    }

    @Test func `the secret is shown nowhere, and REDACTED keeps it`() async throws {
        let stage = try await RequestStage()
        try await stage.run { client in
            try await enabled(stage, client, body: Body.accessKey())
            let edited = Body.accessKey(secret: "<REDACTED>")
            var texts: [String] = []
            for (method, path, body) in [
                (HTTPRequest.Method.get, "/integrations", nil), (.get, "/integrations/1", nil),
                (.get, "/integrations/1/status", nil), (.post, "/integrations/1/validate", nil),
                (.post, "/integrations/1/scripts/edit", edited), (.post, "/integrations/1/scripts/delete", nil),
                (.post, "/integrations", Body.accessKey()), (.post, "/integrations?dryRun=true", Body.accessKey()),
                (.put, "/integrations/1", edited), (.delete, "/integrations/1", nil),
            ] as [(HTTPRequest.Method, String, String?)] {
                texts.append(try await client.send(method, path, body).text)
            }
            #expect(texts.filter { $0.contains(RequestStage.secret) } == [])
            #expect(texts[1].contains(#""awsSecretAccessKey":"<REDACTED>""#))
        }
        let stored = try #require(await stage.integrations.integration(IntegrationID(1), includingDeleted: false))
        #expect(
            (stored.pending ?? stored.configuration).connection.authentication.base
                == .accessKey(id: "AKIAIOSFODNN7EXAMPLE", secret: Secret(RequestStage.secret)))
    }
}

/// Nobody goes on before everybody has come.
private final class Meeting: Sendable {
    private let missing: Mutex<(count: Int, waiting: [CheckedContinuation<Void, Never>])>

    init(of count: Int) {
        missing = Mutex((count, []))
    }

    func attend() async {
        await withCheckedContinuation { continuation in
            let ready = missing.withLock { missing in
                missing.count -= 1
                missing.waiting.append(continuation)
                guard missing.count <= 0 else { return [CheckedContinuation<Void, Never>]() }
                defer { missing.waiting = [] }
                return missing.waiting
            }
            for continuation in ready { continuation.resume() }
        }
    }
}
