import S3Server

extension SandboxS3Backend: S3BucketStore {
    func listBuckets(_ listing: S3BucketListing, _ call: S3Call<Caller>) async throws -> S3BucketPage {
        let caller = call.identity
        guard !caller.isAnonymous else { throw S3Error.accessDenied() }
        try caller.authorize("s3:ListAllMyBuckets", on: "arn:\(caller.partition):s3:::*")
        let buckets = try await read { try $0.buckets.page(listing, account: caller.account) }
        return S3BucketPage(
            owner: S3Owner(id: caller.canonicalID, displayName: caller.displayName),
            buckets: buckets.prefix(listing.limit).map {
                .init(name: $0.name, region: $0.region, createdAt: Timestamp.date($0.createdAt))
            }, isTruncated: buckets.count > listing.limit)
    }

    func headBucket(_ name: String, _ call: S3Call<Caller>) async throws -> String {
        try await lookUp { transaction in
            let bucket = try bucket(name, transaction, call)
            try authorize("s3:ListBucket", .read, .listing(prefix: ""), of: bucket, call)
            return bucket.region
        }
    }

    /// Answered whichever region is asked, as S3 does.
    func bucketLocation(_ name: String, _ call: S3Call<Caller>) async throws -> String {
        try await read { transaction in
            let bucket = try bucket(name, transaction, call, inAnyRegion: true)
            try authorize("s3:GetBucketLocation", nil, of: bucket, call)
            return bucket.region
        }
    }
}

extension SandboxS3Backend: S3BucketMaker {
    func createBucket(_ new: S3NewBucket, _ call: S3Call<Caller>) async throws {
        let caller = call.identity
        guard !caller.isAnonymous else { throw S3Error.accessDenied() }
        guard S3Path.isBucketName(new.name) else {
            throw S3Error(
                "InvalidBucketName", 400, "The specified bucket is not valid.",
                elements: [.init("BucketName", new.name)])
        }
        let endpoint = region(of: call)
        let region = new.region == call.region ? endpoint : new.region
        guard regions.contains(region) else {
            throw S3Error("InvalidLocationConstraint", 400, "The specified location-constraint is not valid")
        }
        guard region == endpoint || endpoint == SandboxDefaults.region else {
            throw S3Error(
                "IllegalLocationConstraintException", 400,
                "The \(region) location constraint is incompatible for the region specific endpoint this request was "
                    + "sent to.")
        }
        try caller.authorize("s3:CreateBucket", on: "arn:\(caller.partition):s3:::\(new.name)")
        try await write { transaction in
            let owner = try transaction.owner(caller.account)
            let access = try AccessList(new.access, owner: owner, transaction.identities)
            if let existing = try transaction.buckets.bucket(new.name) {
                try Self.checkMadeAgain(existing, region: region, access, caller)
            } else {
                try transaction.buckets.insert(
                    new.name, account: caller.account, region: region, access: access,
                    now: Timestamp.milliseconds(call.now))
            }
        }
    }

    /// In us-east-1 an owner may make a bucket again, to no effect: so S3 has had it since before there were Regions.
    private static func checkMadeAgain(
        _ bucket: Bucket, region: String, _ access: AccessList, _ caller: Caller
    ) throws(S3Error) {
        let isSame = bucket.region == SandboxDefaults.region && region == bucket.region
        guard bucket.account == caller.account, !isSame || bucket.access == access else {
            throw S3Error(
                "BucketAlreadyExists", 409,
                "The requested bucket name is not available. The bucket namespace is shared by all users of the system. "
                    + "Please select a different name and try again.", elements: [.init("BucketName", bucket.name)])
        }
        guard isSame else {
            throw S3Error.bucketAlreadyOwnedByYou(bucket.name)
        }
    }

    func deleteBucket(_ name: String, _ call: S3Call<Caller>) async throws {
        try await write { transaction in
            let bucket = try bucket(name, transaction, call)
            try authorize("s3:DeleteBucket", nil, of: bucket, call)
            guard try transaction.buckets.isEmpty(bucket) else {
                throw S3Error(
                    "BucketNotEmpty", 409,
                    bucket.versioning == nil
                        ? "The bucket you tried to delete is not empty"
                        : "The bucket you tried to delete is not empty. You must delete all versions in the bucket.",
                    elements: [.init("BucketName", name)])
            }
            try transaction.buckets.delete(bucket)
        }
    }
}

extension SandboxS3Backend: S3ObjectLister {
    func listObjects(_ listing: S3Listing, _ call: S3Call<Caller>) async throws -> S3ListingPage {
        try await read { transaction in
            let bucket = try bucket(listing.bucket, transaction, call)
            try authorize("s3:ListBucket", .read, .listing(prefix: listing.prefix), of: bucket, call)
            return try transaction.objects.list(listing, in: bucket)
        }
    }
}

extension SandboxS3Backend: S3VersionStore {
    func bucketVersioning(_ name: String, _ call: S3Call<Caller>) async throws -> S3Versioning? {
        try await read { transaction in
            let bucket = try bucket(name, transaction, call)
            try authorize("s3:GetBucketVersioning", nil, of: bucket, call)
            return bucket.versioning
        }
    }

    func putBucketVersioning(_ versioning: S3Versioning, _ name: String, _ call: S3Call<Caller>) async throws {
        try await write { transaction in
            let bucket = try bucket(name, transaction, call)
            try authorize("s3:PutBucketVersioning", nil, of: bucket, call)
            try transaction.buckets.set(versioning, of: bucket)
        }
    }

    func listObjectVersions(
        _ listing: S3VersionListing, _ call: S3Call<Caller>
    ) async throws -> S3VersionPage {
        try await read { transaction in
            let bucket = try bucket(listing.bucket, transaction, call)
            try authorize("s3:ListBucketVersions", .read, .listing(prefix: listing.prefix), of: bucket, call)
            return try transaction.objects.listVersions(listing, in: bucket)
        }
    }
}
