#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

public protocol S3VersionStore<Identity>: S3Backend {
    /// nil: versioning was never on.
    func bucketVersioning(_ bucket: String, _ call: S3Call<Identity>) async throws -> S3Versioning?
    func putBucketVersioning(_ versioning: S3Versioning, _ bucket: String, _ call: S3Call<Identity>) async throws
    func listObjectVersions(
        _ listing: S3VersionListing, _ call: S3Call<Identity>
    ) async throws -> S3VersionPage
}

public enum S3Versioning: String, Sendable {
    case enabled = "Enabled"
    case suspended = "Suspended"
}

/// What a page of ListObjectVersions is to hold.
public struct S3VersionListing: Sendable, Equatable {
    public var bucket: String
    public var prefix: String
    /// Empty for none.
    public var delimiter: String
    /// Only what comes after this key, or after `afterVersion` of it. Empty: from the start.
    public var afterKey: String
    /// Empty: all versions of `afterKey` are passed over.
    public var afterVersion: String
    /// 0–1,000 versions, delete markers and common prefixes together.
    public var limit: Int

    public init(
        bucket: String, prefix: String = "", delimiter: String = "", afterKey: String = "", afterVersion: String = "",
        limit: Int = 1_000
    ) {
        self.bucket = bucket
        self.prefix = prefix
        self.delimiter = delimiter
        self.afterKey = afterKey
        self.afterVersion = afterVersion
        self.limit = limit
    }

    /// As of `S3Listing`.
    public func commonPrefix(of key: String) -> String? {
        S3CommonPrefix.of(key, prefix: prefix, delimiter: delimiter)
    }
}

public struct S3VersionPage: Sendable, Equatable {
    public struct Version: Sendable, Equatable {
        public var key: String
        /// `null` for one written while versioning was off.
        public var versionID: String
        public var isLatest: Bool
        public var isDeleteMarker: Bool
        public var size: Int
        public var etag: String
        public var modifiedAt: Date
        public var owner: S3Owner
        public var checksum: S3Checksum?

        public init(
            key: String, versionID: String, isLatest: Bool, isDeleteMarker: Bool, size: Int, etag: String,
            modifiedAt: Date, owner: S3Owner, checksum: S3Checksum? = nil
        ) {
            self.key = key
            self.versionID = versionID
            self.isLatest = isLatest
            self.isDeleteMarker = isDeleteMarker
            self.size = size
            self.etag = etag
            self.modifiedAt = modifiedAt
            self.owner = owner
            self.checksum = checksum
        }
    }

    /// By key, of a key the newest first.
    public var versions: [Version]
    public var commonPrefixes: [String]
    /// Where the next page begins: after this. `versionID` is nil after a common prefix. Nil at the end.
    public var next: (key: String, versionID: String?)?

    public init(versions: [Version] = [], commonPrefixes: [String] = [], next: (key: String, versionID: String?)? = nil)
    {
        self.versions = versions
        self.commonPrefixes = commonPrefixes
        self.next = next
    }

    public static func == (left: Self, right: Self) -> Bool {
        left.versions == right.versions && left.commonPrefixes == right.commonPrefixes
            && left.next?.key == right.next?.key && left.next?.versionID == right.next?.versionID
    }
}
