import S3Server

/// Who a verified request is from.
struct Caller: Sendable, Equatable {
    enum Kind: Sendable, Equatable {
        case user
        /// A request without a signature: it may do what the group AllUsers may.
        case anonymous
        case roleSession(name: String)
    }

    let account: String
    /// What ACLs and owners name the account by.
    let canonicalID: String
    /// Of the account.
    let displayName: String
    let kind: Kind
    /// ARN of the IAM user or role, its path included: what an access grant names.
    let principalARN: String
    /// `AIDA…`, or `AROA…:session`.
    let userID: String
    let policy: PolicyDocument
    /// What credentials of GetDataAccess are narrowed to.
    var scope: SessionScope?
    /// The policy given to AssumeRole: it only ever narrows.
    var sessionPolicy: PolicyDocument?
    /// The Identity Center user whose identity the session carries.
    var directoryUser: String?
    var directoryGroups: [String] = []

    /// The ARN of GetCallerIdentity and of error texts: a session's has lost its role's path.
    var arn: String {
        switch kind {
        case .user, .anonymous: principalARN
        case .roleSession(let session):
            "arn:\(partition):sts::\(account):assumed-role/\(principalARN.split(separator: "/").last ?? "")/\(session)"
        }
    }

    var partition: String {
        guard !principalARN.utf8.starts(with: "arn:aws:".utf8) else { return "aws" }
        return String(principalARN.split(separator: ":").dropFirst().first ?? "aws")
    }

    static let anonymous = Caller(
        account: "", canonicalID: CanonicalID.anonymous, displayName: "", kind: .anonymous, principalARN: "*",
        userID: "anonymous", policy: .allowingNothing)

    /// Whether its policies and the scope of its session allow the action.
    func allows(_ action: String, on resource: String) -> Bool {
        guard policy.decision(action, on: resource) == .allowed else { return false }
        if let sessionPolicy, sessionPolicy.decision(action, on: resource) != .allowed { return false }
        return true
    }

    /// - Parameter path: `bucket/key` of an object or `bucket/prefix` of a listing, which a session's scope must hold.
    /// - Throws: `AccessDenied`, naming caller, action and resource.
    func authorize(_ action: String, on resource: String, path: S3ObjectName? = nil) throws(S3Error) {
        guard allows(action, on: resource), scope?.allows(action, on: path) ?? true else {
            throw .accessDenied("User: \(arn) is not authorized to perform: \(action) on resource: \"\(resource)\"")
        }
    }
}

extension Caller: AccessGrantsCaller {
    var identities: [Grantee] {
        var identities = [Grantee(kind: .iam, trusted: principalARN)]
        if let directoryUser { identities.append(Grantee(kind: .directoryUser, trusted: directoryUser)) }
        return identities + directoryGroups.map { Grantee(kind: .directoryGroup, trusted: $0) }
    }

    var applicationARN: String? { nil }
}

/// What credentials of GetDataAccess may be used for: the actions of the permission, within the granted scope.
struct SessionScope: Sendable, Equatable {
    let target: S3Path
    let permission: AccessGrantPermission

    /// S3 user guide, "S3 Access Grants: session policies of GetDataAccess".
    private static let reads: Set<String> = [
        "s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectAcl", "s3:GetObjectVersionAcl",
        "s3:ListMultipartUploadParts", "s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads",
    ]
    private static let writes: Set<String> = [
        "s3:PutObject", "s3:PutObjectAcl", "s3:PutObjectVersionAcl", "s3:DeleteObject", "s3:DeleteObjectVersion",
        "s3:AbortMultipartUpload",
    ]

    func allows(_ action: String, on path: S3ObjectName?) -> Bool {
        let isPermitted =
            switch permission {
            case .read: Self.reads.contains(action)
            case .write: Self.writes.contains(action)
            case .readWrite: Self.reads.contains(action) || Self.writes.contains(action)
            }
        guard isPermitted, let path else { return false }
        let text = "s3://\(path.bucket)/\(path.key)"
        return target.isWildcard ? text.utf8.starts(with: target.stem.utf8) : text == target.stem
    }
}
