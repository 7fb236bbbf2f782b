import Foundation
import HTTPTypes
import S3Server
import Testing

@testable import Sandbox

struct StoreMultipartTests {
    static let large = Array(repeating: UInt8(ascii: "x"), count: 5 << 20)

    @Test func `Parts become an object, whatever order they came in`() async throws {
        try await MultipartFixture.run { upload in
            let two = try await upload.part(2, Array("tail".utf8))
            let one = try await upload.part(1, Self.large)
            let info = try await upload.complete([one, two])
            #expect(info.size == Self.large.count + 4)
            #expect(info.etag == PartList(parts: [one, two]).etag)
            #expect(info.etag.hasSuffix("-2"))
            #expect(info.partCount == 2)
            #expect(info.checksum == S3Checksum(.crc64nvme, of: Self.large + Array("tail".utf8)))
            let get = try await upload.store.statements { _ = try await upload.store.get("k") }
            #expect(get == ["BEGIN": 1, "SELECT": 2, "COMMIT": 1])
            let end = S3Reading(range: .last(6))
            #expect(try await upload.store.get("k", nil, end) == "xxtail")
            #expect(try await upload.store.get("k", nil, S3Reading(partNumber: 2)) == "tail")
            let missing = S3Reading(partNumber: 3)
            #expect(try await refusal { _ = try await upload.store.get("k", nil, missing) } == "400 InvalidPart")
            #expect(try await upload.store.count("upload_part") == 0)
            #expect(try await upload.store.count("upload_segment") == 0)
            try await upload.store.delete("k")
            #expect(try await upload.store.count("blob") == 4)
        }
    }

    @Test func `Completing again answers the same, with other parts not`() async throws {
        try await MultipartFixture.run { upload in
            let part = try await upload.part(1, [1])
            let info = try await upload.complete([part])
            let again = try await upload.complete([part])
            #expect(again.etag == info.etag)
            #expect(again.checksum == info.checksum)
            var other = part
            other.etag = "00000000000000000000000000000000"
            #expect(try await refusal { _ = try await upload.complete([other]) } == "404 NoSuchUpload")
            #expect(try await refusal { _ = try await upload.part(2, [2]) } == "404 NoSuchUpload")
        }
    }

    @Test func `A part that is sent again replaces the first`() async throws {
        try await MultipartFixture.run { upload in
            let first = try await upload.part(1, Self.large)
            let second = try await upload.part(1, Array("again".utf8))
            #expect(try await refusal { _ = try await upload.complete([first]) } == "400 InvalidPart")
            #expect(try await refusal { _ = try await upload.complete([second, first]) } == "400 InvalidPart")
            _ = try await upload.complete([first, second])
            #expect(try await upload.store.get("k") == "again")
            #expect(try await upload.complete([second]).etag.hasSuffix("-1"))
            #expect(try await upload.store.count("blob") == 5)
        }
    }

    @Test func `Parts that were not chosen go`() async throws {
        try await MultipartFixture.run { upload in
            let parts = [
                try await upload.part(1, [1]), try await upload.part(3, Self.large), try await upload.part(7, [3]),
            ]
            let info = try await upload.complete(Array(parts[1...]))
            #expect(info.size == Self.large.count + 1)
            #expect(try await upload.store.count("blob") == 6)
            let attributes = try await upload.store.backend.objectAttributes(
                upload.store.name("k"), partsAfter: 0, limit: 1, upload.store.call())
            #expect(attributes.parts.map(\.number) == [3])
            #expect(attributes.isTruncated)
        }
    }

    @Test func `What is no list of parts is refused, and the upload goes on`() async throws {
        try await MultipartFixture.run { upload in
            let small = try await upload.part(1, [1])
            let large = try await upload.part(2, Self.large)
            #expect(try await refusal { _ = try await upload.complete([large, small]) } == "400 InvalidPartOrder")
            #expect(try await refusal { _ = try await upload.complete([small, large]) } == "400 EntityTooSmall")
            var unknown = small
            unknown.number = 9
            #expect(try await refusal { _ = try await upload.complete([unknown]) } == "400 InvalidPart")
            #expect(try await refusal { _ = try await upload.complete([small], size: 2) } == "400 InvalidRequest")
            let wrong = S3Checksum(.crc64nvme, "AAAAAAAAAAA=")
            #expect(try await refusal { _ = try await upload.complete([small], wrong) } == "400 BadDigest")
            _ = try await upload.complete([small], S3Checksum(.crc64nvme, of: [1]), size: 1)
        }
    }

    @Test func `An aborted upload leaves nothing`() async throws {
        try await MultipartFixture.run { upload in
            _ = try await upload.part(1, Self.large)
            _ = try await upload.part(2, [1])
            try await upload.store.backend.abortMultipartUpload(upload.name, upload.store.call())
            #expect(try await upload.store.count("upload") == 0)
            #expect(try await upload.store.count("blob") == 4)
            #expect(try await refusal { _ = try await upload.part(1, [1]) } == "404 NoSuchUpload")
        }
    }

