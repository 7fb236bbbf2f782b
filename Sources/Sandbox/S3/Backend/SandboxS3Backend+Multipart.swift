import S3Server

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension SandboxS3Backend: S3MultipartStore {
    func createMultipartUpload(
        _ object: S3ObjectName, _ new: S3NewUpload, _ call: S3Call<Caller>
    ) async throws -> String {
        try await write { transaction in
            let bucket = try bucket(object.bucket, transaction, call)
            try authorizeWriting(object.key, tags: new.object.tags, access: new.object.access, in: bucket, call)
            let record = UploadRecord(
                owner: call.identity.ownerAccount, headers: StoredHeaders.encode(new.object.headers),
                access: try access(new.object.access, in: bucket, transaction, call), tags: new.object.tags,
                checksum: new.checksum, checksumType: new.checksumType ?? new.checksum?.defaultType)
            return try transaction.uploads.insert(
                record, key: object.key, in: bucket, now: Timestamp.milliseconds(call.now))
        }
    }

    /// The upload, when the caller may do the action.
    func upload(
        _ name: S3UploadName, _ action: String, _ transaction: S3Transaction, _ call: S3Call<Caller>,
        orCompleted: Bool = false
    ) throws -> (bucket: Bucket, upload: MultipartUpload) {
        let bucket = try bucket(name.object.bucket, transaction, call)
        try authorize(action, .write, .object(key: name.object.key), of: bucket, call)
        return (bucket, try transaction.uploads.upload(name, in: bucket, orCompleted: orCompleted))
    }

    // MARK: Parts

    func uploadPart(_ part: S3PartName, _ body: S3Upload, _ call: S3Call<Caller>) async throws -> S3Part {
        var body = body
        if body.claim == nil || Self.isWorthAskingFirst(body) {
            let algorithm = try await lookUp { [claim = body.claim?.algorithm] transaction in
                let (_, upload) = try upload(part.upload, "s3:PutObject", transaction, call)
                try Self.check(claim, of: upload)
                return upload.contents.checksum
            }
            if let algorithm { body = body.hashed(by: algorithm) }
        }
        return try await store(body, part, call)
    }

    private func store(_ body: S3Upload, _ part: S3PartName, _ call: S3Call<Caller>) async throws -> S3Part {
        return try await blobs.store(body) { blob in
            guard let digests = body.digests else { throw S3Error.internalError }
            let record = S3Part(
                number: part.number, size: digests.size, etag: digests.md5, modifiedAt: call.now,
                checksum: digests.checksum)
            return try await write { transaction in
                let (_, upload) = try upload(part.upload, "s3:PutObject", transaction, call)
                try Self.check(body.claim?.algorithm, of: upload)
                var segments: [Segment] = []
                if blob.size > 0 {
                    let id = try BlobRows(database: transaction.database).insert(blob)
                    segments = [Segment(start: 0, length: blob.size, blob: id, blobOffset: 0)]
                }
                try transaction.uploads.insert(record, segments, of: upload)
                return record
            }
        }
    }

    /// An upload whose checksum is of its parts' needs one of each; one of the whole object can do without.
    private static func check(_ algorithm: S3ChecksumAlgorithm?, of upload: MultipartUpload) throws(S3Error) {
        guard let expected = upload.contents.checksum, expected != algorithm,
            algorithm != nil || upload.contents.checksumType == .composite
        else { return }
        throw .invalidRequest(
            "Checksum Type mismatch occurred, expected checksum Type: \(expected.rawValue.lowercased()), actual checksum "
                + "Type: \(algorithm?.rawValue.lowercased() ?? "null")")
    }

    /// The part refers to the bytes of its source; they are read for its entity tag and checksum.
    func uploadPartCopy(
        _ part: S3PartName, from source: S3PartSource, _ call: S3Call<Caller>
    ) async throws -> S3Part {
        while true {
            let found = try await read { try self.copied(part, source, $0, call) }
            let digests = try await digests(of: found.object.id, found.range, found.algorithm)
            let record = S3Part(
                number: part.number, size: found.range.count, etag: digests.md5, modifiedAt: call.now,
                checksum: digests.checksum)
            let isDone = try await write { transaction in
                let now = try self.copied(part, source, transaction, call)
                guard now.object.id == found.object.id, now.algorithm == found.algorithm else { return false }
                let segments = try transaction.objects.segments(of: now.object.id, found.range)
                try transaction.uploads.insert(
                    record, segments.compactMap { $0.within(found.range) }, of: now.upload)
                return true
            }
            if isDone { return record }
        }
    }

    private struct PartSource: Sendable {
        let upload: MultipartUpload
        let object: ObjectVersion
        let range: Range<Int>
        let algorithm: S3ChecksumAlgorithm
    }

    private func copied(
        _ part: S3PartName, _ source: S3PartSource, _ transaction: S3Transaction, _ call: S3Call<Caller>
    ) throws -> PartSource {
        let (_, upload) = try upload(part.upload, "s3:PutObject", transaction, call)
        let object = try self.source(source.object, source.conditions, transaction, call)
        let size = object.contents.size
        let range = source.range ?? 0..<size
        guard range.upperBound <= size else {
            throw S3Error(
                "InvalidRange", 416, "Range specified is not valid for source object of size: \(size)",
                elements: [.init("ActualObjectSize", String(size))])
        }
        return PartSource(
            upload: upload, object: object, range: range, algorithm: upload.contents.checksum ?? .crc64nvme)
    }

    // MARK: Ending

    func abortMultipartUpload(_ name: S3UploadName, _ call: S3Call<Caller>) async throws {
        try await write { transaction in
            let (_, upload) = try upload(name, "s3:AbortMultipartUpload", transaction, call)
            try transaction.uploads.delete(upload)
        }
    }

    func completeMultipartUpload(
        _ name: S3UploadName, _ completion: S3Completion, _ call: S3Call<Caller>
    ) async throws -> S3ObjectInfo {
        try await write { transaction in
            let (bucket, upload) = try upload(name, "s3:PutObject", transaction, call, orCompleted: true)
            if let completed = upload.completed {
                guard completed.etag == PartList.etag(completion.parts) else {
                    throw S3Error(
                        "NoSuchUpload", 404, "The specified upload does not exist.",
                        elements: [.init("UploadId", name.uploadID)])
                }
                return completed.info(versionID: upload.versionID)
            }
            let latest = try latest(upload.key, in: bucket, completion.conditions, transaction)
            let parts = PartList(
                parts: try PartList.chosen(completion.parts, from: transaction.uploads.parts(of: upload)))
            let record = ObjectRecord(
                size: try parts.size(claimed: completion.size), etag: parts.etag,
                modifiedAt: Timestamp.milliseconds(call.now), headers: upload.contents.headers,
                checksum: try parts.checksum(
                    upload.contents.checksum, upload.contents.checksumType, claimed: completion.checksum),
                owner: upload.contents.owner, access: upload.contents.access, tags: upload.contents.tags,
                partCount: parts.parts.count)
            let made = try transaction.objects.insert(record, key: upload.key, in: bucket, over: latest)
            try transaction.uploads.complete(upload, with: Set(parts.parts.map(\.number)), as: made, record)
            return record.info(versionID: made.versionID)
        }
    }

    // MARK: Listing

    func listParts(
        _ name: S3UploadName, after: Int, limit: Int, _ call: S3Call<Caller>
    ) async throws -> S3PartPage {
        try await read { transaction in
            let (_, upload) = try upload(name, "s3:ListMultipartUploadParts", transaction, call)
            let parts = try transaction.uploads.parts(of: upload, after: after, limit: limit + 1)
            let owner = try transaction.owner(upload.contents.owner)
            return S3PartPage(
                initiator: owner, owner: owner, checksum: upload.contents.checksum,
                checksumType: upload.contents.checksumType, parts: Array(parts.prefix(limit)),
                isTruncated: parts.count > limit)
        }
    }

    func listMultipartUploads(
        _ listing: S3UploadListing, _ call: S3Call<Caller>
    ) async throws -> S3UploadPage {
        try await read { transaction in
            let bucket = try bucket(listing.bucket, transaction, call)
            try authorize(
                "s3:ListBucketMultipartUploads", .read, .listing(prefix: listing.prefix), of: bucket, call)
            return try transaction.uploads.list(listing, in: bucket)
        }
    }
}

extension Segment {
    /// What of it lies in `range`, counted from the range's start; nil for nothing.
    fileprivate func within(_ range: Range<Int>) -> Segment? {
        let bytes = range.clamped(to: start..<(start + length))
        guard !bytes.isEmpty else { return nil }
        return Segment(
            start: bytes.lowerBound - range.lowerBound, length: bytes.count, blob: blob,
            blobOffset: blobOffset + bytes.lowerBound - start)
    }
}
