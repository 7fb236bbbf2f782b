public import HTTPTypes
import SigV4

/// An S3 operation this front-end knows how to parse and render.
public enum S3Operation: String, Sendable, CaseIterable {
    case listBuckets = "ListBuckets"
    case createBucket = "CreateBucket"
    case headBucket = "HeadBucket"
    case deleteBucket = "DeleteBucket"
    case getBucketLocation = "GetBucketLocation"
    case listObjects = "ListObjects"
    case listObjectsV2 = "ListObjectsV2"
    case deleteObjects = "DeleteObjects"
    case putObject = "PutObject"
    case copyObject = "CopyObject"
    case getObject = "GetObject"
    case headObject = "HeadObject"
    case deleteObject = "DeleteObject"
}

/// Where a request points and what it asks, read from its method, path, query and headers.
public struct S3Route: Sendable, Equatable {
    public var operation: S3Operation
    /// Empty for ListBuckets.
    public var bucket: String
    /// Empty for operations on buckets.
    public var key: String

    /// Query names that select an operation other than the plain one of the method.
    private static let subresources: Set<String> = [
        "accelerate", "acl", "analytics", "attributes", "cors", "delete", "encryption", "intelligent-tiering",
        "inventory", "legal-hold", "lifecycle", "location", "logging", "metrics", "notification", "object-lock",
        "ownershipControls", "policy", "policyStatus", "publicAccessBlock", "replication", "requestPayment",
        "restore", "retention", "select", "tagging", "torrent", "uploadId", "uploads", "versionId", "versioning",
        "versions", "website",
    ]

    /// Longest key, in bytes of UTF-8.
    private static let longestKey = 1_024

    /// - Parameters:
    ///   - path: decoded, beginning with a slash.
    ///   - hostBucket: the bucket a virtual-hosted address names; nil for path style.
    /// - Throws: `NotImplemented`, `MethodNotAllowed` or `KeyTooLongError`.
    public init(
        method: HTTPRequest.Method, path: String, query: QueryItems, headers: HTTPFields, hostBucket: String? = nil
    ) throws(S3Error) {
        let rest = path.dropFirst()
        if let hostBucket {
            (bucket, key) = (hostBucket, String(rest))
        } else if let slash = rest.utf8.firstIndex(of: UInt8(ascii: "/")) {
            (bucket, key) = (String(rest[..<slash]), String(rest[rest.index(after: slash)...]))
        } else {
            (bucket, key) = (String(rest), "")
        }
        guard key.utf8.count <= Self.longestKey else {
            throw S3Error("KeyTooLongError", 400, "Your key is too long")
        }
        let subresource = query.items.first { Self.subresources.contains($0.name) }?.name
        if bucket.isEmpty {
            operation = try Self.serviceOperation(method, subresource)
        } else if key.isEmpty {
            operation = try Self.bucketOperation(method, subresource, query)
        } else {
            operation = try Self.objectOperation(method, subresource, headers)
        }
    }

    private static func serviceOperation(
        _ method: HTTPRequest.Method, _ subresource: String?
    ) throws(S3Error) -> S3Operation {
        guard subresource == nil else { throw .notImplemented }
        guard method == .get else { throw .methodNotAllowed }
        return .listBuckets
    }

    private static func bucketOperation(
        _ method: HTTPRequest.Method, _ subresource: String?, _ query: QueryItems
    ) throws(S3Error) -> S3Operation {
        switch (method, subresource) {
        case (.get, nil): return query["list-type"] == "2" ? .listObjectsV2 : .listObjects
        case (.get, "location"?): return .getBucketLocation
        case (.head, nil): return .headBucket
        case (.put, nil): return .createBucket
        case (.delete, nil): return .deleteBucket
        case (.post, "delete"?): return .deleteObjects
        case (_, _?): throw .notImplemented
        case (_, nil): throw .methodNotAllowed
        }
    }

    private static func objectOperation(
        _ method: HTTPRequest.Method, _ subresource: String?, _ headers: HTTPFields
    ) throws(S3Error) -> S3Operation {
        guard subresource == nil else { throw .notImplemented }
        switch method {
        case .get: return .getObject
        case .head: return .headObject
        case .put: return headers[.copySource] == nil ? .putObject : .copyObject
        case .delete: return .deleteObject
        default: throw .methodNotAllowed
        }
    }
}

extension HTTPField.Name {
    static var copySource: Self { .init(parsed: "x-amz-copy-source") }
    static var metadataDirective: Self { .init(parsed: "x-amz-metadata-directive") }
    static var bucketRegion: Self { .init(parsed: "x-amz-bucket-region") }
}
