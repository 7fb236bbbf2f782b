import AWS
import HTTPTypes
import NIOCore
import SigV4
import Synchronization
import Testing
import Transport

/// How streams are sent: where to, how often, and what their errors become.
@Suite struct S3ObjectClientTests {
    /// Answers in turn, and keeps `METHOD scheme://host/path region payload`.
    private final class Wire: ObjectTransport {
        typealias Answer = Result<(Int, HTTPFields, String), TransportError>
        private let state: Mutex<(answers: [Answer], seen: [String], sent: [UInt8], fields: HTTPFields)>

        init(_ answers: [Answer]) { state = Mutex((answers, [], [], [:])) }

        /// The last streamed body, empty when it was not as long as was said; and its header fields.
        var sent: [UInt8] { state.withLock(\.sent) }
        var fields: [String: String] {
            state.withLock { Dictionary($0.fields.map { ($0.name.canonicalName, $0.value) }) { $1 } }
        }
        var seen: [String] { state.withLock(\.seen) }

        func send(_ request: ObjectRequest) async throws -> ObjectResponse {
            let head = request.head
            let scope = head.headerFields[.authorization]?.split(separator: "/")
            let region = scope.map { $0.count > 2 ? String($0[2]) : "" } ?? ""
            let payload = head.headerFields.first { $0.name.canonicalName == "x-amz-content-sha256" }?.value ?? ""
            let (status, fields, body) = try state.withLock { state in
                state.seen.append(
                    "\(head.method) \(head.scheme ?? "")://\(head.authority ?? "")\(head.path ?? "") \(region) "
                        + (payload.count == 64 ? "hashed" : payload))
                return state.answers.isEmpty ? (200, [:], "") : try state.answers.removeFirst().get()
            }
            if case .stream(let length, let make) = request.body {
                var (parts, sent) = (make(), ByteBuffer())
                while var part = try await parts.next(isolation: nil) { sent.writeBuffer(&part) }
                state.withLock { $0.sent = sent.readableBytes == length ? Array(sent.readableBytesView) : [] }
                state.withLock { $0.fields = head.headerFields }
            }
            return ObjectResponse(
                status: HTTPResponse.Status(code: status), headerFields: fields,
                body: ObjectDownload(ByteBuffer(string: body)))
        }
    }

    private struct One: AsyncIteratorProtocol {
        var part: ByteBuffer? = ByteBuffer(string: "x")

        mutating func next() async throws -> ByteBuffer? {
            defer { part = nil }
            return part
        }
    }

    private let keys = StaticCredentialsProvider(accessKeyID: "AKIA", revealed: "secret")
    private let stream = ObjectUpload.stream(length: 1) { One() }

    private func client(_ wire: Wire, endpoint: String? = nil) throws -> S3ObjectClient {
        let endpoints = try EndpointConfiguration(environment: endpoint.map { ["AWS_ENDPOINT_URL": $0] } ?? [:])
        return S3ObjectClient(AWSRuntime(transport: NoTransport(), endpoints: endpoints), objects: wire)
    }

    private struct NoTransport: DocumentTransport {
        func send(_ request: DocumentRequest) async throws(TransportError) -> DocumentResponse {
            throw .connect("no documents are asked for")
        }
    }

    private func get(_ client: S3ObjectClient, _ key: String = "a b/../c") async throws -> S3ObjectResponse {
        try await client.send(
            S3ObjectRequest(operation: "s3:GetObject", method: .get, bucket: "lake", key: key), credentials: keys,
            region: "us-east-1")
    }

    private let redirect: Wire.Answer = .success(
        (301, [.init("x-amz-bucket-region") ?? .location: "eu-west-1"], "<Error><Code>PermanentRedirect</Code></Error>")
    )

