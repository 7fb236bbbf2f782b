import XML

extension S3Server {
    func list(_ request: S3Request, _ call: S3Call<Identity>) async throws -> S3Response {
        let lister = try require(objectLister)
        let query = request.query
        try Self.checkEncoding(query)
        var listing = S3Listing(
            bucket: request.route.bucket, prefix: query["prefix"] ?? "", delimiter: query["delimiter"] ?? "",
            limit: try Self.limit(query, "max-keys"))
        guard request.route.operation == .listObjectsV2 else {
            listing.after = query["marker"] ?? ""
            return .xml(S3Document.listingV1(listing, try await lister.listObjects(listing, call), query: query))
        }
        // A token outranks the start, and an empty one is none.
        if let token = query["continuation-token"], !token.isEmpty {
            listing.after = try ContinuationToken.decode(token)
            listing.isContinued = true
        } else {
            listing.after = query["start-after"] ?? ""
        }
        return .xml(S3Document.listingV2(listing, try await lister.listObjects(listing, call), query: query))
    }

    /// `max-keys` and its like: more than 1,000 count as 1,000.
    static func limit(_ query: QueryItems, _ name: String) throws(S3Error) -> Int {
        guard let text = query[name], !text.isEmpty else { return 1_000 }
        guard let number = Int(text), (0...Int(Int32.max)).contains(number) else {
            throw .invalidArgument("Provided \(name) not an integer or within integer range")
        }
        return min(number, 1_000)
    }

    static func checkEncoding(_ query: QueryItems) throws(S3Error) {
        if let encoding = query["encoding-type"], encoding != "url" {
            throw .invalidArgument("Invalid Encoding Method specified in Request")
        }
    }

    // MARK: Versions

    func versions(_ request: S3Request, _ call: S3Call<Identity>) async throws -> S3Response {
        let store = try require(versionStore)
        let bucket = request.route.bucket
        switch request.route.operation {
        case .getBucketVersioning:
            return .xml(S3Document.versioning(try await store.bucketVersioning(bucket, call)))
        case .putBucketVersioning:
            let document = try await S3Document.read(request.body, root: "VersioningConfiguration")
            guard let versioning = document["Status"].flatMap(S3Versioning.init) else { throw S3Error.malformedXML }
            guard document["MfaDelete"].map({ $0 == "Disabled" }) ?? true else { throw S3Error.notImplemented }
            try await store.putBucketVersioning(versioning, bucket, call)
            return S3Response()
        default:
            let query = request.query
            try Self.checkEncoding(query)
            let listing = S3VersionListing(
                bucket: bucket, prefix: query["prefix"] ?? "", delimiter: query["delimiter"] ?? "",
                afterKey: query["key-marker"] ?? "", afterVersion: query["version-id-marker"] ?? "",
                limit: try Self.limit(query, "max-keys"))
            guard listing.afterVersion.isEmpty || !listing.afterKey.isEmpty else {
                throw S3Error.invalidArgument("A version-id marker cannot be specified without a key marker.")
            }
            return .xml(
                S3Document.versions(listing, try await store.listObjectVersions(listing, call), query: query))
        }
    }
}
