import HTTPTypes
import NIOCore
import SigV4
import Testing

@testable import S3Server

struct AWSChunkedDecoderTests {
    private static let body =
        "5\r\nhello\r\n6;chunk-signature=x\r\n world\r\n0\r\nx-amz-checksum-crc32: DUoRhQ==\r\n\r\n"

    private struct Decoded: Equatable {
        var data: [UInt8] = []
        var trailer: [QueryParameter] = []
    }

    /// - Parameter size: of the pieces the body arrives in.
    private static func decode(
        _ bytes: [UInt8], mode: StreamingPayload = .unsignedTrailer, pieces size: Int = .max
    ) throws(S3Error) -> Decoded {
        var decoder = AWSChunkedDecoder(mode: mode, verifier: nil)
        var decoded = Decoded()
        var start = 0
        while start < bytes.count {
            let end = start + min(size, bytes.count - start)
            decoder.append(ByteBuffer(bytes: bytes[start..<end]))
            while let data = try decoder.next() { decoded.data.append(contentsOf: data.readableBytesView) }
            start = end
        }
        try decoder.finish()
        decoded.trailer = decoder.trailer
        return decoded
    }

    @Test(arguments: [1, 2, 3, 7, 20, 1_000])
    func `Chunks and their trailer are read, however they arrive`(size: Int) throws {
        let expected = Decoded(
            data: Array("hello world".utf8),
            trailer: [QueryParameter(name: "x-amz-checksum-crc32", value: "DUoRhQ==")])
        #expect(try Self.decode(Array(Self.body.utf8), pieces: size) == expected)
    }

    @Test(arguments: [
        "", "5\r\nhel", "5\r\nhelloX\r\n0\r\n\r\n", "-1\r\n\r\n", "+5\r\nhello\r\n0\r\n\r\n", "zz\r\n", "\r\n",
        "ffffffffffffffff\r\n", "0\r\nno colon\r\n\r\n", "0\r\n\r\nafter", "5;x=y\r\nhello\r\n0\r\n\r\n",
        "7fffffffffffffff\r\nx",
    ])
    func `A malformed body is refused`(text: String) {
        #expect(throws: S3Error.self) { try Self.decode(Array(text.utf8)) }
        #expect(throws: S3Error.self) { try Self.decode(Array(text.utf8), pieces: 1) }
    }

    @Test func `A line without end is refused before it has all arrived`() {
        var decoder = AWSChunkedDecoder(mode: .unsignedTrailer, verifier: nil)
        decoder.append(ByteBuffer(repeating: UInt8(ascii: "0"), count: 4_096))
        #expect(throws: AWSChunkedDecoder.malformed) { try decoder.next() }
    }

    @Test func `A chunk without its signature is refused where chunks are signed`() {
        #expect(throws: S3Error.self) { try Self.decode(Array("0\r\n\r\n".utf8), mode: .signed) }
    }

    @Test(arguments: 0..<8) func `Mutations are read or refused, and never more than was sent`(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        for _ in 0..<500 {
            var bytes = Array(Self.body.utf8)
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let index = Int.random(in: bytes.indices, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[index] = UInt8.random(in: .min ... .max, using: &random)
                case 1: bytes.remove(at: index)
                default: bytes.insert(UInt8.random(in: .min ... .max, using: &random), at: index)
                }
            }
            let whole = try? Self.decode(bytes)
            #expect(whole == (try? Self.decode(bytes, pieces: 1)))
            #expect((whole?.data.count ?? 0) <= bytes.count)
        }
    }
}

struct S3BodyDecoderTests {
    private static func decode(
        _ text: String, _ headers: HTTPFields, payload: PayloadHash? = .unsigned, wanted: S3BodyDecoder.Wanted = .all
    ) throws(S3Error) -> S3Digests {
        var decoder = try S3BodyDecoder(headers: headers, payload: payload, verifier: nil, wanted: wanted)
        for byte in text.utf8 {
            decoder.append(ByteBuffer(bytes: [byte]))
            while try decoder.next() != nil {}
        }
        return try decoder.finish()
    }

    private static func named(_ name: String, _ value: String) -> HTTPFields {
        [.contentLength: "5", HTTPField.Name(known: name): value]
    }

