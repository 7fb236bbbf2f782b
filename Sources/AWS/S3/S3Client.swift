import HTTPTypes
import SigV4
import Transport
import XML

/// The documents of S3 that say what is there; no object's content.
public struct S3Client: Sendable {
    public let region: String
    private let runtime: AWSRuntime
    private let credentials: any AWSCredentialsProvider

    public init(_ runtime: AWSRuntime, credentials: any AWSCredentialsProvider, region: String) {
        self.runtime = runtime
        self.credentials = credentials
        self.region = region
    }

    /// The names of the caller's buckets (`s3:ListAllMyBuckets`). Changes nothing.
    public func listBuckets(deadline: ContinuousClock.Instant? = nil) async throws(AWSError) -> [String] {
        let operation = "s3:ListAllMyBuckets"
        let endpoint = try runtime.endpoints.s3Endpoint(region: region, bucket: nil, operation: operation)
        let call = AWSCall(operation: operation, service: .s3, endpoint: endpoint, path: "/") { response in
            let root = try XMLReader.read(response.body, limits: Self.limits)
            try root.requireName("ListAllMyBucketsResult")
            return try (root.child("Buckets")?.children("Bucket") ?? []).map { try $0.required("Name") }
        }
        return try await runtime.run(call, credentials: credentials, deadline: deadline)
    }

    /// Where a bucket is (`s3:ListBucket`). Changes nothing. Errors have no body: code `404`, `403`, …; with
    /// `AWSError.bucketRegion` where AWS tells.
    /// - Parameter followsRegion: Ask again, once, in the region AWS names.
    public func headBucket(
        _ bucket: String, followsRegion: Bool = true, deadline: ContinuousClock.Instant? = nil
    ) async throws(AWSError) -> BucketDescription {
        try await following(followsRegion) { region throws(AWSError) in
            let endpoint = try runtime.endpoints.s3Endpoint(region: region, bucket: bucket, operation: "s3:ListBucket")
            let call = AWSCall(
                operation: "s3:ListBucket", service: .s3, endpoint: endpoint, method: .head,
                path: endpoint.basePath.isEmpty ? "/" : ""
            ) { BucketDescription(name: bucket, region: $0.headerFields[.amzBucketRegion] ?? region) }
            return try await runtime.run(call, credentials: credentials, deadline: deadline)
        }
    }

    /// A page of a bucket's keys (`s3:ListBucket`). Changes nothing. `NoSuchBucket`, `AccessDenied`,
    /// `PermanentRedirect` or `AuthorizationHeaderMalformed` with `AWSError.bucketRegion`.
    /// - Parameter followsRegion: Ask again, once, in the region AWS names.
    public func listObjects(
        _ request: ListObjectsRequest, followsRegion: Bool = true, deadline: ContinuousClock.Instant? = nil
    ) async throws(AWSError) -> ObjectPage {
        try await following(followsRegion) { region throws(AWSError) in
            let endpoint = try runtime.endpoints.s3Endpoint(
                region: region, bucket: request.bucket, operation: "s3:ListBucket")
            let call = AWSCall(
                operation: "s3:ListBucket", service: .s3, endpoint: endpoint,
                path: endpoint.basePath.isEmpty ? "/" : "", query: request.query
            ) { try ObjectPage(try XMLReader.read($0.body, limits: Self.limits)) }
            return try await runtime.run(call, credentials: credentials, deadline: deadline)
        }
    }

    private func following<Output: Sendable>(
        _ follows: Bool, _ ask: (String) async throws(AWSError) -> Output
    ) async throws(AWSError) -> Output {
        do throws(AWSError) {
            return try await ask(region)
        } catch {
            guard follows, let there = error.bucketRegion, there != region, Self.isRedirect(error) else { throw error }
            do throws(AWSError) {
                return try await ask(there)
            } catch var second {
                second.attempts += error.attempts
                throw second
            }
        }
    }

    static func isRedirect(_ error: AWSError) -> Bool {
        [301, 302, 307].contains(error.httpStatus) || error.code == "400"
            || ["PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"]
                .contains(error.code)
    }

    /// A page of 1,000 keys of 1,024 bytes, encoded threefold, is under 4 MiB.
    private static let limits = XMLLimits(bytes: 8 << 20)
}

public struct BucketDescription: Sendable, Equatable {
    public var name: String
    public var region: String

    public init(name: String, region: String) {
        self.name = name
        self.region = region
    }
}

public struct ListObjectsRequest: Sendable, Equatable {
    public var bucket: String
    public var prefix: String?
    public var delimiter: String?
    /// 0 to 1,000.
    public var maxKeys: Int?
    public var continuationToken: String?
    public var startAfter: String?

    public init(
        bucket: String, prefix: String? = nil, delimiter: String? = nil, maxKeys: Int? = nil,
        continuationToken: String? = nil, startAfter: String? = nil
    ) {
        self.bucket = bucket
        self.prefix = prefix
        self.delimiter = delimiter
        self.maxKeys = maxKeys
        self.continuationToken = continuationToken
        self.startAfter = startAfter
    }

    var query: [QueryParameter] {
        let parameters: [(String, String?)] = [
            ("list-type", "2"), ("encoding-type", "url"), ("prefix", prefix), ("delimiter", delimiter),
            ("max-keys", maxKeys.map(String.init)), ("continuation-token", continuationToken),
            ("start-after", startAfter),
        ]
        return parameters.compactMap { name, value in value.map { QueryParameter(name: name, value: $0) } }
    }
}

public struct ObjectPage: Sendable, Equatable {
    public var keys: [String]
    public var commonPrefixes: [String]
    /// nil when this is the last page.
    public var nextContinuationToken: String?

    public init(keys: [String], commonPrefixes: [String] = [], nextContinuationToken: String? = nil) {
        self.keys = keys
        self.commonPrefixes = commonPrefixes
        self.nextContinuationToken = nextContinuationToken
    }

    init(_ root: XMLElement) throws {
        try root.requireName("ListBucketResult")
        let isEncoded = root["EncodingType"] == "url"
        func text(_ element: XMLElement, _ name: String) throws -> String {
            let text = try element.required(name)
            guard isEncoded else { return text }
            guard let decoded = URIEncoding.decode(text, plusIsSpace: true) else {
                throw AnswerProblem(description: "the answer has a key that is badly encoded")
            }
            return decoded
        }
        self.init(
            keys: try root.children("Contents").map { try text($0, "Key") },
            commonPrefixes: try root.children("CommonPrefixes").map { try text($0, "Prefix") },
            nextContinuationToken: root.nonEmpty("NextContinuationToken"))
    }
}
