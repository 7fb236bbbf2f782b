public protocol S3AccessControlStore<Identity>: S3Backend {
    func bucketACL(_ bucket: String, _ call: S3Call<Identity>) async throws -> S3ACL
    func putBucketACL(_ access: S3AccessRequest, _ bucket: String, _ call: S3Call<Identity>) async throws
    func objectACL(_ object: S3ObjectName, _ call: S3Call<Identity>) async throws -> S3ACL
    /// - Returns: the version the ACL is of; nil where the bucket was never versioned.
    func putObjectACL(
        _ access: S3AccessRequest, _ object: S3ObjectName, _ call: S3Call<Identity>
    ) async throws -> String?
}

/// Who owns a bucket or an object and who else may do what with it.
public struct S3ACL: Sendable, Equatable {
    public var owner: S3Owner
    public var grants: [S3Grant]

    public init(owner: S3Owner, grants: [S3Grant]) {
        self.owner = owner
        self.grants = grants
    }
}

public struct S3Grant: Sendable, Equatable {
    public var grantee: S3Grantee
    public var permission: S3Permission

    public init(_ grantee: S3Grantee, _ permission: S3Permission) {
        self.grantee = grantee
        self.permission = permission
    }
}

public enum S3Permission: String, Sendable, CaseIterable {
    case read = "READ"
    case write = "WRITE"
    case readACL = "READ_ACP"
    case writeACL = "WRITE_ACP"
    case fullControl = "FULL_CONTROL"
}

public enum S3Grantee: Sendable, Equatable {
    /// By canonical user id; the display name is empty in requests.
    case user(S3Owner)
    /// In requests only: answers name the user.
    case email(String)
    case group(S3Group)
}

/// The predefined groups, by their URIs.
public enum S3Group: String, Sendable, CaseIterable {
    case allUsers = "http://acs.amazonaws.com/groups/global/AllUsers"
    case authenticatedUsers = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
    case logDelivery = "http://acs.amazonaws.com/groups/s3/LogDelivery"
}

/// The access a request asks to be set.
public enum S3AccessRequest: Sendable, Equatable {
    /// `x-amz-acl`.
    case canned(S3CannedACL)
    /// `x-amz-grant-…`.
    case grants([S3Grant])
    /// The body of PutBucketAcl and PutObjectAcl, whose owner must be the real one.
    case document(S3ACL)
}

public enum S3CannedACL: String, Sendable, CaseIterable {
    case `private`
    case publicRead = "public-read"
    case publicReadWrite = "public-read-write"
    case authenticatedRead = "authenticated-read"
    case bucketOwnerRead = "bucket-owner-read"
    case bucketOwnerFullControl = "bucket-owner-full-control"
    case awsExecRead = "aws-exec-read"
    case logDeliveryWrite = "log-delivery-write"
}
