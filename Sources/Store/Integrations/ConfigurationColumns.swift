import Domain
import GRDB
import SQLiteStatements

/// The columns of one configuration, current or pending; its secret is kept elsewhere.
struct ConfigurationColumns {
    static let names = [
        "name", "path", "location_role", "account_id", "region", "access_key_id", "role_to_assume", "external_id",
    ]

    /// Which of an integration's two configurations.
    enum Part: String {
        case current, pending
    }

    var name: String
    var path: LocationPath
    var locationRole: IAMRoleARN
    var accountID: AWSAccountID
    var region: AWSRegion
    var accessKeyID: String?
    var roleToAssume: IAMRoleARN?
    var externalID: ExternalID

    /// `nil` when the columns are NULL.
    init?(_ row: inout RowDecoder) throws {
        let name = row.optionalText()
        let path = try row.optionalParsed { try LocationPath($0) }
        let locationRole = try row.optionalParsed { try IAMRoleARN($0) }
        let accountID = try row.optionalParsed { AWSAccountID($0) }
        let region = try row.optionalParsed { AWSRegion($0) }
        accessKeyID = row.optionalText()
        roleToAssume = try row.optionalParsed { try IAMRoleARN($0) }
        let externalID = try row.optionalParsed { ExternalID($0) }
        guard let name, let path, let locationRole, let accountID, let region, let externalID else { return nil }
        self.name = name
        self.path = path
        self.locationRole = locationRole
        self.accountID = accountID
        self.region = region
        self.externalID = externalID
    }

    /// - Parameter secret: empty when none is kept.
    func configuration(secret: Secret?) -> IntegrationConfiguration {
        let base: AWSAuthentication.Base =
            if let accessKeyID { .accessKey(id: accessKeyID, secret: secret ?? Secret("")) } else { .auto }
        return IntegrationConfiguration(
            name: name, locationRole: locationRole, path: path,
            connection: AWSConnection(
                accountID: accountID, region: region,
                authentication: AWSAuthentication(base: base, roleToAssume: roleToAssume), externalID: externalID))
    }

    /// In the order of `names`.
    static func bound(_ configuration: IntegrationConfiguration?) -> Bound {
        guard let configuration else { return Bound(names.map { _ in String?.none }) }
        let connection = configuration.connection
        let accessKeyID: String? =
            if case .accessKey(let id, _) = connection.authentication.base { id } else { nil }
        return [
            configuration.name, configuration.path.description, configuration.locationRole.description,
            connection.accountID.description, connection.region.description, accessKeyID,
            connection.authentication.roleToAssume?.description, connection.externalID.description,
        ]
    }
}

extension IntegrationConfiguration {
    var secret: Secret? {
        if case .accessKey(_, let secret) = connection.authentication.base { secret } else { nil }
    }
}