    @Test func `A bucket takes its unfinished uploads with it`() async throws {
        try await MultipartFixture.run { upload in
            _ = try await upload.part(1, Self.large)
            try await upload.store.backend.deleteBucket("bbb", upload.store.call())
            #expect(try await upload.store.count("blob") == 4)
        }
    }

    @Test(arguments: [
        (S3ChecksumAlgorithm.crc32, S3ChecksumType.composite), (.crc32, .fullObject), (.crc32c, .composite),
        (.crc32c, .fullObject), (.crc64nvme, .fullObject), (.sha1, .composite), (.sha256, .composite),
    ])
    func `An object's checksum follows from its parts'`(
        algorithm: S3ChecksumAlgorithm, type: S3ChecksumType
    ) async throws {
        try await MultipartFixture.run(algorithm, type) { upload in
            let pieces = [Self.large, Array("hello, ".utf8)]
            var parts: [S3Part] = []
            for (index, bytes) in pieces.enumerated() { parts.append(try await upload.part(index + 1, bytes)) }
            let info = try await upload.complete(parts)
            switch type {
            case .fullObject:
                #expect(info.checksum == S3Checksum(algorithm, of: pieces.flatMap { $0 }))
            case .composite:
                let digests = try pieces.flatMap { piece in
                    [UInt8](try #require(Data(base64Encoded: S3Checksum(algorithm, of: piece).value)))
                }
                let value = S3Checksum(algorithm, of: digests).value
                #expect(info.checksum == S3Checksum(algorithm, "\(value)-2", type: .composite))
            }
            let first = try await upload.store.backend.headObject(
                upload.store.name("k"), S3Reading(partNumber: 1), upload.store.call())
            #expect(first.info.checksum?.value == S3Checksum(algorithm, of: Self.large).value)
        }
    }

    @Test func `A part's checksum is of the upload's algorithm`() async throws {
        try await MultipartFixture.run(.sha256, nil) { upload in
            let body = try S3Upload.of(
                [1],
                headers: [
                    HTTPField.Name("x-amz-checksum-crc32")!: S3Checksum(.crc32, of: [1]).value
                ])
            let name = S3PartName(upload: upload.name, number: 1)
            #expect(
                try await refusal { _ = try await upload.store.backend.uploadPart(name, body, upload.store.call()) }
                    == "400 InvalidRequest")
        }
    }

    @Test(arguments: [
        (S3ChecksumType.composite, "400 InvalidRequest"), (.fullObject, "200"),
    ])
    func `A part without a checksum is for uploads that need none`(
        type: S3ChecksumType, expected: String
    ) async throws {
        try await MultipartFixture.run(.crc32, type) { upload in
            let name = S3PartName(upload: upload.name, number: 1)
            let answer = try await refusal {
                _ = try await upload.store.backend.uploadPart(name, .of([1]), upload.store.call())
            }
            #expect(answer == expected)
        }
    }

    @Test(arguments: [S3ChecksumAlgorithm.crc32, .crc32c, .crc64nvme])
    func `Parts without checksums get those that the upload's is made of`(
        algorithm: S3ChecksumAlgorithm
    ) async throws {
        try await MultipartFixture.run(algorithm, .fullObject) { upload in
            let pieces = [Self.large, Array("hello, ".utf8)]
            var parts: [S3Part] = []
            for (index, bytes) in pieces.enumerated() {
                let name = S3PartName(upload: upload.name, number: index + 1)
                parts.append(try await upload.store.backend.uploadPart(name, .of(bytes), upload.store.call()))
            }
            let whole = S3Checksum(algorithm, of: pieces.flatMap { $0 })
            #expect(try await upload.complete(parts, whole).checksum == whole)
        }
    }

    // MARK: Copies

    @Test func `Parts are copied from ranges without their bytes`() async throws {
        try await MultipartFixture.run { upload in
            let store = upload.store
            let one = try await upload.part(1, Self.large)
            let two = try await upload.part(2, Array("0123456789".utf8))
            _ = try await upload.complete([one, two])
            let next = try await MultipartFixture(store, key: "copy")
            // From the last bytes of one blob to the first of the next.
            let start = Self.large.count - 2
            let first = try await next.copy(1, store.name("k"), start..<(start + 5))
            #expect(try await store.put("plain", "xx012").etag == first.etag)
            try await store.delete("plain")
            _ = try await next.complete([first])
            #expect(try await store.get("copy") == "xx012")
            #expect(try await store.count("blob") == 6)
            try await store.delete("k")
            #expect(try await store.get("copy") == "xx012")
            try await store.delete("copy")
            #expect(try await store.count("blob") == 4)
        }
    }

