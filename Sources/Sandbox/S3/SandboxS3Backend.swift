import HTTPTypes
import NIOCore
import S3Server

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The sandbox's own S3: buckets and objects in its database, guarded by the callers' policies and session scopes.
///
/// Buckets have no policies or ACLs: their account's identities use them as far as their own policies say.
struct SandboxS3Backend: S3Backend {
    typealias Identity = Caller

    let database: SandboxDatabase
    let regions: Set<String>

    /// The bucket, when the caller may do the action and calls its region's endpoint.
    private func open(
        _ name: String, _ action: String, path key: String = "", in store: ObjectStore, _ call: S3Call<Caller>
    ) throws -> ObjectStore.Bucket {
        guard let bucket = try store.bucket(name) else { throw S3Error.noSuchBucket(name) }
        guard bucket.region == call.region else { throw Self.redirect(bucket) }
        do {
            try authorize(action, on: bucket, path: key, call)
        } catch {
            // As AWS does, so that a client refused by HeadBucket still learns the bucket's Region from the header.
            var refusal = error
            refusal.elements.append(.init("Region", bucket.region))
            throw refusal
        }
        return bucket
    }

    private func authorize(
        _ action: String, on bucket: ObjectStore.Bucket, path key: String, _ call: S3Call<Caller>
    ) throws(S3Error) {
        guard bucket.account == call.identity.account else { throw S3Error.accessDenied() }
        let isAboutBucket = action == "s3:ListBucket" || key.isEmpty
        let resource = "arn:\(call.identity.partition):s3:::\(bucket.name)" + (isAboutBucket ? "" : "/\(key)")
        try call.identity.authorize(action, on: resource, path: S3ObjectName(bucket: bucket.name, key: key))
    }

    private static func redirect(_ bucket: ObjectStore.Bucket) -> S3Error {
        S3Error(
            "PermanentRedirect", 301,
            "The bucket you are attempting to access must be addressed using the specified endpoint. "
                + "Please send all future requests to this endpoint.",
            elements: [
                .init("Endpoint", "\(bucket.name).s3.\(bucket.region).amazonaws.com"), .init("Bucket", bucket.name),
                .init("Region", bucket.region),
            ])
    }
}

extension SandboxS3Backend: S3BucketStore {
    func listBuckets(_ listing: S3BucketListing, _ call: S3Call<Caller>) async throws -> S3BucketPage {
        try call.identity.authorize("s3:ListAllMyBuckets", on: "arn:\(call.identity.partition):s3:::*")
        let account = call.identity.account
        let buckets = try await database.read { try ObjectStore(database: $0).buckets(account: account) }
        return S3BucketPage(
            owner: S3Owner(id: call.identity.canonicalID, displayName: call.identity.displayName),
            buckets: buckets.map {
                .init(name: $0.name, region: $0.region, createdAt: Timestamp.date($0.createdAt))
            })
    }

    func headBucket(_ name: String, _ call: S3Call<Caller>) async throws -> String {
        try await database.read { try open(name, "s3:ListBucket", in: ObjectStore(database: $0), call).region }
    }

    /// Answered whichever region is asked, as S3 does.
    func bucketLocation(_ name: String, _ call: S3Call<Caller>) async throws -> String {
        try await database.read { database in
            let store = ObjectStore(database: database)
            guard let bucket = try store.bucket(name) else { throw S3Error.noSuchBucket(name) }
            var call = call
            call.region = bucket.region
            return try open(name, "s3:GetBucketLocation", in: store, call).region
        }
    }
}

extension SandboxS3Backend: S3BucketMaker {
    func createBucket(_ bucket: S3NewBucket, _ call: S3Call<Caller>) async throws {
        let (name, region) = (bucket.name, bucket.region)
        guard S3Path.isBucketName(name) else {
            throw S3Error(
                "InvalidBucketName", 400, "The specified bucket is not valid.", elements: [.init("BucketName", name)])
        }
        guard regions.contains(region) else {
            throw S3Error("InvalidLocationConstraint", 400, "The specified location-constraint is not valid")
        }
        guard region == call.region || call.region == "us-east-1" else {
            throw S3Error(
                "IllegalLocationConstraintException", 400,
                "The \(region) location constraint is incompatible for the region specific endpoint this request was "
                    + "sent to.")
        }
        try call.identity.authorize("s3:CreateBucket", on: "arn:\(call.identity.partition):s3:::\(name)")
        try await database.write { database in
            let store = ObjectStore(database: database)
            if let existing = try store.bucket(name) {
                guard existing.account == call.identity.account else {
                    throw S3Error("BucketAlreadyExists", 409, "The requested bucket name is not available.")
                }
                throw S3Error(
                    "BucketAlreadyOwnedByYou", 409,
                    "Your previous request to create the named bucket succeeded and you already own it.")
            }
            try store.insertBucket(
                name, account: call.identity.account, region: region, now: Timestamp.milliseconds(call.now))
        }
    }

