import HTTPTypes
import SigV4

extension S3Server {
    func access(_ request: S3Request, _ call: S3Call<Identity>) async throws -> S3Response {
        let store = try require(accessControlStore)
        let object = try request.object()
        switch request.route.operation {
        case .getBucketAcl:
            return .xml(S3Document.acl(try await store.bucketACL(object.bucket, call)))
        case .putBucketAcl:
            try await store.putBucketACL(try await Self.accessRequest(request), object.bucket, call)
            return S3Response()
        case .getObjectAcl:
            return .xml(S3Document.acl(try await store.objectACL(object, call)))
        default:
            let version = try await store.putObjectACL(try await Self.accessRequest(request), object, call)
            return S3Response(headers: .versioned(version))
        }
    }

    /// One way of three: canned, by headers, or by the document.
    private static func accessRequest(_ request: S3Request) async throws -> S3AccessRequest {
        let document = try await S3Document.readUnlessEmpty(request.body, root: "AccessControlPolicy")
        if let access = try S3AccessRequest(request.headers) {
            guard document == nil else {
                throw S3Error("UnexpectedContent", 400, "This request does not support content")
            }
            return access
        }
        guard let document else {
            throw S3Error(
                "MissingSecurityHeader", 400, "Your request was missing a required header",
                elements: [.init("MissingHeaderName", "x-amz-acl")])
        }
        return .document(try S3Document.acl(document))
    }

    // MARK: Tags

    func tagging(_ request: S3Request, _ call: S3Call<Identity>) async throws -> S3Response {
        let store = try require(tagStore)
        let object = try request.object()
        switch request.route.operation {
        case .getBucketTagging:
            return .xml(S3Document.tagging(try await store.bucketTags(object.bucket, call)))
        case .putBucketTagging:
            let document = try await S3Document.read(request.body, root: "Tagging")
            let tags = try S3Document.tags(document, limit: S3Tag.mostOfBucket)
            try await store.putBucketTags(tags, object.bucket, call)
            return S3Response(status: 204)
        case .deleteBucketTagging:
            try await store.putBucketTags([], object.bucket, call)
            return S3Response(status: 204)
        case .getObjectTagging:
            let (tags, version) = try await store.objectTags(object, call)
            return .xml(S3Document.tagging(tags), headers: .versioned(version))
        case .putObjectTagging:
            let document = try await S3Document.read(request.body, root: "Tagging")
            let tags = try S3Document.tags(document, limit: S3Tag.mostOfObject)
            return S3Response(headers: .versioned(try await store.putObjectTags(tags, object, call)))
        default:
            return S3Response(status: 204, headers: .versioned(try await store.putObjectTags([], object, call)))
        }
    }
}

extension S3AccessRequest {
    private static let grantHeaders: [(name: String, permission: S3Permission)] = [
        ("x-amz-grant-full-control", .fullControl), ("x-amz-grant-read", .read), ("x-amz-grant-read-acp", .readACL),
        ("x-amz-grant-write", .write), ("x-amz-grant-write-acp", .writeACL),
    ]

    /// `x-amz-acl` or `x-amz-grant-…`; nil when there is neither.
    /// - Throws: `InvalidArgument` or `InvalidRequest`.
    init?(_ headers: HTTPFields) throws(S3Error) {
        var grants: [S3Grant] = []
        for (name, permission) in Self.grantHeaders {
            guard let text = headers[HTTPField.Name(known: name)] else { continue }
            for item in text.split(separator: ",") { grants.append(S3Grant(try Self.grantee(item), permission)) }
        }
        guard let canned = headers[.acl] else {
            if grants.isEmpty { return nil }
            self = .grants(grants)
            return
        }
        guard grants.isEmpty else {
            throw .invalidRequest("Specifying both Canned ACLs and Header Grants is not allowed")
        }
        guard let acl = S3CannedACL(rawValue: canned) else {
            throw S3Error(
                "InvalidArgument", 400, "",
                elements: [.init("ArgumentName", "x-amz-acl"), .init("ArgumentValue", canned)])
        }
        self = .canned(acl)
    }

    /// `id="…"`, `emailAddress="…"` or `uri="…"`, with or without quotes.
    private static func grantee(_ item: Substring) throws(S3Error) -> S3Grantee {
        let parts = item.split(separator: "=", maxSplits: 1)
        guard parts.count == 2 else { throw .invalidArgument("Argument format not recognized") }
        let name = parts[0].filter { $0 != " " }.lowercased()
        let value = String(parts[1].filter { $0 != "\"" }.drop { $0 == " " })
        switch name {
        case "id": return .user(S3Owner(id: value, displayName: ""))
        case "emailaddress": return .email(value)
        case "uri":
            guard let group = S3Group(rawValue: value) else { throw .invalidArgument("Invalid group uri") }
            return .group(group)
        default: throw .invalidArgument("Argument format not recognized")
        }
    }
}

extension HTTPField.Name {
    static let acl = Self(known: "x-amz-acl")
    static let versionID = Self(known: "x-amz-version-id")
}

extension HTTPFields {
    /// `x-amz-version-id`, where there is one.
    static func versioned(_ version: String?) -> HTTPFields {
        var fields = HTTPFields()
        fields[.versionID] = version
        return fields
    }
}

extension S3Request {
    /// The object, in the version the query names.
    /// - Throws: `InvalidArgument` for an empty version id.
    func object() throws(S3Error) -> S3ObjectName {
        let version = query["versionId"]
        guard version?.isEmpty != true else { throw .invalidArgument("Version id cannot be the empty string") }
        return S3ObjectName(bucket: route.bucket, key: route.key, versionID: version)
    }
}
