#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

public protocol S3ObjectLister<Identity>: S3Backend {
    func listObjects(_ listing: S3Listing, _ call: S3Call<Identity>) async throws -> S3ListingPage
}

/// What a page of a listing is to hold, the same for both versions of ListObjects.
public struct S3Listing: Sendable, Equatable {
    public var bucket: String
    public var prefix: String
    /// Empty for none.
    public var delimiter: String
    /// Only what sorts after this, by bytes of UTF-8. Empty: from the start. When it is a common prefix, all under it
    /// is passed over.
    public var after: String
    /// `after` is where an earlier page of the same listing ended.
    public var isContinued = false
    /// 0–1,000 keys and common prefixes together.
    public var limit: Int

    public init(bucket: String, prefix: String = "", delimiter: String = "", after: String = "", limit: Int = 1_000) {
        self.bucket = bucket
        self.prefix = prefix
        self.delimiter = delimiter
        self.after = after
        self.limit = limit
    }

    /// The common prefix that `key` is rolled up in: up to the first delimiter after the prefix. Nil when there is none.
    public func commonPrefix(of key: String) -> String? {
        S3CommonPrefix.of(key, prefix: prefix, delimiter: delimiter)
    }
}

enum S3CommonPrefix {
    static func of(_ key: String, prefix: String, delimiter: String) -> String? {
        guard let first = delimiter.utf8.first, key.utf8.starts(with: prefix.utf8) else { return nil }
        var rest = key.utf8.dropFirst(prefix.utf8.count)
        while let start = rest.firstIndex(of: first) {
            rest = rest[start...]
            if rest.starts(with: delimiter.utf8) {
                return String(key.utf8[..<rest.index(start, offsetBy: delimiter.utf8.count)])
            }
            rest = rest.dropFirst()
        }
        return nil
    }
}

public struct S3ListingPage: Sendable, Equatable {
    public struct Entry: Sendable, Equatable {
        public var key: String
        public var size: Int
        public var etag: String
        public var modifiedAt: Date
        public var owner: S3Owner?
        public var checksum: S3Checksum?
        public var storageClass: String

        public init(
            key: String, size: Int, etag: String, modifiedAt: Date, owner: S3Owner? = nil, checksum: S3Checksum? = nil,
            storageClass: String = "STANDARD"
        ) {
            self.key = key
            self.size = size
            self.etag = etag
            self.modifiedAt = modifiedAt
            self.owner = owner
            self.checksum = checksum
            self.storageClass = storageClass
        }
    }

    /// In order of key, by bytes of UTF-8.
    public var entries: [Entry]
    public var commonPrefixes: [String]
    /// The last key or common prefix of the page when more follow; nil at the end.
    public var next: String?

    public init(entries: [Entry] = [], commonPrefixes: [String] = [], next: String? = nil) {
        self.entries = entries
        self.commonPrefixes = commonPrefixes
        self.next = next
    }
}
