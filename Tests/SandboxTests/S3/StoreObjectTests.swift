import Foundation
import HTTPTypes
import S3Server
import Testing

@testable import Sandbox

struct StoreObjectTests {
    private static let colour = HTTPField.Name("x-amz-meta-colour")!

    @Test(arguments: [
        (S3Conditions(ifNoneMatch: .any), "200", "412 PreconditionFailed"),
        (S3Conditions(ifNoneMatch: .list(["c4ca4238a0b923820dcc509a6f75849b"])), "200", "412 PreconditionFailed"),
        (S3Conditions(ifNoneMatch: .list(["other"])), "200", "200"),
        (S3Conditions(ifMatch: .any), "404 NoSuchKey", "200"),
        (S3Conditions(ifMatch: .list(["c4ca4238a0b923820dcc509a6f75849b"])), "404 NoSuchKey", "200"),
        (S3Conditions(ifMatch: .list(["other"])), "404 NoSuchKey", "412 PreconditionFailed"),
    ])
    func `Writes hold to their conditions`(conditions: S3Conditions, ofNone: String, ofOne: String) async throws {
        try await StoreFixture.run { store in
            try await store.makeBucket(versioning: .enabled)
            let write = { _ = try await store.put("k", "2", S3NewObject(conditions: conditions)) }
            try await store.delete("k")
            #expect(try await refusal(write) == ofNone)
            try await store.put("k", "1")
            #expect(try await refusal(write) == ofOne)
        }
    }

    @Test func `Of writers that want to be the first one is`() async throws {
        try await StoreFixture.run { store in
            try await store.makeBucket()
            let outcomes = try await withThrowingTaskGroup(of: String.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        try await refusal {
                            try await store.put(
                                "k", "\(number)", S3NewObject(conditions: S3Conditions(ifNoneMatch: .any)))
                        }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes.sorted() == ["200"] + Array(repeating: "412 PreconditionFailed", count: 7))
        }
    }

    @Test func `A large object is one file, which goes with it`() async throws {
        try await StoreFixture.run { store in
            try await store.makeBucket()
            let text = String(repeating: "0123456789", count: 20_000)
            try await store.put("big", text)
            try await store.put("big", text + "x")
            #expect(try await store.get("big") == text + "x")
            let range = S3Reading(range: .from(199_995, through: nil))
            #expect(try await store.get("big", nil, range) == "56789x")
            try await store.delete("big")
            #expect(try await store.count("blob WHERE file IS NOT NULL") == 0)
        }
    }

    @Test(arguments: [false, true])
    func `What is read of an object is the same wherever its bytes are`(onDisk: Bool) async throws {
        try await StoreFixture.run(onDisk: onDisk) { store in
            try await store.makeBucket(versioning: .enabled)
            let large = String(repeating: "0123456789", count: 20_000)
            try await store.put("empty")
            try await store.put("file", large)
            try await store.put("row", "0123456789")
            let parts = try await MultipartFixture(store, key: "pieces")
            let (one, two) = (
                try await parts.part(1, StoreMultipartTests.large), try await parts.part(2, [0x30, 0x31])
            )
            _ = try await parts.complete([one, two])
            let part = try await MultipartFixture(store, key: "within")
            _ = try await part.complete([try await part.copy(1, store.name("file"), 5..<15)])
            try await store.put("gone", "x")
            try await store.delete("gone")

            #expect(try await store.get("empty") == "")
            #expect(try await store.get("file") == large)
            #expect(try await store.get("row") == "0123456789")
            #expect(try await store.get("within") == "5678901234")
            let range = S3Reading(range: .from(1, through: 3))
            for (key, text) in [("file", "123"), ("row", "123"), ("within", "678"), ("pieces", "xxx")] {
                #expect(try await store.get(key, nil, range) == text)
                let head = try await store.backend.headObject(store.name(key), range, store.call())
                #expect(head.range == 1..<4)
            }
            #expect(try await store.get("pieces", nil, S3Reading(range: .last(3))) == "x01")
            for (key, error) in [("empty", "416 InvalidRange"), ("gone", "404 NoSuchKey"), ("none", "404 NoSuchKey")] {
                #expect(try await refusal { _ = try await store.get(key, nil, range) } == error)
            }
            let known = S3Reading(range: .from(9, through: 9), conditions: S3Conditions(ifNoneMatch: .any))
            #expect(try await refusal { _ = try await store.get("empty", nil, known) } == "304 NotModified")

            #expect(try await store.list().entries.map(\.key) == ["empty", "file", "pieces", "row", "within"])
            let versions = try await store.backend.listObjectVersions(S3VersionListing(bucket: "bbb"), store.call())
            #expect(versions.versions.filter { $0.key == "gone" }.map(\.isDeleteMarker) == [true, false])
        }
    }

