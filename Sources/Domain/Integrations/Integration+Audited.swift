extension Integration: Audited {
    public var auditTarget: AuditTarget { AuditTarget(.integration, id.description) }

    public var auditValue: AuditValue {
        .members([
            ("status", .string(status.rawValue)), ("config", configuration.auditValue),
            ("pending", pending?.auditValue ?? .null),
            ("validation", AuditValue(report.validation?.status.rawValue)),
        ])
    }
}

extension IntegrationConfiguration {
    /// As reads show it, but with the secret, which is masked as it is written.
    fileprivate var auditValue: AuditValue {
        let base: [(name: String, value: AuditValue)] =
            switch connection.authentication.base {
            case .auto: [("authenticationType", .string("auto"))]
            case .accessKey(let id, let secret):
                [
                    ("authenticationType", .string("accessKey")), ("awsAccessKeyId", .string(id)),
                    ("awsSecretAccessKey", .secret(secret)),
                ]
            }
        return .members(
            [
                ("name", .string(name)), ("awsAccountId", .string(connection.accountID.description)),
                ("awsRegion", .string(connection.region.description)),
                ("awsLocationRole", .string(locationRole.description)),
                ("awsLocationPath", .string(path.description)),
            ] + base + [
                ("awsRoleToAssume", AuditValue(connection.authentication.roleToAssume?.description))
            ])
    }
}
