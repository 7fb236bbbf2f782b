import Foundation
import Gateway
import HTTPTypes
import S3Server
import Testing

/// What a client is told of upstream's errors: S3's own, and nothing of upstream.
@Suite struct UpstreamErrorTests {
    @Test(arguments: [
        (404, "NoSuchKey", 404, "NoSuchKey"), (403, "AccessDenied", 403, "AccessDenied"),
        (416, "InvalidRange", 416, "InvalidRange"), (412, "PreconditionFailed", 412, "PreconditionFailed"),
        (503, "SlowDown", 503, "SlowDown"), (500, "InternalError", 500, "InternalError"),
        (404, "NoSuchVersion", 404, "NoSuchVersion"), (404, "NoSuchBucket", 503, "ServiceUnavailable"),
        (403, "InvalidAccessKeyId", 503, "ServiceUnavailable"),
        (403, "SignatureDoesNotMatch", 503, "ServiceUnavailable"),
        (400, "ExpiredToken", 503, "ServiceUnavailable"), (418, "SomethingNew", 503, "ServiceUnavailable"),
    ])
    func `errors come back as S3's, without what they say of upstream`(
        status: Int, code: String, toldStatus: Int, toldCode: String
    ) async throws {
        let stage = try GatewayStage()
        stage.upstream.answer(
            status,
            """
            <Error><Code>\(code)</Code><Message>lake at upstream.test</Message><BucketName>lake</BucketName>
            <Key>raw/a</Key><RequestId>UPSTREAM1</RequestId><HostId>upstream-host</HostId></Error>
            """)
        let error = await #expect(throws: S3Error.self) {
            try await stage.backend.getObject(
                S3ObjectName(bucket: "immuta", key: "raw/a"), S3Reading(), stage.call(GatewayStage.reader))
        }
        let told = try #require(error)
        #expect(told.code == toldCode && told.status == toldStatus)
        let document = String(decoding: told.document(requestID: "R1", hostID: "H1"), as: UTF8.self)
        for secret in ["lake", "upstream", "UPSTREAM1", "AKIACANARY", GatewayStage.secret] {
            #expect(!document.contains(secret), "\(document)")
        }
    }

    @Test(arguments: [
        ("If-None-Match", "If-None-Match"), ("If-Unmodified-Since", "If-Unmodified-Since"),
        ("x-amz-copy-source-If-None-Match", "x-amz-copy-source-If-None-Match"), ("lake at upstream.test", "If-Match"),
    ])
    func `a condition that failed is named as S3 names it`(_ told: String, _ shown: String) async throws {
        let error = try await refusal(412, "<Code>PreconditionFailed</Code><Condition>\(told)</Condition>")
        #expect(error?.elements == [.init("Condition", shown)])
    }

    @Test func `a range that cannot be had comes with the size`() async throws {
        let error = try await refusal(
            416,
            "<Code>InvalidRange</Code><RangeRequested>bytes=9-</RangeRequested><ActualObjectSize>3</ActualObjectSize>")
        #expect(error?.elements == [.init("RangeRequested", "bytes=9-"), .init("ActualObjectSize", "3")])
        let other = try await refusal(
            416, "<Code>InvalidRange</Code><RangeRequested>lake</RangeRequested><ActualObjectSize>3</ActualObjectSize>")
        #expect(other?.elements == [.init("ActualObjectSize", "3")])
    }

    @Test func `what has not changed is told with its entity tag and its date`() async throws {
        let error = try await refusal(304, nil)
        #expect(error?.status == 304)
        #expect(
            error?.headers == [.eTag: "\"e\"", .lastModified: "Sun, 19 Mar 2006 00:00:00 GMT"])
    }

    private func refusal(_ status: Int, _ elements: String?) async throws -> S3Error? {
        let stage = try GatewayStage()
        stage.upstream.answer(status, elements.map { "<Error>\($0)</Error>" } ?? "")
        return await #expect(throws: S3Error.self) {
            try await stage.backend.getObject(
                S3ObjectName(bucket: "immuta", key: "raw/a"), S3Reading(), stage.call(GatewayStage.reader))
        }
    }

    @Test func `of an answer only what S3 keeps with an object is passed on`() async throws {
        let stage = try GatewayStage()
        let part = try await stage.backend.headObject(
            S3ObjectName(bucket: "immuta", key: "raw/a"), S3Reading(), stage.call(GatewayStage.reader))
        #expect(part.info.headers == [:])
        #expect(part.info.etag == "e" && part.info.size == "/lake/raw/a".utf8.count)
    }
}