    func deleteBucket(_ name: String, _ call: S3Call<Caller>) async throws {
        try await database.write { database in
            let store = ObjectStore(database: database)
            _ = try open(name, "s3:DeleteBucket", in: store, call)
            guard try store.isEmpty(name) else {
                throw S3Error("BucketNotEmpty", 409, "The bucket you tried to delete is not empty")
            }
            try store.deleteBucket(name)
        }
    }
}

extension SandboxS3Backend: S3ObjectReader {
    func headObject(
        _ object: S3ObjectName, _ reading: S3Reading, _ call: S3Call<Caller>
    ) async throws -> S3ObjectPart {
        try await database.read { database in
            let info = try info(object, ObjectStore(database: database), call)
            try reading.conditions.checkReading(etag: info.etag, modifiedAt: info.modifiedAt)
            return S3ObjectPart(info: info, range: try reading.range?.resolved(size: info.size))
        }
    }

    func getObject(
        _ object: S3ObjectName, _ reading: S3Reading, _ call: S3Call<Caller>
    ) async throws -> S3ObjectContent {
        try await database.read { database in
            let store = ObjectStore(database: database)
            let info = try info(object, store, call)
            try reading.conditions.checkReading(etag: info.etag, modifiedAt: info.modifiedAt)
            let positions = try reading.range?.resolved(size: info.size)
            let bytes = try store.content(
                bucket: object.bucket, key: object.key, range: positions ?? 0..<info.size)
            return S3ObjectContent(
                part: S3ObjectPart(info: info, range: positions), content: S3Content(ByteBuffer(bytes: bytes)))
        }
    }

    private func info(_ object: S3ObjectName, _ store: ObjectStore, _ call: S3Call<Caller>) throws -> S3ObjectInfo {
        _ = try open(object.bucket, "s3:GetObject", path: object.key, in: store, call)
        guard let info = try store.info(bucket: object.bucket, key: object.key) else {
            throw S3Error.noSuchKey(object.key)
        }
        return info
    }
}

extension SandboxS3Backend: S3ObjectWriter {
    func putObject(
        _ object: S3ObjectName, _ new: S3NewObject, _ upload: S3Upload, _ call: S3Call<Caller>
    ) async throws -> S3ObjectInfo {
        let content = try await upload.collect(upTo: 128 << 20)
        return try await database.write { database in
            let store = ObjectStore(database: database)
            _ = try open(object.bucket, "s3:PutObject", path: object.key, in: store, call)
            return try store.put(
                bucket: object.bucket, key: object.key, content: content, headers: new.headers,
                now: Timestamp.milliseconds(call.now))
        }
    }

    func deleteObjects(
        _ objects: [S3Deletion], in bucket: String, _ call: S3Call<Caller>
    ) async throws -> [Result<S3Deleted, S3Error>] {
        try await database.write { database in
            let store = ObjectStore(database: database)
            return try objects.map { object in
                do {
                    _ = try open(bucket, "s3:DeleteObject", path: object.key, in: store, call)
                    try store.delete(bucket: bucket, key: object.key)
                    return .success(S3Deleted(key: object.key))
                } catch let error as S3Error where error.code == "AccessDenied" {
                    return .failure(error)
                }
            }
        }
    }

    func copyObject(
        _ copy: S3Copy, to object: S3ObjectName, _ call: S3Call<Caller>
    ) async throws -> S3ObjectInfo {
        try await database.write { database in
            let store = ObjectStore(database: database)
            let info = try info(copy.source, store, call)
            _ = try open(object.bucket, "s3:PutObject", path: object.key, in: store, call)
            let bytes = try store.content(bucket: copy.source.bucket, key: copy.source.key, range: 0..<info.size)
            return try store.put(
                bucket: object.bucket, key: object.key, content: bytes, headers: copy.headers ?? info.headers,
                now: Timestamp.milliseconds(call.now))
        }
    }
}

extension SandboxS3Backend: S3ObjectLister {
    func listObjects(_ listing: S3Listing, _ call: S3Call<Caller>) async throws -> S3ListingPage {
        try await database.read { database in
            let store = ObjectStore(database: database)
            _ = try open(listing.bucket, "s3:ListBucket", path: listing.prefix, in: store, call)
            return try store.list(listing)
        }
    }
}
