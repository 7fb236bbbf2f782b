import AWS
import Domain
import Foundation
import Gateway
import HTTPTypes
import NIOCore
import S3Server
import SigV4
import TestSupport
import Testing

/// Who may do what with which data source, by every operation; and what lies upstream of it.
@Suite struct GatewayPolicyMatrixTests {
    private typealias Operation = @Sendable (GatewayStage, S3ObjectName, S3Call<GatewayCaller>) async throws -> Void

    private static func upload() throws -> S3Upload {
        let body = AsyncThrowingStream<ByteBuffer, any Error> { continuation in
            continuation.yield(ByteBuffer(string: "x"))
            continuation.finish()
        }
        let decoder = try S3BodyDecoder(headers: [.contentLength: "1"], payload: nil, verifier: nil, wanted: .claimed)
        return S3Upload(body, decoder: decoder)
    }

    private static let reads: [(String, Operation)] = [
        ("head", { _ = try await $0.backend.headObject($1, S3Reading(), $2) }),
        ("get", { _ = try await $0.backend.getObject($1, S3Reading(), $2) }),
        ("range", { _ = try await $0.backend.getObject($1, S3Reading(range: .last(1)), $2) }),
    ]

    private static let writes: [(String, Operation)] = [
        ("put", { _ = try await $0.backend.putObject($1, S3NewObject(), try upload(), $2) }),
        ("delete", { _ = try await $0.backend.deleteObjects([S3Deletion(key: $1.key)], in: $1.bucket, $2) }),
        (
            "create",
            { stage, object, call in
                stage.upstream.answer(
                    200, "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>")
                _ = try await stage.backend.createMultipartUpload(object, S3NewUpload(object: S3NewObject()), call)
            }
        ),
        (
            "part",
            { stage, object, call in
                let name = S3PartName(upload: S3UploadName(object: object, uploadID: "u"), number: 1)
                _ = try await stage.backend.uploadPart(name, try upload(), call)
            }
        ),
        (
            "abort",
            { stage, object, call in
                try await stage.backend.abortMultipartUpload(S3UploadName(object: object, uploadID: "u"), call)
            }
        ),
    ]

    @Test func `user by data source by operation: what may not be is not asked of upstream`() async throws {
        let callers = [GatewayStage.reader, GatewayStage.writer, GatewayStage.stranger]
        for caller in callers {
            for name in ["raw", "day", "other", "none"] {
                let object = S3ObjectName(bucket: "immuta", key: "\(name)/day1")
                let level = GatewayStage.level(name, caller.user)
                for (operation, run) in Self.reads {
                    let expected: String? = level == nil ? "NoSuchKey" : nil
                    try await expect(expected, "\(caller.userid) \(operation) \(name)") {
                        try await run($0, object, $0.call(caller))
                    }
                }
                for (operation, run) in Self.writes {
                    let expected: String? = level == .write ? nil : "AccessDenied"
                    try await expect(expected, "\(caller.userid) \(operation) \(name)") {
                        try await run($0, object, $0.call(caller))
                    }
                }
            }
        }
    }

    private func expect(
        _ code: String?, _ about: String, _ run: (GatewayStage) async throws -> Void
    ) async throws {
        let stage = try GatewayStage()
        do {
            try await run(stage)
            #expect(code == nil, "\(about) was done")
            #expect(stage.upstream.asked.count == 1, "\(about)")
        } catch let error as S3Error {
            #expect(error.code == code, "\(about)")
            #expect(stage.upstream.asked == [], "\(about)")
            let rows = try await stage.audit.events(AuditQuery(), after: 0, limit: 10)
            #expect(rows.map(\.outcome) == [.refused], "\(about)")
        }
    }

