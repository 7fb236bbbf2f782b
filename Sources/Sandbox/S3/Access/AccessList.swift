import S3Server

/// The grants of a bucket's or an object's ACL, resolved to canonical ids and groups.
struct AccessList: Sendable, Equatable {
    enum Grantee: Sendable, Equatable {
        case user(canonicalID: String)
        case group(S3Group)
    }

    struct Grant: Sendable, Equatable {
        let grantee: Grantee
        let permission: S3Permission
    }

    /// nil: full control for the owner and nothing else, as almost everything has.
    let grants: [Grant]?

    static let `private` = AccessList(grants: nil)

    init(grants: [Grant]?) {
        self.grants = grants
    }

    // MARK: As a column holds it

    /// One `PERMISSION grantee` a line; a group by its URI.
    init(stored text: String?) {
        grants = text?.split(separator: "\n").compactMap { line in
            let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
            guard parts.count == 2, let permission = S3Permission(rawValue: parts[0]) else { return nil }
            let grantee = S3Group(rawValue: parts[1]).map(Grantee.group) ?? .user(canonicalID: parts[1])
            return Grant(grantee: grantee, permission: permission)
        }
    }

    var stored: String? {
        grants?.map { grant in
            switch grant.grantee {
            case .user(let id): "\(grant.permission.rawValue) \(id)"
            case .group(let group): "\(grant.permission.rawValue) \(group.rawValue)"
            }
        }.joined(separator: "\n")
    }

    // MARK: Deciding

    /// Whether a grant gives the caller, who is not the owner, the permission.
    func allows(_ permission: S3Permission, _ caller: Caller) -> Bool {
        grants?.contains { grant in
            guard grant.permission == permission || grant.permission == .fullControl else { return false }
            switch grant.grantee {
            case .user(let id): return !caller.isAnonymous && id == caller.canonicalID
            case .group(.allUsers): return true
            case .group(.authenticatedUsers): return !caller.isAnonymous
            case .group(.logDelivery): return false
            }
        } ?? false
    }

    // MARK: Asking and showing

    /// What a request asks for, of something that `owner` owns.
    /// - Parameter bucketOwner: of the object's bucket; nil for the ACL of a bucket.
    /// - Throws: `UnresolvableGrantByEmailAddress`, `InvalidArgument` for an unknown canonical id, `AccessDenied` for a
    ///   document that names another owner.
    init(
        _ request: S3AccessRequest?, owner: S3Owner, bucketOwner: S3Owner? = nil, _ identities: IdentityStore
    ) throws {
        switch request {
        case nil: self = .private
        case .canned(let canned)?: self.init(canned, owner: owner, bucketOwner: bucketOwner)
        case .grants(let grants)?: self.init(grants: try grants.map { try Grant($0, identities) })
        case .document(let acl)?:
            guard acl.owner.id == owner.id else { throw S3Error.accessDenied() }
            self.init(grants: try acl.grants.map { try Grant($0, identities) })
        }
    }

    private init(_ canned: S3CannedACL, owner: S3Owner, bucketOwner: S3Owner?) {
        var grants: [Grant]
        switch canned {
        case .private, .awsExecRead: grants = []
        case .publicRead: grants = [.init(.allUsers, .read)]
        case .publicReadWrite: grants = [.init(.allUsers, .read), .init(.allUsers, .write)]
        case .authenticatedRead: grants = [.init(.authenticatedUsers, .read)]
        case .logDeliveryWrite: grants = [.init(.logDelivery, .write), .init(.logDelivery, .readACL)]
        case .bucketOwnerRead, .bucketOwnerFullControl:
            grants = []
            if let bucketOwner, bucketOwner.id != owner.id {
                let permission = canned == .bucketOwnerRead ? S3Permission.read : .fullControl
                grants = [Grant(grantee: .user(canonicalID: bucketOwner.id), permission: permission)]
            }
        }
        guard !grants.isEmpty else {
            self = .private
            return
        }
        grants.append(Grant(grantee: .user(canonicalID: owner.id), permission: .fullControl))
        self.init(grants: grants)
    }

    /// Groups first, as clients have come to expect.
    func shown(owner: S3Owner, _ identities: IdentityStore) throws -> S3ACL {
        let grants = grants ?? [Grant(grantee: .user(canonicalID: owner.id), permission: .fullControl)]
        var (groups, users): ([S3Grant], [S3Grant]) = ([], [])
        for grant in grants {
            switch grant.grantee {
            case .group(let group): groups.append(S3Grant(.group(group), grant.permission))
            case .user(let id):
                let name = id == owner.id ? owner.displayName : try identities.account(canonicalID: id)?.displayName
                users.append(S3Grant(.user(S3Owner(id: id, displayName: name ?? "")), grant.permission))
            }
        }
        return S3ACL(owner: owner, grants: groups + users)
    }
}

extension AccessList.Grant {
    fileprivate init(_ group: S3Group, _ permission: S3Permission) {
        self.init(grantee: .group(group), permission: permission)
    }

    fileprivate init(_ grant: S3Grant, _ identities: IdentityStore) throws {
        let grantee: AccessList.Grantee
        switch grant.grantee {
        case .group(let group): grantee = .group(group)
        case .user(let user):
            guard try user.id == S3Owner.anonymous.id || identities.account(canonicalID: user.id) != nil else {
                throw S3Error(
                    "InvalidArgument", 400, "Invalid id",
                    elements: [.init("ArgumentName", "CanonicalUser/ID"), .init("ArgumentValue", user.id)])
            }
            grantee = .user(canonicalID: user.id)
        case .email(let address):
            guard let account = try identities.account(email: address) else {
                throw S3Error(
                    "UnresolvableGrantByEmailAddress", 400,
                    "The e-mail address you provided does not match any account on record.")
            }
            grantee = .user(canonicalID: account.canonicalID)
        }
        self.init(grantee: grantee, permission: grant.permission)
    }
}
