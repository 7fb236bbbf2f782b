import HTTPTypes
import SigV4
import Testing

@testable import S3Server

struct S3RouteTests {
    @Test(arguments: [
        (HTTPRequest.Method.get, "/", "", "ListBuckets"), (.get, "/b", "", "ListObjects"),
        (.get, "/b/", "list-type=2", "ListObjectsV2"), (.get, "/b", "location", "GetBucketLocation"),
        (.put, "/b", "", "CreateBucket"), (.head, "/b", "", "HeadBucket"), (.delete, "/b", "", "DeleteBucket"),
        (.post, "/b", "delete", "DeleteObjects"), (.get, "/b/k", "", "GetObject"), (.head, "/b/k", "", "HeadObject"),
        (.put, "/b/k", "x-id=PutObject", "PutObject"), (.delete, "/b//k/", "", "DeleteObject"),
        (.get, "/b", "acl", "GetBucketAcl"), (.put, "/b/k", "partNumber=1&uploadId=x", "UploadPart"),
        (.get, "/b", "policy", "NotImplemented"), (.post, "/b/k", "uploads", "CreateMultipartUpload"),
        (.get, "/b/k", "versionId=1", "GetObject"), (.get, "/b", "versions", "ListObjectVersions"),
        (.post, "/", "", "MethodNotAllowed"), (.patch, "/b/k", "", "MethodNotAllowed"),
    ])
    func `Method, path and query decide the operation`(
        method: HTTPRequest.Method, path: String, query: String, expected: String
    ) throws {
        let items = try #require(QueryItems(parsing: query[...]))
        let answer: String
        do {
            answer = try S3Route(method: method, path: path, query: items, headers: [:]).operation.rawValue
        } catch {
            answer = error.code
        }
        #expect(answer == expected)
    }

    @Test(arguments: [(nil, "400 BadRequest"), ("https://example.com", "403 AccessForbidden")])
    func `A browser's question is refused before its sender is looked for`(origin: String?, answer: String) {
        var request = HTTPRequest(method: .options, scheme: "http", authority: "h", path: "/b/k")
        request.headerFields[.origin] = origin
        let error = #expect(throws: S3Error.self) { try S3Route.refusePreflight(request) }
        #expect(error.map { "\($0.status) \($0.code)" } == answer)
    }

    @Test(arguments: [
        ("bytes=0-4", 0..<5), ("bytes=3-", 3..<10), ("bytes=-3", 7..<10), ("bytes=-30", 0..<10), ("bytes=9-99", 9..<10),
    ])
    func `Ranges resolve within the object`(text: String, expected: Range<Int>) throws {
        let range = try #require(S3ByteRange(text))
        #expect(try range.resolved(size: 10) == expected)
        #expect(range.description == text)
    }

    @Test(arguments: ["bytes=", "bytes=-", "bytes=5-4", "bytes=a-b", "bytes=0-1,3-4", "items=0-1", "bytes=0--1"])
    func `Other ranges are ignored`(text: String) {
        #expect(S3ByteRange(text) == nil)
    }

    @Test(arguments: [
        ("bytes=0-4", 0..<5), ("bytes=5-5", 5..<6), ("bytes=0-9223372036854775806", 0..<Int.max),
        ("bytes=0-9223372036854775807", nil), ("bytes=9223372036854775807-9223372036854775807", nil), ("bytes=3-", nil),
        ("bytes=-3", nil),
    ])
    func `The range of a copy has both ends`(text: String, positions: Range<Int>?) {
        #expect(S3ByteRange(text)?.closed == positions)
        if let positions { #expect(S3ByteRange(positions).description == text) }
    }

    @Test(arguments: ["bytes=10-", "bytes=-0", "bytes=99-100"])
    func `A range beyond the object is refused`(text: String) throws {
        let range = try #require(S3ByteRange(text))
        #expect(throws: S3Error.self) { try range.resolved(size: 10) }
    }
}