    @Test func `A body that is not what was claimed leaves nothing`() async throws {
        try await StoreFixture.run { store in
            try await store.makeBucket()
            for size in [3, 200_000] {
                let upload = try S3Upload.of(
                    Array(repeating: 7, count: size), headers: [HTTPField.Name("x-amz-checksum-crc32")!: "AAAAAA=="])
                let put = {
                    _ = try await store.backend.putObject(store.name("k"), S3NewObject(), upload, store.call())
                }
                #expect(try await refusal(put) == "400 BadDigest")
            }
            #expect(try await store.count("object_version WHERE bucket_id = 2") == 0)
            #expect(try await store.count("blob") == 4)
        }
    }

    // MARK: Copies

    @Test func `A copy shares the bytes of its source and outlives it`() async throws {
        try await StoreFixture.run { store in
            try await store.makeBucket()
            let new = S3NewObject(headers: [Self.colour: "green"], tags: [S3Tag(key: "a", value: "b c&d=+")])
            try await store.put("from", "bytes", new)
            let info = try await store.backend.copyObject(
                S3Copy(source: store.name("from")), to: store.name("to"), store.call())
            #expect(info.headers[Self.colour] == "green")
            #expect(info.tagCount == 1)
            #expect(try await store.count("blob") == 5)
            try await store.delete("from")
            #expect(try await store.get("to") == "bytes")
            #expect(try await store.backend.objectTags(store.name("to"), store.call()).tags == new.tags)
            try await store.delete("to")
            #expect(try await store.count("blob") == 4)
        }
    }

