public import HTTPTypes

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

public protocol S3ObjectReader<Identity>: S3Backend {
    /// - Throws: also `S3Error.notModified` 304 and `PreconditionFailed` 412, as the conditions say.
    func headObject(
        _ object: S3ObjectName, _ reading: S3Reading, _ call: S3Call<Identity>
    ) async throws -> S3ObjectPart
    /// As `headObject`, with the bytes.
    func getObject(
        _ object: S3ObjectName, _ reading: S3Reading, _ call: S3Call<Identity>
    ) async throws -> S3ObjectContent
}

public protocol S3ObjectWriter<Identity>: S3Backend {
    /// Reads `upload` to its end; nothing is stored when that throws.
    func putObject(
        _ object: S3ObjectName, _ new: S3NewObject, _ upload: S3Upload, _ call: S3Call<Identity>
    ) async throws -> S3ObjectInfo
    func copyObject(
        _ copy: S3Copy, to object: S3ObjectName, _ call: S3Call<Identity>
    ) async throws -> S3ObjectInfo
    /// Deletes each object or version by itself, and answers in the order asked. What does not exist counts as deleted.
    /// - Throws: what concerns all of them: the bucket, for one.
    func deleteObjects(
        _ objects: [S3Deletion], in bucket: String, _ call: S3Call<Identity>
    ) async throws -> [Result<S3Deleted, S3Error>]
}

/// An object, or one version of it. Keys are compared byte by byte: Unicode's equivalences do not hold in S3.
public struct S3ObjectName: Sendable, Hashable {
    public var bucket: String
    public var key: String
    /// `null` names the version written while versioning was off. nil: the latest.
    public var versionID: String?

    public init(bucket: String, key: String, versionID: String? = nil) {
        self.bucket = bucket
        self.key = key
        self.versionID = versionID
    }

    public static func == (left: Self, right: Self) -> Bool {
        left.bucket.utf8.elementsEqual(right.bucket.utf8) && left.key.utf8.elementsEqual(right.key.utf8)
            && left.versionID == right.versionID
    }

    public func hash(into hasher: inout Hasher) {
        for byte in key.utf8 { hasher.combine(byte) }
    }
}

/// What of an object is asked for.
public struct S3Reading: Sendable, Equatable {
    /// As the client asked; to be resolved against the object's size.
    public var range: S3ByteRange?
    /// One part of a multipart upload, from 1; of any other object there is part 1.
    public var partNumber: Int?
    public var conditions: S3Conditions
    /// `x-amz-checksum-mode: ENABLED`.
    public var wantsChecksum: Bool

    public init(
        range: S3ByteRange? = nil, partNumber: Int? = nil, conditions: S3Conditions = S3Conditions(),
        wantsChecksum: Bool = false
    ) {
        self.range = range
        self.partNumber = partNumber
        self.conditions = conditions
        self.wantsChecksum = wantsChecksum
    }
}

public struct S3ObjectInfo: Sendable, Equatable {
    public var size: Int
    /// Without quotes.
    public var etag: String
    public var modifiedAt: Date
    /// What is kept with the object: `Content-Type`, `Cache-Control`, …, `x-amz-meta-…`.
    public var headers: HTTPFields
    /// nil where the bucket was never versioned.
    public var versionID: String?
    public var checksum: S3Checksum?
    /// Parts of a multipart upload; nil for others.
    public var partCount: Int?
    public var tagCount: Int

    public init(
        size: Int, etag: String, modifiedAt: Date, headers: HTTPFields = [:], versionID: String? = nil,
        checksum: S3Checksum? = nil, partCount: Int? = nil, tagCount: Int = 0
    ) {
        self.size = size
        self.etag = etag
        self.modifiedAt = modifiedAt
        self.headers = headers
        self.versionID = versionID
        self.checksum = checksum
        self.partCount = partCount
        self.tagCount = tagCount
    }
}

/// An object and which of its bytes are meant.
public struct S3ObjectPart: Sendable, Equatable {
    public var info: S3ObjectInfo
    /// nil for all of it.
    public var range: Range<Int>?

    public init(info: S3ObjectInfo, range: Range<Int>? = nil) {
        self.info = info
        self.range = range
    }
}

public struct S3ObjectContent: Sendable {
    public var part: S3ObjectPart
    public var content: S3Content

    public init(part: S3ObjectPart, content: S3Content) {
        self.part = part
        self.content = content
    }
}

/// What a new object is stored with.
public struct S3NewObject: Sendable, Equatable {
    /// `Content-Type` and the other headers kept with the object, `x-amz-meta-…` among them.
    public var headers: HTTPFields
    public var tags: [S3Tag]
    public var access: S3AccessRequest?
    /// Of what is there now.
    public var conditions: S3Conditions

    public init(
        headers: HTTPFields = [:], tags: [S3Tag] = [], access: S3AccessRequest? = nil,
        conditions: S3Conditions = S3Conditions()
    ) {
        self.headers = headers
        self.tags = tags
        self.access = access
        self.conditions = conditions
    }
}

public struct S3Copy: Sendable, Equatable {
    public var source: S3ObjectName
    public var sourceConditions: S3Conditions
    /// Replace the source's; nil keeps them.
    public var headers: HTTPFields?
    /// Replace the source's; nil keeps them.
    public var tags: [S3Tag]?
    public var access: S3AccessRequest?
    /// Of what is at the destination now.
    public var conditions: S3Conditions
    /// The checksum the copy is to have; nil: the source's, or the default.
    public var checksum: S3ChecksumAlgorithm?

    public init(
        source: S3ObjectName, sourceConditions: S3Conditions = S3Conditions(), headers: HTTPFields? = nil,
        tags: [S3Tag]? = nil, access: S3AccessRequest? = nil, conditions: S3Conditions = S3Conditions(),
        checksum: S3ChecksumAlgorithm? = nil
    ) {
        self.source = source
        self.sourceConditions = sourceConditions
        self.headers = headers
        self.tags = tags
        self.access = access
        self.conditions = conditions
        self.checksum = checksum
    }
}

public struct S3Deletion: Sendable, Equatable {
    public var key: String
    public var versionID: String?
    /// Of what is there now; `ifMatch` alone, its size and time are not asked for here.
    public var conditions: S3Conditions

    public init(key: String, versionID: String? = nil, conditions: S3Conditions = S3Conditions()) {
        self.key = key
        self.versionID = versionID
        self.conditions = conditions
    }
}

public struct S3Deleted: Sendable, Equatable {
    public var key: String
    /// The version that was asked for.
    public var versionID: String?
    /// The version id of the delete marker that was made, or removed; nil for none.
    public var deleteMarker: String?

    public init(key: String, versionID: String? = nil, deleteMarker: String? = nil) {
        self.key = key
        self.versionID = versionID
        self.deleteMarker = deleteMarker
    }
}
