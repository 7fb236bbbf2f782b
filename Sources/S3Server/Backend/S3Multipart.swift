#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

public protocol S3MultipartStore<Identity>: S3Backend {
    /// - Returns: the upload id.
    func createMultipartUpload(
        _ object: S3ObjectName, _ new: S3NewUpload, _ call: S3Call<Identity>
    ) async throws -> String
    /// Reads `body` to its end; nothing is stored when that throws.
    func uploadPart(
        _ part: S3PartName, _ body: S3Upload, _ call: S3Call<Identity>
    ) async throws -> S3Part
    func uploadPartCopy(
        _ part: S3PartName, from source: S3PartSource, _ call: S3Call<Identity>
    ) async throws -> S3Part
    /// - Throws: also `InvalidPart`, `InvalidPartOrder`, `EntityTooSmall`.
    func completeMultipartUpload(
        _ upload: S3UploadName, _ completion: S3Completion, _ call: S3Call<Identity>
    ) async throws -> S3ObjectInfo
    func abortMultipartUpload(_ upload: S3UploadName, _ call: S3Call<Identity>) async throws
    /// - Parameter after: a part number; 0: from the start.
    func listParts(
        _ upload: S3UploadName, after: Int, limit: Int, _ call: S3Call<Identity>
    ) async throws -> S3PartPage
    func listMultipartUploads(
        _ listing: S3UploadListing, _ call: S3Call<Identity>
    ) async throws -> S3UploadPage
}

/// An upload of an object in parts.
public struct S3UploadName: Sendable, Equatable {
    public var object: S3ObjectName
    public var uploadID: String

    public init(object: S3ObjectName, uploadID: String) {
        self.object = object
        self.uploadID = uploadID
    }
}

public struct S3PartName: Sendable, Equatable {
    public var upload: S3UploadName
    /// 1–10,000.
    public var number: Int

    public init(upload: S3UploadName, number: Int) {
        self.upload = upload
        self.number = number
    }
}

/// What a multipart upload's object is to be stored with.
public struct S3NewUpload: Sendable, Equatable {
    public var object: S3NewObject
    /// nil: the default, CRC-64/NVME of the whole object.
    public var checksum: S3ChecksumAlgorithm?
    /// nil: as the algorithm has it.
    public var checksumType: S3ChecksumType?

    public init(
        object: S3NewObject, checksum: S3ChecksumAlgorithm? = nil, checksumType: S3ChecksumType? = nil
    ) {
        self.object = object
        self.checksum = checksum
        self.checksumType = checksumType
    }
}

public struct S3Part: Sendable, Equatable {
    public var number: Int
    public var size: Int
    /// Without quotes.
    public var etag: String
    public var modifiedAt: Date
    public var checksum: S3Checksum?

    public init(number: Int, size: Int, etag: String, modifiedAt: Date, checksum: S3Checksum? = nil) {
        self.number = number
        self.size = size
        self.etag = etag
        self.modifiedAt = modifiedAt
        self.checksum = checksum
    }
}

/// Where UploadPartCopy takes a part's bytes from.
public struct S3PartSource: Sendable, Equatable {
    public var object: S3ObjectName
    public var conditions: S3Conditions
    /// `x-amz-copy-source-range`, which must lie within the object; nil: all of it.
    public var range: Range<Int>?

    public init(object: S3ObjectName, conditions: S3Conditions = S3Conditions(), range: Range<Int>? = nil) {
        self.object = object
        self.conditions = conditions
        self.range = range
    }
}

public struct S3Completion: Sendable, Equatable {
    public struct Part: Sendable, Equatable {
        public var number: Int
        /// Without quotes.
        public var etag: String
        /// Base64; nil where the client gave none.
        public var checksum: String?

        public init(number: Int, etag: String, checksum: String? = nil) {
            self.number = number
            self.etag = etag
            self.checksum = checksum
        }
    }

    /// As sent: the order is the backend's to check.
    public var parts: [Part]
    /// The checksum of the whole, as the client has it; another one answers `BadDigest`.
    public var checksum: S3Checksum?
    /// `x-amz-mp-object-size`; another size answers `InvalidRequest`.
    public var size: Int?
    public var conditions: S3Conditions

    public init(
        parts: [Part], checksum: S3Checksum? = nil, size: Int? = nil, conditions: S3Conditions = S3Conditions()
    ) {
        self.parts = parts
        self.checksum = checksum
        self.size = size
        self.conditions = conditions
    }
}

public struct S3PartPage: Sendable, Equatable {
    public var initiator: S3Owner
    public var owner: S3Owner
    public var checksum: S3ChecksumAlgorithm?
    public var checksumType: S3ChecksumType?
    /// In order of number.
    public var parts: [S3Part]
    public var isTruncated: Bool

    public init(
        initiator: S3Owner, owner: S3Owner, checksum: S3ChecksumAlgorithm? = nil, checksumType: S3ChecksumType? = nil,
        parts: [S3Part] = [], isTruncated: Bool = false
    ) {
        self.initiator = initiator
        self.owner = owner
        self.checksum = checksum
        self.checksumType = checksumType
        self.parts = parts
        self.isTruncated = isTruncated
    }
}

/// What a page of ListMultipartUploads is to hold.
public struct S3UploadListing: Sendable, Equatable {
    public var bucket: String
    public var prefix: String
    public var delimiter: String
    public var afterKey: String
    /// Of uploads of `afterKey`, only those after this id. Empty: none of them.
    public var afterUpload: String
    /// 1–1,000.
    public var limit: Int

    public init(
        bucket: String, prefix: String = "", delimiter: String = "", afterKey: String = "", afterUpload: String = "",
        limit: Int = 1_000
    ) {
        self.bucket = bucket
        self.prefix = prefix
        self.delimiter = delimiter
        self.afterKey = afterKey
        self.afterUpload = afterUpload
        self.limit = limit
    }

    /// As of `S3Listing`.
    public func commonPrefix(of key: String) -> String? {
        S3CommonPrefix.of(key, prefix: prefix, delimiter: delimiter)
    }
}

public struct S3UploadPage: Sendable, Equatable {
    public struct Upload: Sendable, Equatable {
        public var key: String
        public var uploadID: String
        public var initiatedAt: Date
        public var initiator: S3Owner
        public var owner: S3Owner
        public var checksum: S3ChecksumAlgorithm?
        public var checksumType: S3ChecksumType?

        public init(
            key: String, uploadID: String, initiatedAt: Date, initiator: S3Owner, owner: S3Owner,
            checksum: S3ChecksumAlgorithm? = nil, checksumType: S3ChecksumType? = nil
        ) {
            self.key = key
            self.uploadID = uploadID
            self.initiatedAt = initiatedAt
            self.initiator = initiator
            self.owner = owner
            self.checksum = checksum
            self.checksumType = checksumType
        }
    }

    /// By key, of a key the oldest first.
    public var uploads: [Upload]
    public var commonPrefixes: [String]
    public var isTruncated: Bool

    public init(uploads: [Upload] = [], commonPrefixes: [String] = [], isTruncated: Bool = false) {
        self.uploads = uploads
        self.commonPrefixes = commonPrefixes
        self.isTruncated = isTruncated
    }
}
