public import HTTPTypes
import SigV4

/// Where a request points and what it asks, read from its method, path, query and headers.
public struct S3Route: Sendable, Equatable {
    public var operation: S3Operation
    /// Empty for ListBuckets.
    public var bucket: String
    /// Empty for operations on buckets.
    public var key: String

    /// Longest key, in bytes of UTF-8.
    private static let longestKey = 1_024

    /// - Parameters:
    ///   - path: decoded, beginning with a slash.
    ///   - hostBucket: the bucket a virtual-hosted address names; nil for path style.
    /// - Throws: `NotImplemented`, `MethodNotAllowed` or `KeyTooLongError`.
    public init(
        method: HTTPRequest.Method, path: String, query: QueryItems, headers: HTTPFields, hostBucket: String? = nil
    ) throws(S3Error) {
        // By bytes: a combining mark after a slash would make one Character of both.
        let rest = path.utf8.dropFirst()
        if let hostBucket {
            (bucket, key) = (hostBucket, String(Substring(rest)))
        } else if let slash = rest.firstIndex(of: UInt8(ascii: "/")) {
            (bucket, key) = (String(Substring(rest[..<slash])), String(Substring(rest[slash...].dropFirst())))
        } else {
            (bucket, key) = (String(Substring(rest)), "")
        }
        guard key.utf8.count <= Self.longestKey else {
            throw S3Error(
                "KeyTooLongError", 400, "Your key is too long",
                elements: [.init("Size", String(key.utf8.count)), .init("MaxSizeAllowed", String(Self.longestKey))])
        }
        let table = bucket.isEmpty ? Self.service : key.isEmpty ? Self.buckets : Self.objects
        operation = try Self.operation(method, query, headers, table)
    }

    /// A browser's question before a request to another origin, which is never signed: to be called before the sender is
    /// looked for. No bucket has rules that would allow it.
    /// - Throws: `AccessForbidden`, or `BadRequest` without `Origin`; for OPTIONS only.
    public static func refusePreflight(_ request: HTTPRequest) throws(S3Error) {
        guard request.method == .options else { return }
        throw request.headerFields[.origin] == nil
            ? S3Error("BadRequest", 400, "Insufficient information. Origin request header needed.")
            : S3Error("AccessForbidden", 403, "CORSResponse: CORS is not enabled for this bucket.")
    }

    // MARK: Tables

    private typealias Table = [String: [HTTPRequest.Method: S3Operation]]

    private static let service: Table = ["": [.get: .listBuckets]]

    private static let buckets: Table = [
        "": [.get: .listObjects, .head: .headBucket, .put: .createBucket, .delete: .deleteBucket],
        "acl": [.get: .getBucketAcl, .put: .putBucketAcl],
        "delete": [.post: .deleteObjects],
        "location": [.get: .getBucketLocation],
        "tagging": [.get: .getBucketTagging, .put: .putBucketTagging, .delete: .deleteBucketTagging],
        "uploads": [.get: .listMultipartUploads],
        "versioning": [.get: .getBucketVersioning, .put: .putBucketVersioning],
        "versions": [.get: .listObjectVersions],
    ]

    private static let objects: Table = [
        "": [.get: .getObject, .head: .headObject, .put: .putObject, .delete: .deleteObject],
        "acl": [.get: .getObjectAcl, .put: .putObjectAcl],
        "attributes": [.get: .getObjectAttributes],
        "tagging": [.get: .getObjectTagging, .put: .putObjectTagging, .delete: .deleteObjectTagging],
        "torrent": [.get: .getObjectTorrent],
        "uploadId": [
            .get: .listParts, .put: .uploadPart, .post: .completeMultipartUpload, .delete: .abortMultipartUpload,
        ],
        "uploads": [.post: .createMultipartUpload],
    ]

    /// Query names that select an operation other than the plain one of the method.
    private static let subresources: Set<String> = [
        "accelerate", "acl", "analytics", "attributes", "cors", "delete", "encryption", "intelligent-tiering",
        "inventory", "legal-hold", "lifecycle", "location", "logging", "metadataConfiguration", "metadataTable",
        "metrics", "notification", "object-lock", "ownershipControls", "policy", "policyStatus", "publicAccessBlock",
        "renameObject", "replication", "requestPayment", "restore", "retention", "select", "session", "tagging",
        "torrent", "uploadId", "uploads", "versioning", "versions", "website",
    ]

    private static func operation(
        _ method: HTTPRequest.Method, _ query: QueryItems, _ headers: HTTPFields, _ table: Table
    ) throws(S3Error) -> S3Operation {
        let subresource = query.items.first { subresources.contains($0.name) }?.name ?? ""
        guard let methods = table[subresource] else { throw .notImplemented }
        guard let operation = methods[method] else { throw .methodNotAllowed }
        switch operation {
        case .listObjects where query["list-type"] == "2": return .listObjectsV2
        case .putObject where headers[.copySource] != nil: return .copyObject
        case .uploadPart where headers[.copySource] != nil: return .uploadPartCopy
        default: return operation
        }
    }
}

extension HTTPField.Name {
    static let copySource = Self(known: "x-amz-copy-source")
    static let bucketRegion = Self(known: "x-amz-bucket-region")
}
