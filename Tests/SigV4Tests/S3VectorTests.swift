import Foundation
import HTTPTypes
import SigV4
import Testing

/// A case of the S3 User Guide's.
struct S3Case: Decodable, Sendable, CustomTestStringConvertible {
    struct Chunk: Decodable {
        var length: Int
        var signature: String
    }
    struct Trailer: Decodable {
        var name: String
        var value: String
        var signature: String
    }

    var name: String
    var method: String
    var target: String
    var headers: [[String]]
    var signature: String
    var body: String?
    var expires: Int?
    var streaming: String?
    var chunks: [Chunk]?
    var trailer: Trailer?

    var testDescription: String { name }

    static let all: [S3Case] = {
        do {
            let url = try #require(Bundle.module.url(forResource: "Vectors/s3", withExtension: "json"))
            return try JSONDecoder().decode([S3Case].self, from: Data(contentsOf: url))
        } catch {
            Issue.record("no S3 vectors: \(error)")
            return []
        }
    }()

    func request() throws -> HTTPRequest {
        var request = HTTPRequest(
            method: try #require(HTTPRequest.Method(method)), scheme: "https", authority: nil, path: target)
        for header in headers { try request.append(header[0], header[1]) }
        return request
    }
}

@Suite struct S3VectorTests {
    let secret = Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    let verifier = SignatureVerifier(service: "s3", region: "us-east-1")
    var signer: Signer {
        Signer(
            credentials: AWSCredentials(accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: secret),
            region: "us-east-1", service: "s3")
    }

    @Test(arguments: S3Case.all.filter { $0.streaming == nil })
    func `the guide's requests are signed and verified`(_ published: S3Case) throws {
        let now = try date("20130524T000000Z")
        let payload = PayloadHash.body(Array((published.body ?? "").utf8))
        let request = try published.request()
        let signed =
            published.expires.map { signer.presign(request, expires: $0, at: now) }
            ?? signer.sign(request, payload: payload, at: now)
        let claim = try SignatureClaim(signed)
        #expect(claim.signature == published.signature)
        #expect(claim.location == (published.expires == nil ? .header : .query))
        try verifier.verify(claim, signed, payload: payload, secret: secret, now: now)
    }

    @Test(arguments: S3Case.all.filter { $0.streaming != nil })
    func `the guide's chunks and trailers are signed and verified`(_ published: S3Case) throws {
        let now = try date("20130524T000000Z")
        let marker = try #require(StreamingPayload(rawValue: published.streaming ?? ""))
        var (request, chunks) = signer.signStreaming(try published.request(), payload: marker, at: now)
        let claim = try SignatureClaim(request)
        #expect(claim.signature == published.signature)
        #expect(claim.payload == .streaming(marker))
        let key = signer.signingKey(at: now)
        try verifier.verify(claim, request, key: key, now: now)

        var incoming = ChunkVerifier(claim: claim, key: key)
        for chunk in published.chunks ?? [] {
            let bytes = [UInt8](repeating: UInt8(ascii: "a"), count: chunk.length)
            #expect(chunks.sign(bytes) == chunk.signature)
            try incoming.verify(chunk.signature, chunk: bytes)
        }
        if let trailer = published.trailer {
            let fields = [(name: trailer.name, value: trailer.value)]
            #expect(chunks.signTrailer(fields) == trailer.signature)
            try incoming.verifyTrailer(trailer.signature, fields: fields)
        }
    }

    @Test func `a chunk out of order, changed or after a refused one is refused`() throws {
        let published = try #require(S3Case.all.first { $0.name == "chunked-put" })
        let signatures = (published.chunks ?? []).map(\.signature)
        let key = signer.signingKey(at: try date("20130524T000000Z"))
        let fresh = ChunkVerifier(seed: published.signature, timestamp: "20130524T000000Z", key: key)
        let first = [UInt8](repeating: UInt8(ascii: "a"), count: 65_536)
        let second = [UInt8](repeating: UInt8(ascii: "a"), count: 1024)

        var swapped = fresh
        #expect(throws: SigV4Error.chunkSignatureDoesNotMatch) { try swapped.verify(signatures[1], chunk: second) }
        #expect(throws: SigV4Error.chunkSignatureDoesNotMatch) { try swapped.verify(signatures[0], chunk: first) }
        var changed = fresh
        #expect(throws: SigV4Error.chunkSignatureDoesNotMatch) {
            try changed.verify(signatures[0], chunk: first.dropLast() + [UInt8(ascii: "b")])
        }
        var repeated = fresh
        try repeated.verify(signatures[0], chunk: first)
        #expect(throws: SigV4Error.chunkSignatureDoesNotMatch) { try repeated.verify(signatures[0], chunk: first) }
        var named = fresh
        #expect(throws: SigV4Error.chunkSignatureDoesNotMatch) {
            try named.verify(signatures[0].uppercased(), chunk: first)
        }
    }
}
