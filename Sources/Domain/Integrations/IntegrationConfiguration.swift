/// What an integration is asked to be. Every part is valid.
public struct IntegrationConfiguration: Sendable, Equatable {
    public var name: String
    /// Assumed by S3 Access Grants to hand out data; it belongs to the location.
    public var locationRole: IAMRoleARN
    public var path: LocationPath
    public var connection: AWSConnection

    public init(name: String, locationRole: IAMRoleARN, path: LocationPath, connection: AWSConnection) {
        self.name = name
        self.locationRole = locationRole
        self.path = path
        self.connection = connection
    }
}

/// A configuration as a caller proposes it: complete and well formed, but for the location role, whose form is
/// test 3 of the validation.
public struct IntegrationProposal: Sendable, Equatable {
    public var name: String
    public var locationRole: String
    public var path: LocationPath
    public var connection: AWSConnection

    public init(name: String, locationRole: String, path: LocationPath, connection: AWSConnection) {
        self.name = name
        self.locationRole = locationRole
        self.path = path
        self.connection = connection
    }

    public init(_ configuration: IntegrationConfiguration) {
        self.init(
            name: configuration.name, locationRole: configuration.locationRole.description,
            path: configuration.path, connection: configuration.connection)
    }

    /// The configuration it is when its role is an ARN.
    public func configuration() throws(IAMRoleARN.MalformedARN) -> IntegrationConfiguration {
        IntegrationConfiguration(
            name: name, locationRole: try IAMRoleARN(locationRole), path: path, connection: connection)
    }
}
