/// Speaks the S3 protocol for a backend: reads parameters and documents, calls the capability, renders the answer.
public struct S3Server<Identity: Sendable>: Sendable {
    // What the backend can do, asked once: asking each time costs as much as finding an object.
    let bucketStore: (any S3BucketStore<Identity>)?
    let bucketMaker: (any S3BucketMaker<Identity>)?
    let objectLister: (any S3ObjectLister<Identity>)?
    let objectReader: (any S3ObjectReader<Identity>)?
    let objectWriter: (any S3ObjectWriter<Identity>)?
    let multipartStore: (any S3MultipartStore<Identity>)?
    let attributeReader: (any S3AttributeReader<Identity>)?
    let versionStore: (any S3VersionStore<Identity>)?
    let accessControlStore: (any S3AccessControlStore<Identity>)?
    let tagStore: (any S3TagStore<Identity>)?

    public init(backend: any S3Backend<Identity>) {
        bucketStore = backend as? any S3BucketStore<Identity>
        bucketMaker = backend as? any S3BucketMaker<Identity>
        objectLister = backend as? any S3ObjectLister<Identity>
        objectReader = backend as? any S3ObjectReader<Identity>
        objectWriter = backend as? any S3ObjectWriter<Identity>
        multipartStore = backend as? any S3MultipartStore<Identity>
        attributeReader = backend as? any S3AttributeReader<Identity>
        versionStore = backend as? any S3VersionStore<Identity>
        accessControlStore = backend as? any S3AccessControlStore<Identity>
        tagStore = backend as? any S3TagStore<Identity>
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
    func require<Capability>(_ capability: Capability?) throws(S3Error) -> Capability {
        guard let capability else { throw .notImplemented }
        return capability
    }
}