    @Test func `A range outside the source is refused`() async throws {
        try await MultipartFixture.run { upload in
            try await upload.store.put("source", "12345")
            let source = upload.store.name("source")
            #expect(try await refusal { _ = try await upload.copy(1, source, 0..<22) } == "416 InvalidRange")
            #expect(try await refusal { _ = try await upload.copy(1, upload.store.name("none")) } == "404 NoSuchKey")
            #expect(try await upload.copy(1, source).size == 5)
        }
    }

    // MARK: Versions and conditions

    @Test func `A completed upload is a version, on its conditions`() async throws {
        try await MultipartFixture.run { upload in
            let store = upload.store
            try await store.backend.putBucketVersioning(.enabled, "bbb", store.call())
            let part = try await upload.part(1, [1])
            let condition = S3Conditions(ifNoneMatch: .any)
            try await store.put("k", "old")
            #expect(
                try await refusal { _ = try await upload.complete([part], conditions: condition) }
                    == "412 PreconditionFailed")
            let info = try await upload.complete([part])
            let version = try #require(info.versionID)
            #expect(try await upload.complete([part], conditions: condition).versionID == version)
            #expect(try await store.versions([version: "1"]).first == "*k 1")
        }
    }

    // MARK: Listing

    @Test func `Parts and uploads are paged`() async throws {
        try await MultipartFixture.run { upload in
            let store = upload.store
            for number in [5, 1, 3] { _ = try await upload.part(number, [UInt8(number)]) }
            let parts = try await store.backend.listParts(upload.name, after: 1, limit: 1, store.call())
            #expect(parts.parts.map(\.number) == [3])
            #expect(parts.isTruncated)
            #expect(parts.owner.displayName == "sandbox")
            let again = try await MultipartFixture(store, key: "k")
            _ = try await MultipartFixture(store, key: "d/1")
            _ = try await MultipartFixture(store, key: "d/2")
            var listing = S3UploadListing(bucket: "bbb", delimiter: "/", limit: 2)
            let first = try await store.backend.listMultipartUploads(listing, store.call())
            #expect(first.commonPrefixes == ["d/"])
            #expect(first.uploads.map(\.uploadID) == [upload.name.uploadID])
            #expect(first.isTruncated)
            (listing.afterKey, listing.afterUpload) = ("k", upload.name.uploadID)
            let second = try await store.backend.listMultipartUploads(listing, store.call())
            #expect(second.uploads.map(\.uploadID) == [again.name.uploadID])
            #expect(!second.isTruncated)
        }
    }

    @Test func `Completing is one commit, and a few statements for any number of parts`() async throws {
        try await MultipartFixture.run { upload in
            let part = try await upload.part(1, [1])
            let counts = try await upload.store.statements { _ = try await upload.complete([part]) }
            #expect(counts == ["BEGIN": 1, "COMMIT": 1, "SELECT": 5, "INSERT": 3, "DELETE": 3, "UPDATE": 1])
        }
    }
}

/// An upload in parts to a key of the bucket `bbb`.
struct MultipartFixture {
    let store: StoreFixture
    let name: S3UploadName
    private let algorithm: S3ChecksumAlgorithm?

    static func run(
        _ algorithm: S3ChecksumAlgorithm? = nil, _ type: S3ChecksumType? = nil,
        _ body: (MultipartFixture) async throws -> Void
    ) async throws {
        try await StoreFixture.run { store in
            try await store.makeBucket()
            try await body(MultipartFixture(store, key: "k", algorithm, type))
        }
    }

    init(
        _ store: StoreFixture, key: String, _ algorithm: S3ChecksumAlgorithm? = nil, _ type: S3ChecksumType? = nil
    ) async throws {
        self.store = store
        self.algorithm = algorithm
        let id = try await store.backend.createMultipartUpload(
            store.name(key), S3NewUpload(object: S3NewObject(), checksum: algorithm, checksumType: type), store.call())
        name = S3UploadName(object: store.name(key), uploadID: id)
    }

    func part(_ number: Int, _ bytes: [UInt8]) async throws -> S3Part {
        var headers = HTTPFields()
        if let algorithm, let field = HTTPField.Name(algorithm.header) {
            headers[field] = S3Checksum(algorithm, of: bytes).value
        }
        return try await store.backend.uploadPart(
            S3PartName(upload: name, number: number), .of(bytes, headers: headers), store.call())
    }

    func copy(_ number: Int, _ source: S3ObjectName, _ range: Range<Int>? = nil) async throws -> S3Part {
        try await store.backend.uploadPartCopy(
            S3PartName(upload: name, number: number), from: S3PartSource(object: source, range: range), store.call())
    }

    func complete(
        _ parts: [S3Part], _ checksum: S3Checksum? = nil, size: Int? = nil, conditions: S3Conditions = S3Conditions()
    ) async throws -> S3ObjectInfo {
        let completion = S3Completion(
            parts: parts.map { .init(number: $0.number, etag: $0.etag) }, checksum: checksum, size: size,
            conditions: conditions)
        return try await store.backend.completeMultipartUpload(name, completion, store.call())
    }
}
