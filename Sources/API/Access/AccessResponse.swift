import Domain

extension AccessRow {
    /// One of the users of a data source.
    var json: JSONValue {
        .members([
            "profile": .integer(user.id.value),
            "name": .string(user.profile.name),
            "userid": .string(user.userid),
            "iamid": .string(user.iamid),
            "email": user.profile.email.map { .string($0) } ?? .null,
            "state": .string(subscription.state.rawValue),
            "accessGrant": .string(subscription.level.rawValue),
            "approved": .bool(!subscription.isRevoked),
            "grantStatus": .string(grant.status.rawValue),
            "grantMessage": grant.message.map { .string($0) } ?? .null,
            "createdAt": .string(Timestamp.text(subscription.createdAt)),
            "updatedAt": .string(Timestamp.text(subscription.updatedAt)),
            "admin": .integer(subscription.createdBy.value),
        ])
    }

    /// What giving or changing it answers.
    var subscriptionJSON: JSONValue {
        .members([
            "id": .integer(subscription.id.value),
            "modelId": .integer(subscription.dataSourceID.value),
            "modelType": .string("datasource"),
            "state": .string(subscription.state.rawValue),
            "profile": .integer(user.id.value),
            "accessGrant": .string(subscription.level.rawValue),
            "approved": .bool(!subscription.isRevoked),
            "createdAt": .string(Timestamp.text(subscription.createdAt)),
            "updatedAt": .string(Timestamp.text(subscription.updatedAt)),
            "admin": .integer(subscription.createdBy.value),
            "grantStatus": .string(grant.status.rawValue),
            "grantMessage": grant.message.map { .string($0) } ?? .null,
        ])
    }

    var revocationJSON: JSONValue {
        .members([
            "success": .bool(true),
            "id": .integer(subscription.id.value),
            "modelId": .integer(subscription.dataSourceID.value),
            "profile": .integer(user.id.value),
            "grantStatus": .string(grant.status.rawValue),
            "grantMessage": grant.message.map { .string($0) } ?? .null,
        ])
    }
}
