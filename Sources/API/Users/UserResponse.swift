import Domain

extension User {
    var json: JSONValue {
        .members([
            "id": .integer(id.value),
            "iamid": .string(iamid),
            "userid": .string(userid),
            "permissions": .array(permissions.map(\.rawValue).sorted().map { .string($0) }),
            "profile": .members([
                "id": .integer(id.value),
                "name": .string(profile.name),
                "email": profile.email.map { .string($0) } ?? .null,
                "externalUserIds": profile.externalUserIDs.json,
            ]),
            "createdAt": .string(Timestamp.text(createdAt)),
            "updatedAt": .string(Timestamp.text(updatedAt)),
        ])
    }
}

extension ExternalUserIDs {
    /// Those that there are.
    fileprivate var json: JSONValue {
        .members([
            "awsIamPrincipalArn": iamPrincipalARN.map { .string($0) },
            "awsIdentityCenterUserId": identityCenterUserID.map { .string($0) },
            "awsIdentityCenterGroupIds": identityCenterGroupIDs.isEmpty
                ? nil : .array(identityCenterGroupIDs.map { .string($0) }),
        ])
    }
}

extension UserPage {
    var json: JSONValue {
        .members(["hits": .array(hits.map(\.json)), "count": .integer(count)])
    }
}
