#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

public protocol S3BucketStore<Identity>: S3Backend {
    func listBuckets(_ listing: S3BucketListing, _ call: S3Call<Identity>) async throws -> S3BucketPage
    /// The region of a bucket the caller may list.
    func headBucket(_ name: String, _ call: S3Call<Identity>) async throws -> String
    func bucketLocation(_ name: String, _ call: S3Call<Identity>) async throws -> String
}

public protocol S3BucketMaker<Identity>: S3Backend {
    func createBucket(_ bucket: S3NewBucket, _ call: S3Call<Identity>) async throws
    func deleteBucket(_ name: String, _ call: S3Call<Identity>) async throws
}

public struct S3NewBucket: Sendable, Equatable {
    public var name: String
    /// Where it is to be; the call's region when the client named none.
    public var region: String
    public var access: S3AccessRequest?

    public init(name: String, region: String, access: S3AccessRequest? = nil) {
        self.name = name
        self.region = region
        self.access = access
    }
}

/// What a page of ListBuckets is to hold.
public struct S3BucketListing: Sendable, Equatable {
    public var prefix: String
    /// Of this region only; nil: of all.
    public var region: String?
    /// Only names that sort after this. Empty: from the start.
    public var after: String
    /// 1–10,000.
    public var limit: Int

    public init(prefix: String = "", region: String? = nil, after: String = "", limit: Int = 10_000) {
        self.prefix = prefix
        self.region = region
        self.after = after
        self.limit = limit
    }
}

public struct S3BucketPage: Sendable, Equatable {
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

    public var owner: S3Owner
    /// In order of name.
    public var buckets: [Bucket]
    /// Whether more follow.
    public var isTruncated: Bool

    public init(owner: S3Owner, buckets: [Bucket], isTruncated: Bool = false) {
        self.owner = owner
        self.buckets = buckets
        self.isTruncated = isTruncated
    }
}
