extension DataSource {
    /// In characters.
    public static let maximumNameLength = 255

    /// What one is called without a name of its own: `s3://research-data-source (64*****50499/us-east-2)`.
    public static func defaultName(_ prefix: DataPrefix, of integration: IntegrationConfiguration) -> String {
        let account = integration.connection.accountID.description
        var place = prefix.scope(under: integration.path)
        if prefix.kind != .wildcard, place.hasSuffix("/") { place.removeLast() }
        if prefix.kind == .wildcard { place += "*" }
        return "\(place) (\(account.prefix(2))*****\(account.suffix(5))/\(integration.connection.region))"
    }
}

extension DomainError {
    /// - Parameter names: in use already, or asked for twice.
    public static func dataSourcesExist(_ names: [String]) -> DomainError {
        DomainError(
            .conflict, names.map { "A data source named \"\($0)\" already exists." }.joined(separator: " "))
    }

    public static func integrationNotEnabled(_ id: IntegrationID, _ status: IntegrationStatus) -> DomainError {
        DomainError(
            .conflict,
            """
            Data sources cannot be added to the integration with ID \(id) in current state \(status.rawValue): it must \
            be enabled.
            """)
    }

    public static func noIntegration(_ id: IntegrationID) -> DomainError {
        DomainError(.notFound, "No integration found with ID \(id).")
    }

    public static func noDataSource(_ id: DataSourceID) -> DomainError {
        DomainError(.notFound, "No data source found with ID \(id).")
    }

    /// - Parameter ids: at least one.
    public static func noDataSources(_ ids: [DataSourceID]) -> DomainError {
        guard ids.count > 1 else { return noDataSource(ids.first ?? DataSourceID(0)) }
        return DomainError(
            .notFound, "No data sources found with the IDs \(ids.map(\.description).joined(separator: ", ")).")
    }

    public static func noUser(_ id: UserID) -> DomainError {
        DomainError(.notFound, "No user found with profile ID \(id).")
    }

    public static func noAccess(of user: UserID, to id: DataSourceID) -> DomainError {
        DomainError(.notFound, "The user with profile ID \(user) has no access to the data source with ID \(id).")
    }

    public static func lastOwner(of id: DataSourceID, _ user: UserID) -> DomainError {
        DomainError(
            .conflict,
            """
            The user with profile ID \(user) is the only owner of the data source with ID \(id). Make somebody else an \
            owner first.
            """)
    }
}
