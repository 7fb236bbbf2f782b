import GRDB
import S3Server
import SQLiteStatements

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// One version of an object, or a delete marker, on record.
struct ObjectVersion: Sendable, Equatable {
    let id: Int64
    /// nil: the null version.
    let versionID: String?
    let isCurrent: Bool
    let isDeleteMarker: Bool
    let contents: ObjectRecord

    static let columns = """
        object_version.id, object_version.version_id, object_version.is_current, object_version.is_delete_marker, \
        object_version.size, object_version.etag, object_version.modified_at, object_version.headers, \
        object_version.checksum, object_version.owner, object_version.acl, object_version.tags, \
        object_version.part_count
        """

    init(_ row: inout RowDecoder) throws {
        id = try row.integer()
        versionID = row.optionalText()
        isCurrent = try row.bool()
        isDeleteMarker = try row.bool()
        contents = ObjectRecord(
            size: try row.int(), etag: try row.text(), modifiedAt: try row.integer(), headers: try row.text(),
            checksum: S3Checksum(stored: row.optionalText()), owner: row.optionalText(),
            access: AccessList(stored: row.optionalText()), tags: StoredTags.decode(row.optionalText()),
            partCount: row.optionalInt())
    }

    /// As clients name it.
    var shownID: String { versionID ?? "null" }

    /// - Parameter bucket: says whether there is a version to be told.
    func info(in bucket: Bucket) -> S3ObjectInfo {
        S3ObjectInfo(
            size: contents.size, etag: contents.etag, modifiedAt: Timestamp.date(contents.modifiedAt),
            headers: StoredHeaders.decode(contents.headers), versionID: bucket.versioning == nil ? nil : shownID,
            checksum: contents.checksum, partCount: contents.partCount, tagCount: contents.tags.count)
    }
}

/// What is recorded of an object beside its name and its bytes.
struct ObjectRecord: Sendable, Equatable {
    var size: Int
    var etag: String
    var modifiedAt: Milliseconds
    /// As `StoredHeaders` has them.
    var headers: String
    var checksum: S3Checksum?
    /// nil: anonymous.
    var owner: String?
    var access: AccessList
    var tags: [S3Tag]
    /// nil for an object not uploaded in parts.
    var partCount: Int?
}

/// Where bytes of an object or a part are: `length` bytes of a blob.
struct Segment: Sendable, Equatable {
    /// Within the object or part.
    var start: Int
    let length: Int
    let blob: Int64
    let blobOffset: Int
}

/// Keys as the database holds them.
enum KeyBytes {
    /// After every key: no byte of UTF-8 is as high.
    static let highest = Data([0xFF])

    static func of(_ key: String) -> Data {
        // `Data` of any sequence looks at run time for what sequence it is.
        var key = key
        return key.withUTF8 { unsafe Data(buffer: $0) }
    }

    /// The first that sorts after `key`.
    static func after(_ key: String) -> Data { of(key) + [0] }

    /// The first that sorts after everything that begins with `prefix`.
    static func end(of prefix: String) -> Data {
        var bytes = of(prefix)
        guard let last = bytes.popLast() else { return highest }
        bytes.append(last + 1)
        return bytes
    }
}
