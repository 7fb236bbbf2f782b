public import Domain
public import S3Server

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension GatewayBackend: S3BucketStore {
    /// 2006-03-19T00:00:00.000Z.
    private static let createdAt = Date(timeIntervalSince1970: 1_142_726_400)

    public func listBuckets(_ listing: S3BucketListing, _ call: S3Call<GatewayCaller>) async throws -> S3BucketPage {
        let isWanted =
            bucket.utf8.starts(with: listing.prefix.utf8)
            && listing.after.utf8.lexicographicallyPrecedes(bucket.utf8)
            && listing.region.map { $0 == Self.region } ?? true
        return S3BucketPage(
            owner: Self.owner,
            buckets: isWanted ? [.init(name: bucket, region: Self.region, createdAt: Self.createdAt)] : [])
    }

    public func headBucket(_ name: String, _ call: S3Call<GatewayCaller>) async throws -> String {
        try check(bucket: name, call)
        return Self.region
    }

    public func bucketLocation(_ name: String, _ call: S3Call<GatewayCaller>) async throws -> String {
        try await headBucket(name, call)
    }
}

/// Buckets are neither made nor removed here.
extension GatewayBackend: S3BucketMaker {
    /// Some programs make the bucket before they write, to no effect where S3 has us-east-1.
    /// - Throws: `AccessDenied` for any other than the one there is; `BucketAlreadyOwnedByYou` for it in another region.
    public func createBucket(_ new: S3NewBucket, _ call: S3Call<GatewayCaller>) async throws {
        guard new.name.utf8.elementsEqual(bucket.utf8) else { throw S3Error.accessDenied() }
        try check(bucket: new.name, call)
        guard new.region == Self.region else { throw S3Error.bucketAlreadyOwnedByYou(bucket) }
    }

    /// - Throws: always.
    public func deleteBucket(_ name: String, _ call: S3Call<GatewayCaller>) async throws {
        try check(bucket: name, call)
        throw S3Error.accessDenied()
    }
}
