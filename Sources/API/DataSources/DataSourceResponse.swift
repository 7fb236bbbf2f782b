import Domain

extension DataSourceView {
    /// A hit of a search, and what a change answers.
    var summary: JSONValue { .object(members) }

    /// With how many subscriptions have which status.
    var detail: JSONValue {
        let grants = GrantStatus.allCases.map { status in
            JSONValue.Member(name: status.rawValue, value: .integer(grantCounts[status] ?? 0))
        }
        return .object(members + [.init(name: "grants", value: .object(grants))])
    }

    private var members: [JSONValue.Member] {
        let id = dataSource.id.value
        let all: KeyValuePairs<String, JSONValue> = [
            "id": .integer(id),
            "name": .string(dataSource.name),
            "sqlTableName": .string(dataSource.sqlTableName),
            "description": dataSource.description.map { .string($0) } ?? .null,
            "deleted": .bool(dataSource.isDisabled),
            "status": .string(dataSource.isDisabled ? "disabled" : "active"),
            "subscriptionStatus": .string(subscription?.rawValue ?? "not_subscribed"),
            "subscriptionType": .string("manual"),
            "blobHandlerType": .string(IntegrationRequest.type),
            "blobHandler": .members(["url": .string("/native-s3/handler/\(id)")]),
            "integrationId": .integer(dataSource.integrationID.value),
            "prefix": .string(dataSource.prefix.description),
            "prefixType": .string(dataSource.prefix.type.rawValue),
            "createdBy": .integer(dataSource.createdBy.value),
            "createdAt": .string(Timestamp.text(dataSource.createdAt)),
            "updatedAt": .string(Timestamp.text(dataSource.updatedAt)),
            "schemaEvolutionId": .integer(id),
        ]
        return all.map { .init(name: $0.key, value: $0.value) }
    }
}

extension DataPrefix {
    var type: PrefixType { kind == .object ? .object : .prefix }
}

extension DataSource {
    func handlerJSON(of integration: Integration) -> JSONValue {
        .members([
            "id": .integer(id.value),
            "metadata": .members([
                "prefix": .string(prefix.description),
                "integrationId": .integer(integrationID.value),
                "dataSourceName": .string(name),
                "prefixType": .string(prefix.type.rawValue),
            ]),
            "type": .string("nativeS3Handler"),
            "awsLocationPath": .string(integration.configuration.path.description),
        ])
    }
}

extension DataSourceRemoval {
    var isHard: Bool {
        switch self {
        case .disabled: false
        case .deleted: true
        }
    }

    var json: JSONValue {
        let dataSource =
            switch self {
            case .disabled(let dataSource), .deleted(let dataSource): dataSource
            }
        return .members([
            "success": .bool(true),
            "id": .integer(dataSource.id.value),
            "schemaEvolutionId": .integer(dataSource.id.value),
            "name": .string(dataSource.name),
            "disabled": .bool(!isHard),
            "handlerDeleteErrorMessage": .null,
            "hardDelete": .bool(isHard),
        ])
    }
}