    @Test func `copies need to read the one and to write the other`() async throws {
        let table: [(GatewayCaller, from: String, to: String, code: String?)] = [
            (GatewayStage.writer, "day/day1", "raw/a", nil), (GatewayStage.writer, "raw/b", "raw/a", nil),
            (GatewayStage.writer, "other/a", "raw/a", "NoSuchKey"),
            (GatewayStage.writer, "raw/a", "day/day1", "AccessDenied"),
            (GatewayStage.reader, "raw/a", "raw/b", "AccessDenied"),
            (GatewayStage.stranger, "raw/a", "raw/b", "AccessDenied"),
        ]
        for (caller, source, target, code) in table {
            let stage = try GatewayStage()
            stage.upstream.answer(200, "<CopyObjectResult><ETag>\"e\"</ETag></CopyObjectResult>")
            let copy = S3Copy(source: S3ObjectName(bucket: "immuta", key: source))
            do {
                _ = try await stage.backend.copyObject(
                    copy, to: S3ObjectName(bucket: "immuta", key: target), stage.call(caller))
                #expect(code == nil)
            } catch let error as S3Error {
                #expect(error.code == code, "\(caller.userid) \(source) \(target)")
                #expect(stage.upstream.asked == [])
            }
        }
    }

    /// In eight parts, so that no other test waits for them.
    @Test(arguments: 0..<8)
    func `of 100,000 keys in any encoding the one decided on is the one fetched`(part: Int) async throws {
        let stage = try GatewayStage(auditLevel: .nothing)
        var random = SystemRandomNumberGenerator()
        let pieces = [
            "/", "..", ".", "%", "%2F", "%252F", "+", " ", "\u{301}", "\u{E9}", "e\u{301}", "*", "?", "#", "&", "=",
            "\u{0}",
            "\u{1F600}", "\u{FEFF}", "\\", "\r\n", ":", "@", "raw", "other", "~", "\u{7F}",
        ]
        for _ in 0..<12_500 {
            let name = (0..<Int.random(in: 1...5, using: &random)).map { _ in
                pieces.randomElement(using: &random) ?? ""
            }.joined()
            let sent = Self.encoded("raw/" + name, &random)
            let request = HTTPRequest(method: .get, scheme: "http", authority: "h", path: "/s3p/immuta/" + sent)
            let target = try S3Target(request, mount: "/s3p")
            let route = try S3Route(method: .get, path: target.path, query: target.query, headers: [:])
            guard let source = GatewayStage.dataSources.last, let object = source.object(GatewayKey(route.key)) else {
                Issue.record("\(sent)")
                return
            }
            let expected = "raw/" + name
            guard object.key.utf8.elementsEqual(expected.utf8),
                URIEncoding.decode(URIEncoding.encode(object.key, keepingSlash: true))?.utf8
                    .elementsEqual(expected.utf8) == true
            else {
                Issue.record("\(sent) became \(object.key.debugDescription)")
                return
            }
            // All the way to the wire.
            stage.upstream.forget()
            _ = try await stage.backend.getObject(
                S3ObjectName(bucket: route.bucket, key: route.key), S3Reading(), stage.call(GatewayStage.reader))
            let fetched = stage.upstream.asked.map { Array($0.path.utf8) }
            guard fetched == [Array("/lake/\(expected)".utf8)] else {
                Issue.record("for \(sent) came \(fetched.map { String(decoding: $0, as: UTF8.self) })")
                return
            }
        }
    }

    /// Percent-encoded where it must be, and anywhere else by chance, in either case.
    private static func encoded(_ text: String, _ random: inout SystemRandomNumberGenerator) -> String {
        text.utf8.map { byte in
            let isPlain = byte > 0x20 && byte < 0x7F && !"%?#".utf8.contains(byte)
            guard isPlain, Bool.random(using: &random) else {
                let hex = String(byte, radix: 16)
                let digits = hex.count == 1 ? "0" + hex : hex
                return "%" + (Bool.random(using: &random) ? digits.uppercased() : digits)
            }
            return String(UnicodeScalar(byte))
        }.joined()
    }
}
