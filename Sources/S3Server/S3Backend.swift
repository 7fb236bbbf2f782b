public import HTTPTypes

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Who calls, for which region's endpoint, and when.
public struct S3Call<Identity: Sendable>: Sendable {
    public var identity: Identity
    public var region: String
    public var now: Date

    public init(identity: Identity, region: String, now: Date) {
        self.identity = identity
        self.region = region
        self.now = now
    }
}

/// What answers the S3 protocol's operations. A backend conforms to the capabilities it has; an operation of another one
/// is answered `NotImplemented`. Every call throws `S3Error` for what the client is to be told.
public protocol S3Backend<Identity>: Sendable {
    associatedtype Identity: Sendable
}

public protocol S3BucketStore<Identity>: S3Backend {
    func listBuckets(_ call: S3Call<Identity>) async throws -> S3BucketList
    /// - Parameter region: where the bucket is to be; the call's region when the client named none.
    func createBucket(_ name: String, region: String, _ call: S3Call<Identity>) async throws
    func deleteBucket(_ name: String, _ call: S3Call<Identity>) async throws
    /// The region of a bucket the caller may list.
    func headBucket(_ name: String, _ call: S3Call<Identity>) async throws -> String
    func bucketLocation(_ name: String, _ call: S3Call<Identity>) async throws -> String
}

public protocol S3ObjectReader<Identity>: S3Backend {
    func headObject(_ object: S3ObjectName, _ call: S3Call<Identity>) async throws -> S3ObjectInfo
    /// - Parameter range: as the client asked; resolved against the object's size by the backend.
    func getObject(
        _ object: S3ObjectName, range: S3ByteRange?, _ call: S3Call<Identity>
    ) async throws -> S3ObjectContent
}

public protocol S3ObjectWriter<Identity>: S3Backend {
    /// - Parameter headers: `Content-Type` and the other headers kept with the object, `x-amz-meta-…` among them.
    func putObject(
        _ object: S3ObjectName, content: [UInt8], headers: HTTPFields, _ call: S3Call<Identity>
    ) async throws -> S3ObjectInfo
    func deleteObject(_ object: S3ObjectName, _ call: S3Call<Identity>) async throws
    /// - Parameter headers: replace the source's; nil keeps them.
    func copyObject(
        _ source: S3ObjectName, to object: S3ObjectName, headers: HTTPFields?, _ call: S3Call<Identity>
    ) async throws -> S3ObjectInfo
}

public protocol S3ObjectLister<Identity>: S3Backend {
    func listObjects(_ listing: S3Listing, _ call: S3Call<Identity>) async throws -> S3ListingPage
}

public struct S3BucketList: Sendable, Equatable {
    public struct Bucket: Sendable, Equatable {
        public var name: String
        public var region: String
        public var createdAt: Date

        public init(name: String, region: String, createdAt: Date) {
            self.name = name
            self.region = region
            self.createdAt = createdAt
        }
    }

    /// Canonical user id of the account.
    public var owner: String
    public var buckets: [Bucket]

    public init(owner: String, buckets: [Bucket]) {
        self.owner = owner
        self.buckets = buckets
    }
}

public struct S3ObjectName: Sendable, Equatable {
    public var bucket: String
    public var key: String

    public init(bucket: String, key: String) {
        self.bucket = bucket
        self.key = key
    }
}

public struct S3ObjectInfo: Sendable, Equatable {
    public var size: Int
    /// Without quotes.
    public var etag: String
    public var modifiedAt: Date
    public var headers: HTTPFields

    public init(size: Int, etag: String, modifiedAt: Date, headers: HTTPFields) {
        self.size = size
        self.etag = etag
        self.modifiedAt = modifiedAt
        self.headers = headers
    }
}

public struct S3ObjectContent: Sendable, Equatable {
    public var info: S3ObjectInfo
    public var bytes: [UInt8]
    /// The positions `bytes` has in the object; nil for all of it.
    public var range: Range<Int>?

    public init(info: S3ObjectInfo, bytes: [UInt8], range: Range<Int>? = nil) {
        self.info = info
        self.bytes = bytes
        self.range = range
    }
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
    /// 0–1,000 keys and common prefixes together.
    public var limit: Int

    public init(bucket: String, prefix: String = "", delimiter: String = "", after: String = "", limit: Int = 1_000) {
        self.bucket = bucket
        self.prefix = prefix
        self.delimiter = delimiter
        self.after = after
        self.limit = limit
    }
}

public struct S3ListingPage: Sendable, Equatable {
    public struct Entry: Sendable, Equatable {
        public var key: String
        public var size: Int
        public var etag: String
        public var modifiedAt: Date

        public init(key: String, size: Int, etag: String, modifiedAt: Date) {
            self.key = key
            self.size = size
            self.etag = etag
            self.modifiedAt = modifiedAt
        }
    }

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

/// `Range: bytes=…` with one range (RFC 9110, section 14.1.2).
public enum S3ByteRange: Sendable, Equatable {
    case from(Int, through: Int?)
    case last(Int)

    /// Nil for anything but one well-formed range, which S3 ignores.
    public init?(_ text: String) {
        guard text.hasPrefix("bytes=") else { return nil }
        let ends = text.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, ends.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }) else {
            return nil
        }
        switch (Int(ends[0]), Int(ends[1])) {
        case (let first?, let last?) where first <= last: self = .from(first, through: last)
        case (let first?, nil) where ends[1].isEmpty: self = .from(first, through: nil)
        case (nil, let count?) where ends[0].isEmpty: self = .last(count)
        default: return nil
        }
    }

    /// The positions within an object of `size` bytes.
    /// - Throws: `InvalidRange` 416 when there are none.
    public func resolved(size: Int) throws(S3Error) -> Range<Int> {
        switch self {
        case .from(let first, let last) where first < size:
            return first..<(last.map { min($0, size - 1) } ?? size - 1) + 1
        case .last(let count) where count > 0 && size > 0:
            return max(0, size - count)..<size
        case .from, .last:
            throw S3Error(
                "InvalidRange", 416, "The requested range is not satisfiable",
                elements: [.init("ActualObjectSize", String(size))])
        }
    }
}
