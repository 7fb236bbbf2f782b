extension User: Audited {
    /// By userid, as the API names users.
    public var auditTarget: AuditTarget { AuditTarget(.user, userid) }

    public var auditValue: AuditValue {
        let ids = profile.externalUserIDs
        return .members([
            ("id", .integer(id.value)), ("iamid", .string(iamid)), ("userid", .string(userid)),
            ("name", .string(profile.name)), ("email", AuditValue(profile.email)),
            ("awsIamPrincipalArn", AuditValue(ids.iamPrincipalARN)),
            ("awsIdentityCenterUserId", AuditValue(ids.identityCenterUserID)),
            ("awsIdentityCenterGroupIds", .array(ids.identityCenterGroupIDs.map { .string($0) })),
            ("permissions", .array(permissions.map(\.rawValue).sorted().map { .string($0) })),
        ])
    }
}

extension APIKey: Audited {
    public var auditTarget: AuditTarget { AuditTarget(.apiKey, String(id)) }

    public var auditValue: AuditValue {
        .members(
            [
                ("keyid", .integer(id)), ("userid", .string(userid)), ("name", .string(name)),
                ("expiresAt", AuditValue(expiresAt)),
            ] + (accessKeyID.map { [("accessKeyId", .string($0))] } ?? []))
    }
}
