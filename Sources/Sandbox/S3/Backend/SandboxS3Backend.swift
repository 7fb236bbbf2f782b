import HTTPTypes
import S3Server

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The sandbox's own S3: buckets and objects in its database and its folder of blobs.
///
/// Each call is one read of the database, or one transaction that holds everything it decides on: rights, conditions and
/// the versions it changes.
struct SandboxS3Backend: S3Backend {
    typealias Identity = Caller

    let database: SandboxDatabase
    let blobs: BlobStore
    /// Those there are; a call of any other region is served as one of the default region.
    let regions: Set<String>

    /// Runs `body` on one snapshot, on a thread for it.
    func read<Value: Sendable>(_ body: @escaping @Sendable (S3Transaction) throws -> Value) async throws -> Value {
        try await database.read { try body(S3Transaction($0)) }
    }

    /// As `read`, for a few rows.
    func lookUp<Value: Sendable>(_ body: @escaping @Sendable (S3Transaction) throws -> Value) async throws -> Value {
        try await database.lookUp { try body(S3Transaction($0)) }
    }

    /// Runs `body` in one transaction that has been committed when this returns.
    func write<Value: Sendable>(_ body: @escaping @Sendable (S3Transaction) throws -> Value) async throws -> Value {
        let (value, files) = try await database.write { database in
            let transaction = S3Transaction(database)
            let value = try body(transaction)
            return (value, try transaction.finish())
        }
        blobs.remove(files)
        return value
    }

    // MARK: Finding

    /// The bucket, when the call is for its region's endpoint and expects its owner.
    /// - Throws: `NoSuchBucket`, `PermanentRedirect` or `AccessDenied`.
    func bucket(
        _ name: String, _ transaction: S3Transaction, _ call: S3Call<Caller>, inAnyRegion: Bool = false
    ) throws -> Bucket {
        try admit(try transaction.buckets.bucket(name), name, transaction, call, inAnyRegion: inAnyRegion)
    }

    /// As `bucket`, of what was found under the name.
    func admit(
        _ bucket: Bucket?, _ name: String, _ transaction: S3Transaction, _ call: S3Call<Caller>,
        inAnyRegion: Bool = false
    ) throws -> Bucket {
        guard let bucket else { throw S3Error.noSuchBucket(name) }
        guard inAnyRegion || bucket.region == region(of: call) else { throw Self.redirect(bucket) }
        if let expected = call.expectedBucketOwner, expected != bucket.account {
            guard try expected == transaction.owner(bucket.account).id else { throw S3Error.accessDenied() }
        }
        return bucket
    }

    func region(of call: S3Call<Caller>) -> String {
        regions.contains(call.region) ? call.region : SandboxDefaults.region
    }

    private static func redirect(_ bucket: Bucket) -> S3Error {
        S3Error(
            "PermanentRedirect", 301,
            "The bucket you are attempting to access must be addressed using the specified endpoint. "
                + "Please send all future requests to this endpoint.",
            elements: [
                .init("Endpoint", "\(bucket.name).s3.\(bucket.region).amazonaws.com"), .init("Bucket", bucket.name),
                .init("Region", bucket.region),
            ])
    }

    /// The object or version, when the caller may do the action with it.
    /// - Parameters:
    ///   - action: of the latest; of a version, its name goes on in `Version`.
    ///   - permission: that another account than its owner's needs; nil: there is none that helps.
    /// - Throws: `NoSuchKey`, `NoSuchVersion`, `MethodNotAllowed` for a delete marker, or `AccessDenied`: also for what
    ///   does not exist, unless the caller may list the bucket.
    func object(
        _ name: S3ObjectName, in bucket: Bucket, _ action: String, _ permission: S3Permission?,
        _ transaction: S3Transaction, _ call: S3Call<Caller>
    ) throws -> ObjectVersion {
        let rows = transaction.objects
        let found =
            if let version = name.versionID {
                try rows.version(version, of: name.key, in: bucket)
            } else {
                try rows.latest(name.key, in: bucket)
            }
        return try admit(found, name, in: bucket, action, permission, call)
    }

    /// As `object`, of what was found under the name.
    func admit(
        _ found: ObjectVersion?, _ name: S3ObjectName, in bucket: Bucket, _ action: String,
        _ permission: S3Permission?, _ call: S3Call<Caller>
    ) throws(S3Error) -> ObjectVersion {
        guard let found, !found.isDeleteMarker else {
            // A marker has no ACL: as with what is missing, whoever may list may know.
            try authorize("s3:ListBucket", .read, .listing(prefix: name.key), of: bucket, call)
            throw Self.missing(name, found)
        }
        try authorize(
            action.withVersion(name.versionID), permission, found, key: name.key, in: bucket, call)
        return found
    }

    private static func missing(_ name: S3ObjectName, _ marker: ObjectVersion?) -> S3Error {
        var error: S3Error
        if let version = name.versionID {
            error =
                marker == nil
                ? S3Error(
                    "NoSuchVersion", 404, "The specified version does not exist.",
                    elements: [.init("Key", name.key), .init("VersionId", version)])
                : .methodNotAllowed
            if marker != nil { error.headers[.allow] = "DELETE" }
        } else {
            error = .noSuchKey(name.key)
        }
        error.headers[.deleteMarker] = marker == nil ? "false" : "true"
        if let marker { error.headers[.versionID] = marker.shownID }
        return error
    }
}

extension String {
    /// `s3:GetObject` of a version is `s3:GetObjectVersion`, `s3:GetObjectAcl` `s3:GetObjectVersionAcl`.
    fileprivate func withVersion(_ version: String?) -> String {
        version == nil ? self : replacing("Object", with: "ObjectVersion")
    }
}
