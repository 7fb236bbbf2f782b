import S3Server

extension SandboxS3Backend: S3AccessControlStore {
    func bucketACL(_ name: String, _ call: S3Call<Caller>) async throws -> S3ACL {
        try await read { transaction in
            let bucket = try bucket(name, transaction, call)
            try authorize("s3:GetBucketAcl", .readACL, of: bucket, call)
            return try bucket.access.shown(owner: transaction.owner(bucket.account), transaction.identities)
        }
    }

    func putBucketACL(_ access: S3AccessRequest, _ name: String, _ call: S3Call<Caller>) async throws {
        try await write { transaction in
            let bucket = try bucket(name, transaction, call)
            try authorize("s3:PutBucketAcl", .writeACL, of: bucket, call)
            let owner = try transaction.owner(bucket.account)
            try transaction.buckets.set(AccessList(access, owner: owner, transaction.identities), of: bucket)
        }
    }

    func objectACL(_ name: S3ObjectName, _ call: S3Call<Caller>) async throws -> S3ACL {
        try await read { transaction in
            let bucket = try bucket(name.bucket, transaction, call)
            let object = try object(name, in: bucket, "s3:GetObjectAcl", .readACL, transaction, call)
            return try object.contents.access.shown(
                owner: transaction.owner(object.contents.owner), transaction.identities)
        }
    }

    func putObjectACL(
        _ access: S3AccessRequest, _ name: S3ObjectName, _ call: S3Call<Caller>
    ) async throws -> String? {
        try await write { transaction in
            let bucket = try bucket(name.bucket, transaction, call)
            let object = try object(name, in: bucket, "s3:PutObjectAcl", .writeACL, transaction, call)
            let list = try AccessList(
                access, owner: transaction.owner(object.contents.owner),
                bucketOwner: transaction.owner(bucket.account), transaction.identities)
            try transaction.objects.set(list, of: object)
            return object.info(in: bucket).versionID
        }
    }
}

extension SandboxS3Backend: S3TagStore {
    func bucketTags(_ name: String, _ call: S3Call<Caller>) async throws -> [S3Tag] {
        try await read { transaction in
            let bucket = try bucket(name, transaction, call)
            try authorize("s3:GetBucketTagging", nil, of: bucket, call)
            guard !bucket.tags.isEmpty else {
                throw S3Error(
                    "NoSuchTagSet", 404, "The TagSet does not exist", elements: [.init("BucketName", name)])
            }
            return bucket.tags
        }
    }

    func putBucketTags(_ tags: [S3Tag], _ name: String, _ call: S3Call<Caller>) async throws {
        try await write { transaction in
            let bucket = try bucket(name, transaction, call)
            try authorize("s3:PutBucketTagging", nil, of: bucket, call)
            try transaction.buckets.set(tags, of: bucket)
        }
    }

    func objectTags(
        _ name: S3ObjectName, _ call: S3Call<Caller>
    ) async throws -> (tags: [S3Tag], versionID: String?) {
        try await read { transaction in
            let bucket = try bucket(name.bucket, transaction, call)
            let object = try object(name, in: bucket, "s3:GetObjectTagging", nil, transaction, call)
            return (object.contents.tags, object.info(in: bucket).versionID)
        }
    }

    func putObjectTags(_ tags: [S3Tag], _ name: S3ObjectName, _ call: S3Call<Caller>) async throws -> String? {
        try await write { transaction in
            let bucket = try bucket(name.bucket, transaction, call)
            let action = tags.isEmpty ? "s3:DeleteObjectTagging" : "s3:PutObjectTagging"
            let object = try object(name, in: bucket, action, nil, transaction, call)
            try transaction.objects.set(tags, of: object)
            return object.info(in: bucket).versionID
        }
    }
}
