import Domain

extension DriftReport {
    /// What `GET /integrations/{id}/drift` answers.
    static func json(_ report: DriftReport?, of id: IntegrationID, _ usage: GrantUsage) -> JSONValue {
        let (missing, leftOver) = (report?.missing ?? 0, report?.leftOver ?? 0)
        return .members([
            "id": .string(id.description),
            "checkedAt": report.map { .string(Timestamp.text($0.checkedAt)) } ?? .null,
            "missing": .integer(missing),
            "leftOver": .integer(leftOver),
            "repaired": .integer(missing + leftOver),
            "foreignCount": .integer(report?.foreignCount ?? 0),
            "foreign": .array((report?.foreign ?? []).map(\.json)),
            "quota": .members(["grants": .members(["used": .integer(usage.used), "limit": .integer(usage.quota)])]),
            "warnings": .array([usage.warning].compactMap { $0.map { .string($0) } }),
        ])
    }
}

extension ForeignGrant {
    fileprivate var json: JSONValue {
        .members([
            "grantId": .string(grantID), "scope": .string(scope),
            "grantee": .members(["type": .string(grantee.type.rawValue), "identifier": .string(grantee.identifier)]),
            "permission": .string(permission),
        ])
    }
}
