import Domain

/// The body of a creation.
struct UserRequest {
    var userid: String
    var profile: User.Profile
    var permissions: Set<Permission>

    /// - Parameter faults: those found elsewhere in the request, to be told together.
    /// - Throws: `badRequest` with every fault.
    static func read(_ json: JSONValue, with faults: [InputFault]) throws(DomainError) -> UserRequest {
        var root = try FieldReader.root(json)
        if let iamid = root.optionalString("iamid", limit: 255), iamid != UserRoutes.iamid {
            root.fault("iamid", "must be \"\(UserRoutes.iamid)\"")
        }
        let userid = root.string("userid", limit: 255)
        let permissions = root.permissions("permissions") ?? []
        var profile: User.Profile?
        if var reader = root.object("profile") {
            let change = ProfileRequest.read(&reader)
            if !reader.has("name") { reader.fault("name", "is required") }
            if let name = change.name {
                profile = change.applied(to: User.Profile(name: name))
            }
            root.take(reader)
        }
        try root.finish(with: faults)
        guard let userid, let profile else { preconditionFailure("what is missing is a fault") }
        return UserRequest(userid: userid, profile: profile, permissions: permissions)
    }
}

/// The members of a profile that are given; `null` removes what may be missing.
enum ProfileRequest {
    /// Of one user: what IAM Identity Center allows.
    static let maximumGroups = 1000

    static func read(_ json: JSONValue, with faults: [InputFault]) throws(DomainError) -> ProfileChange {
        var root = try FieldReader.root(json)
        // As reads show it, so that what was read can be sent back.
        root.ignore("id")
        let change = read(&root)
        try root.finish(with: faults)
        return change
    }

    static func read(_ root: inout FieldReader) -> ProfileChange {
        var change = ProfileChange()
        if root.has("name") {
            change.name = root.string("name", limit: 255)
            if let name = change.name, name.allSatisfy(\.isWhitespace) { root.fault("name", "must not be blank") }
        }
        if root.has("email") {
            let text = root.optionalString("email", limit: 320)
            if let text, !isAddress(text) { root.fault("email", "must be an e-mail address") }
            change.email = .some(text)
        }
        if root.has("externalUserIds") {
            change.externalUserIDs = ExternalUserIDs()
            if var ids = root.optionalObject("externalUserIds") {
                change.externalUserIDs = externalUserIDs(&ids)
                root.take(ids)
            }
        }
        return change
    }

    private static func externalUserIDs(_ ids: inout FieldReader) -> ExternalUserIDs {
        let text = ids.optionalString("awsIamPrincipalArn", limit: 2048)
        let arn = ids.parse("awsIamPrincipalArn", text) { text throws(InputFault) in
            do throws(IAMRoleARN.MalformedARN) { return try IAMPrincipalARN(text) } catch {
                throw InputFault("", "must be the ARN of an IAM user or role: \(error.reason)")
            }
        }
        let user = identityCenterID("awsIdentityCenterUserId", in: &ids)
        let groups = ids.optionalStrings("awsIdentityCenterGroupIds", limit: maximumGroups, length: 64) ?? []
        for (index, group) in groups.enumerated() where IdentityCenterID(group) == nil {
            ids.fault("awsIdentityCenterGroupIds[\(index)]", identityCenterRule)
        }
        return ExternalUserIDs(
            iamPrincipalARN: arn?.description, identityCenterUserID: user?.description, identityCenterGroupIDs: groups)
    }

    private static let identityCenterRule = "must be an id of IAM Identity Center, a UUID"

    private static func identityCenterID(_ name: String, in ids: inout FieldReader) -> IdentityCenterID? {
        let text = ids.optionalString(name, limit: 64)
        return ids.parse(name, text) { text throws(InputFault) in
            guard let id = IdentityCenterID(text) else { throw InputFault("", identityCenterRule) }
            return id
        }
    }

    /// One `@` with something before it and a host name's characters after it: the rest only its server knows.
    private static func isAddress(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        return parts.count == 2 && !parts[0].isEmpty && !parts[1].isEmpty && !text.contains(where: \.isWhitespace)
    }
}

/// `{"permissions":[…]}`
enum PermissionsRequest {
    static func read(_ json: JSONValue, with faults: [InputFault]) throws(DomainError) -> Set<Permission> {
        var root = try FieldReader.root(json)
        _ = root.required("permissions")
        let permissions = root.permissions("permissions")
        try root.finish(with: faults)
        return permissions ?? []
    }
}

extension FieldReader {
    fileprivate mutating func permissions(_ name: String) -> Set<Permission>? {
        guard let texts = optionalStrings(name, limit: 100, length: 100) else { return nil }
        let all = Permission.allCases.map(\.rawValue).sorted().joined(separator: ", ")
        var permissions: Set<Permission> = []
        for (index, text) in texts.enumerated() {
            guard let permission = Permission(rawValue: text) else {
                fault("\(name)[\(index)]", "must be one of \(all)")
                continue
            }
            permissions.insert(permission)
        }
        return permissions
    }
}