    @Test func `A copy to itself must change something, and keeps the bytes`() async throws {
        try await StoreFixture.run { store in
            try await store.makeBucket()
            try await store.put("k", "bytes", S3NewObject(headers: [Self.colour: "green"]))
            var copy = S3Copy(source: store.name("k"))
            #expect(
                try await refusal { _ = try await store.backend.copyObject(copy, to: store.name("k"), store.call()) }
                    == "400 InvalidRequest")
            copy.headers = [Self.colour: "red"]
            copy.checksum = .sha256
            let info = try await store.backend.copyObject(copy, to: store.name("k"), store.call())
            #expect(info.headers == [Self.colour: "red"])
            #expect(info.checksum == S3Checksum(.sha256, of: Array("bytes".utf8)))
            #expect(try await store.get("k") == "bytes")
            #expect(try await store.count("blob") == 5)
        }
    }

    @Test func `A copy holds to the conditions of source and destination`() async throws {
        try await StoreFixture.run { store in
            try await store.makeBucket(versioning: .enabled)
            let first = try await store.put("from", "1")
            try await store.put("from", "2")
            let version = try #require(first.versionID)
            var copy = S3Copy(
                source: store.name("from"), sourceConditions: S3Conditions(ifMatch: .list([first.etag])))
            func run(_ copy: S3Copy) async throws -> String {
                try await refusal { _ = try await store.backend.copyObject(copy, to: store.name("to"), store.call()) }
            }
            #expect(try await run(copy) == "412 PreconditionFailed")
            copy.source.versionID = version
            copy.conditions = S3Conditions(ifNoneMatch: .any)
            #expect(try await run(copy) == "200")
            #expect(try await store.get("to") == "1")
            #expect(try await run(copy) == "412 PreconditionFailed")
            copy.source = store.name("none")
            #expect(try await run(copy) == "404 NoSuchKey")
        }
    }

    // MARK: Tags and attributes

    @Test func `Tags are put, told and taken away`() async throws {
        try await StoreFixture.run { store in
            try await store.makeBucket()
            let tags = [S3Tag(key: "key ü", value: ""), S3Tag(key: "=&", value: "+ %20")]
            #expect(
                try await refusal { _ = try await store.backend.bucketTags("bbb", store.call()) } == "404 NoSuchTagSet")
            try await store.backend.putBucketTags(tags, "bbb", store.call())
            #expect(try await store.backend.bucketTags("bbb", store.call()) == tags)
            try await store.put("k", "1")
            #expect(try await store.backend.putObjectTags(tags, store.name("k"), store.call()) == nil)
            #expect(try await store.backend.objectTags(store.name("k"), store.call()).tags == tags)
            #expect(try await store.backend.headObject(store.name("k"), S3Reading(), store.call()).info.tagCount == 2)
            _ = try await store.backend.putObjectTags([], store.name("k"), store.call())
            #expect(try await store.backend.objectTags(store.name("k"), store.call()).tags == [])
        }
    }

    @Test func `Headers come back as they were`() async throws {
        try await StoreFixture.run { store in
            try await store.makeBucket()
            let headers: HTTPFields = [.contentType: "text/plain; charset=utf-8", Self.colour: "a: b, ü", .expires: ""]
            try await store.put("k", "1", S3NewObject(headers: headers))
            let info = try await store.backend.headObject(store.name("k"), S3Reading(), store.call()).info
            #expect(info.headers == headers)
            #expect(info.checksum == S3Checksum(.crc64nvme, of: Array("1".utf8)))
        }
    }

    // MARK: Cost

    @Test func `Each call is one read or one commit, of few statements`() async throws {
        try await StoreFixture.run { store in
            try await store.makeBucket()
            let write = ["BEGIN": 1, "COMMIT": 1]
            let read = ["BEGIN": 1, "COMMIT": 1]
            let put = try await store.statements { try await store.put("k", "1") }
            #expect(put == write.merging(["SELECT": 2, "INSERT": 3]) { $0 + $1 })
            let get = try await store.statements { _ = try await store.get("k") }
            #expect(get == read.merging(["SELECT": 1]) { $0 + $1 })
            let head = try await store.statements {
                _ = try await store.backend.headObject(store.name("k"), S3Reading(), store.call())
            }
            #expect(head == read.merging(["SELECT": 1]) { $0 + $1 })
            // Asked whether it is new, the row is looked at without its bytes.
            let known = S3Reading(conditions: S3Conditions(ifNoneMatch: .any))
            var answer = ""
            let notModified = try await store.statements {
                answer = try await refusal { _ = try await store.get("k", nil, known) }
            }
            #expect(answer == "304 NotModified")
            #expect(notModified == ["BEGIN": 1, "SELECT": 1, "ROLLBACK": 1])
            // Of the four, two are foreign keys': the segments and the parts go with their object.
            let overwrite = try await store.statements { try await store.put("k", "2") }
            #expect(overwrite == write.merging(["SELECT": 3, "INSERT": 3, "DELETE": 4]) { $0 + $1 })
            let list = try await store.statements { _ = try await store.list() }
            #expect(list == read.merging(["SELECT": 3]) { $0 + $1 })
            let delete = try await store.statements { try await store.delete("k") }
            #expect(delete == write.merging(["SELECT": 3, "DELETE": 4]) { $0 + $1 })
        }
    }
}
