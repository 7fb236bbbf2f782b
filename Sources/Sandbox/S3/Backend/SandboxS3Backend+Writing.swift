import S3Server

extension SandboxS3Backend: S3ObjectWriter {
    func putObject(
        _ object: S3ObjectName, _ new: S3NewObject, _ upload: S3Upload, _ call: S3Call<Caller>
    ) async throws -> S3ObjectInfo {
        if Self.isWorthAskingFirst(upload) {
            try await lookUp { transaction in
                let bucket = try bucket(object.bucket, transaction, call)
                _ = try latest(object.key, in: bucket, new, transaction, call)
            }
        }
        return try await blobs.store(upload) { blob in
            guard let digests = upload.digests else { throw S3Error.internalError }
            return try await write { transaction in
                let bucket = try bucket(object.bucket, transaction, call)
                let latest = try latest(object.key, in: bucket, new, transaction, call)
                let record = ObjectRecord(
                    size: digests.size, etag: digests.md5, modifiedAt: Timestamp.milliseconds(call.now),
                    headers: StoredHeaders.encode(new.headers), checksum: digests.checksum,
                    owner: call.identity.ownerAccount,
                    access: try access(new.access, in: bucket, transaction, call), tags: new.tags)
                let made = try transaction.objects.insert(record, key: object.key, in: bucket, over: latest)
                try transaction.objects.insert(blob, of: made.id)
                return record.info(versionID: made.versionID)
            }
        }
    }

    /// Whether a body is not to be received before it is known to be wanted: the client waits to hear that, or it is large,
    /// or may be.
    static func isWorthAskingFirst(_ upload: S3Upload) -> Bool {
        upload.waitsForContinue || upload.length.map { $0 > BlobPlace.largestInline } ?? true
    }

    /// The latest version at a key, when the caller may write there and the conditions hold.
    private func latest(
        _ key: String, in bucket: Bucket, _ new: S3NewObject, _ transaction: S3Transaction, _ call: S3Call<Caller>
    ) throws -> ObjectVersion? {
        try authorizeWriting(key, tags: new.tags, access: new.access, in: bucket, call)
        return try latest(key, in: bucket, new.conditions, transaction)
    }

    /// The latest version at a key, when the conditions hold.
    func latest(
        _ key: String, in bucket: Bucket, _ conditions: S3Conditions, _ transaction: S3Transaction
    ) throws -> ObjectVersion? {
        let latest = try transaction.objects.latest(key, in: bucket)
        let isThere = latest.map { !$0.isDeleteMarker } ?? false
        try conditions.checkWriting(etag: isThere ? latest?.contents.etag : nil, key: key)
        return latest
    }

    /// What a request for an object's ACL comes to, the caller being its owner.
    func access(
        _ request: S3AccessRequest?, in bucket: Bucket, _ transaction: S3Transaction, _ call: S3Call<Caller>
    ) throws -> AccessList {
        guard let request else { return .private }
        return try AccessList(
            request, owner: transaction.owner(call.identity.ownerAccount),
            bucketOwner: transaction.owner(bucket.account), transaction.identities)
    }

    // MARK: Deleting

    func deleteObjects(
        _ objects: [S3Deletion], in name: String, _ call: S3Call<Caller>
    ) async throws -> [Result<S3Deleted, S3Error>] {
        try await write { transaction in
            let bucket = try bucket(name, transaction, call)
            return try objects.map { object in
                // What is refused is refused before anything is changed.
                do {
                    return .success(try delete(object, in: bucket, transaction, call))
                } catch let error as S3Error {
                    return .failure(error)
                }
            }
        }
    }

    private func delete(
        _ object: S3Deletion, in bucket: Bucket, _ transaction: S3Transaction, _ call: S3Call<Caller>
    ) throws -> S3Deleted {
        let rows = transaction.objects
        guard let versionID = object.versionID else {
            try authorize("s3:DeleteObject", .write, .object(key: object.key), of: bucket, call)
            let latest = try latest(object.key, in: bucket, object.conditions, transaction)
            let marker = try rows.delete(
                object.key, in: bucket, latest: latest, by: call.identity.ownerAccount,
                now: Timestamp.milliseconds(call.now))
            return S3Deleted(key: object.key, deleteMarker: marker)
        }
        try authorize("s3:DeleteObjectVersion", nil, .object(key: object.key), of: bucket, call)
        let version = try rows.version(versionID, of: object.key, in: bucket)
        try object.conditions.checkWriting(etag: version?.contents.etag, key: object.key)
        guard let version else { return S3Deleted(key: object.key, versionID: versionID) }
        try rows.delete(version, of: object.key, in: bucket)
        return S3Deleted(
            key: object.key, versionID: versionID, deleteMarker: version.isDeleteMarker ? versionID : nil)
    }
}

extension ObjectRecord {
    /// As the answer to what made it.
    /// - Parameter versionID: nil in a bucket without versioning, and also where it is suspended.
    func info(versionID: String?) -> S3ObjectInfo {
        S3ObjectInfo(
            size: size, etag: etag, modifiedAt: Timestamp.date(modifiedAt), headers: StoredHeaders.decode(headers),
            versionID: versionID, checksum: checksum, partCount: partCount, tagCount: tags.count)
    }
}
