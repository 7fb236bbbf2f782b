import HTTPTypes
import SigV4
import Testing

@testable import S3Server

struct AWSChunkedBodyTests {
    private static let body =
        "5\r\nhello\r\n6;chunk-signature=x\r\n world\r\n0\r\nx-amz-checksum-crc32: DUoRhQ==\r\n\r\n"

    @Test func `Unsigned chunks and their trailer are read`() throws {
        let body = try AWSChunkedBody(Array(Self.body.utf8), mode: .unsignedTrailer, verifier: nil)
        #expect(body.data == Array("hello world".utf8))
        #expect(body.trailer == [QueryParameter(name: "x-amz-checksum-crc32", value: "DUoRhQ==")])
    }

    @Test(arguments: [
        "", "5\r\nhel", "5\r\nhelloX\r\n0\r\n\r\n", "-1\r\n\r\n", "+5\r\nhello\r\n0\r\n\r\n", "zz\r\n", "\r\n",
        "ffffffffffffffff\r\n", "0\r\nno colon\r\n\r\n", "0\r\n\r\nafter", "5;x=y\r\nhello\r\n0\r\n\r\n",
        "7fffffffffffffff\r\nx",
    ])
    func `A malformed body is refused`(text: String) {
        #expect(throws: S3Error.self) {
            try AWSChunkedBody(Array(text.utf8), mode: .unsignedTrailer, verifier: nil)
        }
    }

    @Test func `A chunk without its signature is refused where chunks are signed`() {
        #expect(throws: S3Error.self) {
            try AWSChunkedBody(Array("0\r\n\r\n".utf8), mode: .signed, verifier: nil)
        }
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
            guard let body = try? AWSChunkedBody(bytes, mode: .unsignedTrailer, verifier: nil) else { continue }
            #expect(body.data.count <= bytes.count)
        }
    }
}

struct ChecksumTests {
    /// Of "123456789": the check values of the CRC catalogue.
    @Test(arguments: [
        (Checksum.crc32, "y/Q5Jg=="), (.crc32c, "4waSgw=="), (.crc64nvme, "rosUhgp5mIg="),
        (.sha1, "98O8HYCOBHMq32eZZczDTKeuNEE="),
    ])
    func `Known values`(checksum: Checksum, value: String) {
        #expect(checksum.value(of: Array("123456789".utf8)) == value)
    }
}

struct S3RouteTests {
    @Test(arguments: [
        (HTTPRequest.Method.get, "/", "", "ListBuckets"), (.get, "/b", "", "ListObjects"),
        (.get, "/b/", "list-type=2", "ListObjectsV2"), (.get, "/b", "location", "GetBucketLocation"),
        (.put, "/b", "", "CreateBucket"), (.head, "/b", "", "HeadBucket"), (.delete, "/b", "", "DeleteBucket"),
        (.post, "/b", "delete", "DeleteObjects"), (.get, "/b/k", "", "GetObject"), (.head, "/b/k", "", "HeadObject"),
        (.put, "/b/k", "x-id=PutObject", "PutObject"), (.delete, "/b//k/", "", "DeleteObject"),
        (.get, "/b", "acl", "NotImplemented"), (.put, "/b/k", "partNumber=1&uploadId=x", "NotImplemented"),
        (.post, "/", "", "MethodNotAllowed"), (.patch, "/b/k", "", "MethodNotAllowed"),
    ])
    func `Method, path and query decide the operation`(
        method: HTTPRequest.Method, path: String, query: String, expected: String
    ) throws {
        let items = try #require(QueryItems(parsing: query))
        let answer: String
        do {
            answer = try S3Route(method: method, path: path, query: items, headers: [:]).operation.rawValue
        } catch {
            answer = error.code
        }
        #expect(answer == expected)
    }

    @Test(arguments: [
        ("bytes=0-4", 0..<5), ("bytes=3-", 3..<10), ("bytes=-3", 7..<10), ("bytes=-30", 0..<10), ("bytes=9-99", 9..<10),
    ])
    func `Ranges resolve within the object`(text: String, expected: Range<Int>) throws {
        #expect(try #require(S3ByteRange(text)).resolved(size: 10) == expected)
    }

    @Test(arguments: ["bytes=", "bytes=-", "bytes=5-4", "bytes=a-b", "bytes=0-1,3-4", "items=0-1", "bytes=0--1"])
    func `Other ranges are ignored`(text: String) {
        #expect(S3ByteRange(text) == nil)
    }

    @Test(arguments: ["bytes=10-", "bytes=-0", "bytes=99-100"])
    func `A range beyond the object is refused`(text: String) throws {
        let range = try #require(S3ByteRange(text))
        #expect(throws: S3Error.self) { try range.resolved(size: 10) }
    }
}

/// A small seeded generator (SplitMix64), so that a failure can be repeated.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
