import HTTPTypes
import NIOCore
import Testing
import XML

@testable import S3Server

struct S3DocumentTests {
    private func read(_ document: String) async throws -> Int {
        let bytes = Array(document.utf8)
        let upload = S3Upload(
            AsyncThrowingStream { continuation in
                continuation.yield(ByteBuffer(bytes: bytes))
                continuation.finish()
            },
            decoder: try S3BodyDecoder(headers: [.contentLength: "\(bytes.count)"], payload: nil, verifier: nil))
        return try await S3Document.read(upload, root: "Delete").children.count
    }

    @Test func `As many keys as S3 deletes at once are read, each as long as keys may be`() async throws {
        let objects = String(
            repeating: "<Object><Key>\(String(repeating: "k", count: 1_024))</Key></Object>", count: 1_000)
        #expect(try await read("<Delete>\(objects)</Delete>") == 1_000)
        await #expect(throws: S3Error.malformedXML) { try await read("<Delete>\(objects)\(objects)</Delete>") }
    }
}
