/// Speaks the S3 protocol for a backend: reads parameters and documents, calls the capability, renders the answer.
public struct S3Server<Identity: Sendable>: Sendable {
    let backend: any S3Backend<Identity>

    public init(backend: any S3Backend<Identity>) {
        self.backend = backend
    }

    /// - Throws: `S3Error`, or what the backend throws.
    public func respond(to request: S3Request, _ call: S3Call<Identity>) async throws -> S3Response {
        switch request.route.operation {
        case .listBuckets, .headBucket, .getBucketLocation:
            try await read(bucketOf: request, call)
        case .createBucket, .deleteBucket:
            try await write(bucketOf: request, call)
        case .getBucketAcl, .putBucketAcl, .getObjectAcl, .putObjectAcl:
            try await access(request, call)
        case .getBucketVersioning, .putBucketVersioning, .listObjectVersions:
            try await versions(request, call)
        case .getBucketTagging, .putBucketTagging, .deleteBucketTagging, .getObjectTagging, .putObjectTagging,
            .deleteObjectTagging:
            try await tagging(request, call)
        case .listObjects, .listObjectsV2:
            try await list(request, call)
        case .getObject, .headObject:
            try await read(request, call)
        case .getObjectAttributes:
            try await attributes(request, call)
        case .getObjectTorrent:
            throw S3Error.noSuchKey(request.route.key)
        case .putObject, .copyObject, .deleteObject, .deleteObjects:
            try await write(request, call)
        case .createMultipartUpload, .uploadPart, .uploadPartCopy, .completeMultipartUpload, .abortMultipartUpload,
            .listParts, .listMultipartUploads:
            try await multipart(request, call)
        }
    }

    /// What a backend has not is `NotImplemented`.
    func capability<Capability>(_ capability: Capability.Type) throws(S3Error) -> Capability {
        guard let capable = backend as? Capability else { throw .notImplemented }
        return capable
    }
}