    @Test func `a bucket elsewhere is found once, and remembered`() async throws {
        let wire = Wire([redirect])
        let client = try client(wire)
        _ = try await get(client)
        _ = try await get(client)
        let (there, path) = ("https://lake.s3.eu-west-1.amazonaws.com", "/a%20b/../c")
        #expect(
            wire.seen == [
                "GET https://lake.s3.us-east-1.amazonaws.com\(path) us-east-1 hashed",
                "GET \(there)\(path) eu-west-1 hashed",
                "GET \(there)\(path) eu-west-1 hashed",
            ])
    }

    @Test func `before a body is sent S3 is asked where the bucket is, once`() async throws {
        let region: HTTPFields = [.init("x-amz-bucket-region") ?? .location: "eu-west-1"]
        for answer in [Wire.Answer.success((200, region, "")), .success((403, region, "")), redirect] {
            let wire = Wire([answer])
            let client = try client(wire)
            for _ in 0..<2 {
                _ = try await client.send(
                    S3ObjectRequest(operation: "s3:PutObject", method: .put, bucket: "lake", key: "k", body: stream),
                    credentials: keys, region: "us-east-1")
            }
            let put = "PUT https://lake.s3.eu-west-1.amazonaws.com/k eu-west-1 UNSIGNED-PAYLOAD"
            #expect(wire.seen == ["HEAD https://lake.s3.us-east-1.amazonaws.com/ us-east-1 hashed", put, put])
        }
    }

    @Test func `a custom endpoint is used as given`() async throws {
        let wire = Wire([])
        let client = try client(wire, endpoint: "http://127.0.0.1:9000/base")
        _ = try await client.send(
            S3ObjectRequest(operation: "s3:PutObject", method: .put, bucket: "lake", key: "k", body: stream),
            credentials: keys, region: "any")
        #expect(wire.seen == ["PUT http://127.0.0.1:9000/base/lake/k any UNSIGNED-PAYLOAD"])
    }

    @Test func `only what changes nothing is sent again when no answer came`() async throws {
        let lost = Wire.Answer.failure(.connectionLost("gone", requestSent: true))
        let reading = Wire([lost, lost])
        _ = try await get(try client(reading))
        #expect(reading.seen.count == 3)
        let writing = Wire([lost])
        let error = await #expect(throws: AWSError.self) {
            _ = try await client(writing).send(
                S3ObjectRequest(operation: "s3:DeleteObject", method: .delete, bucket: "lake", key: "k"),
                credentials: keys, region: "us-east-1")
        }
        #expect(error?.mayHaveSucceeded == true && writing.seen.count == 1)
    }

    @Test func `an error in a document that began as a success is an error`() async throws {
        let wire = Wire([.success((200, [:], "\n \n<Error><Code>SlowDown</Code><Message>m</Message></Error>"))])
        let error = await #expect(throws: AWSError.self) {
            _ = try await client(wire).document(
                S3ObjectRequest(operation: "s3:PutObject", method: .post, bucket: "lake", key: "k"), credentials: keys,
                region: "us-east-1")
        }
        #expect(error?.code == "SlowDown")
    }

    private struct Parts: AsyncIteratorProtocol {
        var parts: [[UInt8]]

        mutating func next() async throws -> ByteBuffer? {
            parts.isEmpty ? nil : ByteBuffer(bytes: parts.removeFirst())
        }
    }

    private static let mebibyte = 1 << 20

    @Test(arguments: [
        [1], [mebibyte], [mebibyte + 1], [3, 0, mebibyte - 3, mebibyte, 5], [2 * mebibyte + 7, 1, 1], [1, 1, 1],
    ])
    func `a checksum that is known last is sent last`(sizes: [Int]) async throws {
        let parts = sizes.enumerated().map { [UInt8](repeating: UInt8($0), count: $1) }
        let body = parts.flatMap { $0 }
        let wire = Wire([])
        var request = S3ObjectRequest(
            operation: "s3:PutObject", method: .put, bucket: "lake", key: "k",
            headerFields: [.contentEncoding: "gzip"], body: .stream(length: body.count) { Parts(parts: parts) })
        request.trailer = S3Trailer("x-amz-checksum-crc32", length: 8) { "AAAAAA==" }
        _ = try await client(wire, endpoint: "http://127.0.0.1:9000").send(
            request, credentials: keys, region: "us-east-1")
        var expected: [UInt8] = []
        for start in stride(from: 0, to: body.count, by: Self.mebibyte) {
            let chunk = body[start..<min(start + Self.mebibyte, body.count)]
            expected += Array("\(String(chunk.count, radix: 16))\r\n".utf8) + chunk + Array("\r\n".utf8)
        }
        #expect(wire.sent == expected + Array("0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n".utf8))
        #expect(wire.fields["content-encoding"] == "gzip,aws-chunked")
        #expect(wire.fields["x-amz-decoded-content-length"] == String(body.count))
        #expect(wire.fields["x-amz-trailer"] == "x-amz-checksum-crc32")
        #expect(wire.seen == ["PUT http://127.0.0.1:9000/lake/k us-east-1 STREAMING-UNSIGNED-PAYLOAD-TRAILER"])
    }
}