    @Test func `What a store needs of a body is computed`() throws {
        let digests = try Self.decode("hello", [.contentLength: "5"])
        #expect(
            digests
                == S3Digests(
                    size: 5, md5: "5d41402abc4b2a76b9719d911017c592", checksum: S3Checksum(.crc64nvme, "M3eFcAZSQlc=")))
    }

    @Test func `What the client names is computed instead of the default`() throws {
        let headers = Self.named("x-amz-checksum-crc32", "NhCmhg==")
        #expect(try Self.decode("hello", headers).checksum == S3Checksum(.crc32, "NhCmhg=="))
        #expect(try Self.decode("hello", headers, wanted: .claimed).md5.isEmpty)
    }

    @Test(arguments: [
        ("x-amz-checksum-crc32", "AAAAAA==", "BadDigest"), ("x-amz-checksum-crc32", "AAAA", "InvalidRequest"),
        ("x-amz-checksum-sha1", "!", "InvalidRequest"), ("content-md5", "XUFAKrxLKna5cZ2REBfFkg==", ""),
        ("content-md5", "AAAAAAAAAAAAAAAAAAAAAA==", "BadDigest"), ("content-md5", "YWJyYWNhZGFicmE=", "InvalidDigest"),
        ("content-md5", "", "InvalidDigest"), ("x-amz-sdk-checksum-algorithm", "CRC99", "InvalidRequest"),
        ("x-amz-sdk-checksum-algorithm", "CRC32", "InvalidRequest"),
        ("x-amz-trailer", "x-amz-meta-a", "InvalidRequest"),
        ("x-amz-trailer", "x-amz-checksum-crc32", "MalformedTrailerError"),
        ("x-amz-checksum-crc32", "NhCmhg==-2", "InvalidRequest"),
    ])
    func `A hash that the client gives is compared`(name: String, value: String, code: String) {
        var answer = ""
        do { _ = try Self.decode("hello", Self.named(name, value)) } catch { answer = error.code }
        #expect(answer == code)
    }

    @Test(arguments: [("crc32", ""), ("CRC32C", "InvalidRequest")])
    func `The algorithm that an SDK announces is the checksum's`(announced: String, code: String) {
        var headers = Self.named("x-amz-checksum-crc32", "NhCmhg==")
        headers[HTTPField.Name(known: "x-amz-sdk-checksum-algorithm")] = announced
        var answer = ""
        do { _ = try Self.decode("hello", headers) } catch { answer = error.code }
        #expect(answer == code)
    }

    @Test func `The algorithm that an SDK announces is the trailer's`() {
        var headers = Self.named("x-amz-trailer", "x-amz-checksum-crc64nvme")
        headers[HTTPField.Name(known: "x-amz-sdk-checksum-algorithm")] = "SHA1"
        #expect(throws: S3Error.self) {
            try S3BodyDecoder(headers: headers, payload: .unsigned, verifier: nil)
        }
    }

    @Test func `Two checksums are one too many`() {
        var headers = Self.named("x-amz-checksum-crc32", "NhCmhg==")
        headers[HTTPField.Name(known: "x-amz-checksum-crc32c")] = "mnG7TA=="
        #expect(throws: S3Error.self) { try Self.decode("hello", headers) }
    }

    @Test(arguments: ["4", "6", "-1", "five"]) func `A body of another length is refused`(length: String) {
        #expect(throws: S3Error.self) { try Self.decode("hello", [.contentLength: length]) }
    }

    @Test func `The signed hash of the body is compared`() throws {
        let right = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
        _ = try Self.decode("hello", [.contentLength: "5"], payload: .sha256Hex(right.uppercased()))
        #expect(throws: S3Error.self) {
            try Self.decode("hellO", [.contentLength: "5"], payload: .sha256Hex(right))
        }
    }

    @Test func `The checksum of a trailer is compared`() throws {
        let headers: HTTPFields = [
            .decodedContentLength: "11", .amzTrailer: "x-amz-checksum-crc32",
        ]
        let body = { (checksum: String) in "b\r\nhello world\r\n0\r\nx-amz-checksum-crc32:\(checksum)\r\n\r\n" }
        let payload = PayloadHash.streaming(.unsignedTrailer)
        #expect(
            try Self.decode(body("DUoRhQ=="), headers, payload: payload).checksum == S3Checksum(.crc32, "DUoRhQ=="))
        #expect(throws: S3Error.self) { try Self.decode(body("AAAAAA=="), headers, payload: payload) }
    }

    @Test(arguments: [
        ("x-amz-checksum-crc32", "", "MalformedTrailerError"),
        ("x-amz-checksum-crc32", "\r\n", "MalformedTrailerError"),
        ("x-amz-checksum-crc32", "x-amz-checksum-crc32c:yZRlqg==\r\n\r\n", "MalformedTrailerError"),
        (nil, "x-amz-checksum-crc32:DUoRhQ==\r\n\r\n", "MalformedTrailerError"), (nil, "\r\n", ""),
        ("X-Amz-Checksum-CRC32", "x-amz-checksum-crc32:DUoRhQ==\r\n\r\n", ""),
    ])
    func `A trailer is the one that was announced`(announced: String?, trailer: String, code: String) {
        var headers: HTTPFields = [.decodedContentLength: "11"]
        headers[.amzTrailer] = announced
        var answer = ""
        do {
            _ = try Self.decode(
                "b\r\nhello world\r\n0\r\n" + trailer, headers, payload: .streaming(.unsignedTrailer))
        } catch { answer = error.code }
        #expect(answer == code)
    }
}

struct S3ChecksumTests {
    /// Of "123456789": the check values of the CRC catalogue.
    @Test(arguments: [
        (S3ChecksumAlgorithm.crc32, "y/Q5Jg=="), (.crc32c, "4waSgw=="), (.crc64nvme, "rosUhgp5mIg="),
        (.sha1, "98O8HYCOBHMq32eZZczDTKeuNEE="),
    ])
    func `Known values`(algorithm: S3ChecksumAlgorithm, value: String) {
        #expect(S3Checksum(algorithm, of: Array("123456789".utf8)).value == value)
    }
}
