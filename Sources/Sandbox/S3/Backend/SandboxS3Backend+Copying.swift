import Crypto
import NIOCore
import S3Server
import SigV4

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension SandboxS3Backend {
    private enum Copying: Sendable {
        case done(S3ObjectInfo)
        /// Nothing is done yet: the bytes must be read for it.
        case needs(S3ChecksumAlgorithm, of: Int64, size: Int)
    }

    /// The copy refers to the bytes of its source, and keeps its entity tag and its parts.
    func copyObject(
        _ copy: S3Copy, to object: S3ObjectName, _ call: S3Call<Caller>
    ) async throws -> S3ObjectInfo {
        var known: (source: Int64, checksum: S3Checksum)?
        while true {
            let result = try await write { [known] transaction in
                try self.copy(copy, to: object, known, transaction, call)
            }
            switch result {
            case .done(let info): return info
            case .needs(let algorithm, let source, let size):
                let digests = try await digests(of: source, 0..<size, algorithm)
                known = digests.checksum.map { (source, $0) }
            }
        }
    }

    private func copy(
        _ copy: S3Copy, to object: S3ObjectName, _ known: (source: Int64, checksum: S3Checksum)?,
        _ transaction: S3Transaction, _ call: S3Call<Caller>
    ) throws -> Copying {
        if copy.source == object, copy.headers == nil {
            throw S3Error.invalidRequest(
                "This copy request is illegal because it is trying to copy an object to itself without changing the "
                    + "object's metadata, storage class, website redirect location or encryption attributes.")
        }
        let source = try self.source(copy.source, copy.sourceConditions, transaction, call)
        let bucket = try bucket(object.bucket, transaction, call)
        try authorizeWriting(object.key, tags: copy.tags ?? [], access: copy.access, in: bucket, call)
        try S3Error.checkCopySource(size: source.contents.size)
        let latest = try latest(object.key, in: bucket, copy.conditions, transaction)
        var record = source.contents
        if let algorithm = copy.checksum, algorithm != record.checksum?.algorithm {
            guard let known, known.source == source.id, known.checksum.algorithm == algorithm else {
                return .needs(algorithm, of: source.id, size: record.size)
            }
            record.checksum = known.checksum
        }
        record.modifiedAt = Timestamp.milliseconds(call.now)
        record.owner = call.identity.ownerAccount
        record.access = try access(copy.access, in: bucket, transaction, call)
        if let headers = copy.headers { record.headers = StoredHeaders.encode(headers) }
        if let tags = copy.tags { record.tags = tags }
        // An object may be copied to itself: where the bytes are is read before its row goes.
        let bytes = try transaction.objects.bytes(of: source)
        let made = try transaction.objects.insert(record, key: object.key, in: bucket, over: latest)
        try transaction.objects.insert(bytes, of: made.id)
        return .done(record.info(versionID: made.versionID))
    }

    /// What is to be copied, when the caller may read it and the conditions hold.
    func source(
        _ name: S3ObjectName, _ conditions: S3Conditions, _ transaction: S3Transaction, _ call: S3Call<Caller>
    ) throws -> ObjectVersion {
        var call = call
        call.expectedBucketOwner = nil
        let bucket = try bucket(name.bucket, transaction, call, inAnyRegion: true)
        let source: ObjectVersion
        do {
            source = try object(name, in: bucket, "s3:GetObject", .read, transaction, call)
        } catch let error as S3Error where error.status == 405 {
            throw S3Error.invalidRequest(
                "The source of a copy request may not specifically refer to a delete marker by version id.")
        }
        try conditions.checkCopying(
            etag: source.contents.etag, modifiedAt: Timestamp.date(source.contents.modifiedAt))
        return source
    }

    /// Reads the bytes at `range` of an object's row; of none when it is gone.
    func digests(of object: Int64, _ range: Range<Int>, _ algorithm: S3ChecksumAlgorithm) async throws -> S3Digests {
        let lookup = BlobLookup(blobs)
        let bytes = try await read { try $0.objects.pieces(of: object, range) }
        let content = lookup.content(bytes.pieces, range: bytes.range)
        var (md5, hasher, size) = (Insecure.MD5(), S3ChecksumHasher(algorithm), 0)
        try await content.write { buffer in
            md5.update(data: buffer.readableBytesView)
            hasher.update(buffer)
            size += buffer.readableBytes
        }
        return S3Digests(
            size: size, md5: Hex.encode(md5.finalize()), checksum: S3Checksum(algorithm, hasher.value))
    }
}
