import HTTPTypes
import S3Server
import SigV4

/// Who may do what. The account that owns a bucket or an object decides by its identities' policies. Another account, or
/// nobody in particular, needs a grant of the ACL; and for another account its own policies must allow it too.
///
/// An object's owner is the account that wrote it. A bucket's owner may delete what is in the bucket, whoever wrote it.
extension SandboxS3Backend {
    /// What of a bucket an action is about.
    enum Target {
        case bucket
        case listing(prefix: String)
        case object(key: String)
    }

    /// - Parameter permission: of the bucket's ACL, for others than its owner; nil: there is none that allows it.
    /// - Throws: `AccessDenied`.
    func authorize(
        _ action: String, _ permission: S3Permission?, _ target: Target = .bucket, of bucket: Bucket,
        _ call: S3Call<Caller>
    ) throws(S3Error) {
        try check(
            action, target, in: bucket, owner: bucket.account,
            isGranted: permission.map { bucket.access.allows($0, call.identity) } ?? false, call)
    }

    /// - Parameter permission: of the object's ACL, for others than its owner; nil: there is none that allows it.
    /// - Throws: `AccessDenied`.
    func authorize(
        _ action: String, _ permission: S3Permission?, _ object: ObjectVersion, key: String, in bucket: Bucket,
        _ call: S3Call<Caller>
    ) throws(S3Error) {
        try check(
            action, .object(key: key), in: bucket, owner: object.contents.owner,
            isGranted: permission.map { object.contents.access.allows($0, call.identity) } ?? false, call)
    }

    private func check(
        _ action: String, _ target: Target, in bucket: Bucket, owner: String?, isGranted: Bool, _ call: S3Call<Caller>
    ) throws(S3Error) {
        let caller = call.identity
        do throws(S3Error) {
            guard isGranted || (!caller.isAnonymous && caller.account == owner) else { throw .accessDenied() }
            guard !caller.isAnonymous else { return }
            let arn = "arn:\(caller.partition):s3:::\(bucket.name)"
            switch target {
            case .bucket:
                try caller.authorize(action, on: arn, path: S3ObjectName(bucket: bucket.name, key: ""))
            case .listing(let prefix):
                try caller.authorize(action, on: arn, path: S3ObjectName(bucket: bucket.name, key: prefix))
            case .object(let key):
                try caller.authorize(action, on: "\(arn)/\(key)", path: S3ObjectName(bucket: bucket.name, key: key))
            }
        } catch {
            // As AWS does, so that a client refused by HeadBucket still learns the bucket's Region from the header.
            var refusal = error
            refusal.elements.append(.init("Region", bucket.region))
            throw refusal
        }
    }

    /// The rights to write an object, with what it is to be stored with.
    /// - Throws: `AccessDenied`.
    func authorizeWriting(
        _ key: String, tags: [S3Tag], access: S3AccessRequest?, in bucket: Bucket, _ call: S3Call<Caller>
    ) throws(S3Error) {
        try authorize("s3:PutObject", .write, .object(key: key), of: bucket, call)
        if access != nil { try authorize("s3:PutObjectAcl", .write, .object(key: key), of: bucket, call) }
        if !tags.isEmpty { try authorize("s3:PutObjectTagging", .write, .object(key: key), of: bucket, call) }
    }
}

extension Caller {
    var isAnonymous: Bool { kind == .anonymous }

    /// The account that owns what the caller writes; nil for anonymous.
    var ownerAccount: String? { isAnonymous ? nil : account }
}

extension HTTPField.Name {
    static let deleteMarker = Self(known: "x-amz-delete-marker")
    static let versionID = Self(known: "x-amz-version-id")
}
