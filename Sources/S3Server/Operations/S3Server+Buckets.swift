import HTTPTypes
import XML

extension S3Server {
    func read(bucketOf request: S3Request, _ call: S3Call<Identity>) async throws -> S3Response {
        let buckets = try require(bucketStore)
        let name = request.route.bucket
        switch request.route.operation {
        case .headBucket:
            let region = try await buckets.headBucket(name, call)
            return S3Response(headers: [.bucketRegion: region])
        case .getBucketLocation:
            return .xml(S3Document.location(try await buckets.bucketLocation(name, call)))
        default:
            let listing = try Self.bucketListing(request.query)
            let page = try await buckets.listBuckets(listing, call)
            return .xml(S3Document.buckets(page, prefix: request.query["prefix"]))
        }
    }

    func write(bucketOf request: S3Request, _ call: S3Call<Identity>) async throws -> S3Response {
        let buckets = try require(bucketMaker)
        let name = request.route.bucket
        if request.route.operation == .deleteBucket {
            try await buckets.deleteBucket(name, call)
            return S3Response(status: 204)
        }
        let access = try S3AccessRequest(request.headers)
        let document = try await S3Document.readUnlessEmpty(request.body, root: "CreateBucketConfiguration")
        let region = Self.region(document) ?? call.region
        try await buckets.createBucket(S3NewBucket(name: name, region: region, access: access), call)
        return S3Response(headers: [.location: "/\(name)"])
    }

    private static func region(_ document: XMLElement?) -> String? {
        guard let region = document?["LocationConstraint"], !region.isEmpty else { return nil }
        return region == "EU" ? "eu-west-1" : region
    }

    private static func bucketListing(_ query: QueryItems) throws(S3Error) -> S3BucketListing {
        var listing = S3BucketListing(prefix: query["prefix"] ?? "", region: query["bucket-region"])
        if let token = query["continuation-token"] { listing.after = try ContinuationToken.decode(token) }
        if let text = query["max-buckets"] {
            guard let limit = Int(text), (1...10_000).contains(limit) else {
                throw .invalidArgument("Argument max-buckets must be an integer between 1 and 10000")
            }
            listing.limit = limit
        }
        return listing
    }
}
