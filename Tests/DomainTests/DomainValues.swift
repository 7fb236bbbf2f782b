import Domain
import Foundation

/// Values for the tests of Domain, which knows no fixtures of others.
enum Values {
    static let now = Date(timeIntervalSince1970: 1_767_225_600)
    static let path = path("s3://research/")
    static let newPath = path("s3://archive/")
    static let role = role("location")
    static let newRole = role("other")

    static func path(_ text: String) -> LocationPath {
        guard let path = try? LocationPath(text) else { preconditionFailure("a valid path") }
        return path
    }

    static func role(_ name: String) -> IAMRoleARN {
        guard let role = try? IAMRoleARN("arn:aws:iam::123456789012:role/\(name)") else {
            preconditionFailure("a valid ARN")
        }
        return role
    }

    static var connection: AWSConnection {
        guard let account = AWSAccountID("123456789012"), let region = AWSRegion("eu-west-1"),
            let externalID = ExternalID("external")
        else { preconditionFailure("valid parts") }
        return AWSConnection(
            accountID: account, region: region, authentication: .init(base: .auto), externalID: externalID)
    }

    static func configuration(
        name: String = "research", path: LocationPath = path, role: IAMRoleARN = role
    ) -> IntegrationConfiguration {
        IntegrationConfiguration(name: name, locationRole: role, path: path, connection: connection)
    }

    static let passed = ValidationResults(tests: [ValidationTest(.roleARN, .passed)])

    static func creating(_ id: Int64 = 1, _ configuration: IntegrationConfiguration = configuration()) -> Integration {
        let new = NewIntegration(configuration, validation: passed, createdBy: UserID(1), now: now)
        return Integration(
            id: IntegrationID(id), revision: 1, lifecycle: .initial, configuration: new.configuration, pending: nil,
            locations: new.locations, report: new.report, schedule: new.schedule)
    }

    static func made(_ id: String, _ role: IAMRoleARN = role) -> LocationRecord.Made {
        LocationRecord.Made(locationID: id, arn: "arn:\(id)", role: role)
    }

    static func enabled(_ id: Int64 = 1, _ configuration: IntegrationConfiguration = configuration()) -> Integration {
        var integration = creating(id, configuration)
        integration.beginAttempt(at: configuration.path, now: now, lease: 60)
        integration.locationWasMade(
            made("location-\(id)", configuration.locationRole), at: configuration.path, now: now)
        return integration
    }

    static func problem(
        _ kind: AWSProblem.Kind = .refused, _ code: String = "AccessDenied", isLost: Bool = false
    ) -> AWSProblem {
        AWSProblem(kind: kind, code: code, message: "no", action: "s3:Anything", mayHaveSucceeded: isLost)
    }

    static func key(
        _ level: AccessLevel = .read, _ grantee: String = "reader", location: String = "s3://research/"
    ) -> GrantKey {
        GrantKey(
            DataPrefix(stored: "raw/", kind: .folder), at: path(location),
            for: Grantee(.iam, "arn:aws:iam::123456789012:user/\(grantee)"), level)
    }
}
