public import Domain
public import Foundation

/// Values that tests start from. Every time is an argument; `Fixtures.now` is the customary one.
public enum Fixtures {
    /// 2026-01-01T00:00:00Z
    public static let now = Date(timeIntervalSince1970: 1_767_225_600)

    public static let accountID = valid(AWSAccountID("123456789012"))
    public static let otherAccountID = valid(AWSAccountID("210987654321"))
    public static let region = valid(AWSRegion("eu-west-1"))
    public static let externalID = valid(ExternalID("sluice-00112233445566778899aabbccddeeff"))
    public static let locationRole = role("access-grants-location")

    public static func role(_ name: String, account: AWSAccountID = accountID) -> IAMRoleARN {
        valid(try? IAMRoleARN("arn:aws:iam::\(account):role/\(name)"))
    }

    public static func path(_ text: String) -> LocationPath { valid(try? LocationPath(text)) }

    public static func connection(
        account: AWSAccountID = accountID, region: AWSRegion = region, base: AWSAuthentication.Base = .auto,
        roleToAssume: IAMRoleARN? = nil
    ) -> AWSConnection {
        AWSConnection(
            accountID: account, region: region, authentication: .init(base: base, roleToAssume: roleToAssume),
            externalID: externalID)
    }

    public static func configuration(
        name: String = "research", path: String = "s3://research/", role: IAMRoleARN = locationRole,
        connection: AWSConnection = connection()
    ) -> IntegrationConfiguration {
        IntegrationConfiguration(
            name: name, locationRole: role, path: Self.path(path), connection: connection)
    }

    public static let passed = ValidationResults(
        tests: ValidationTest.Name.allCases.map { ValidationTest($0, .passed, durationMs: 7) })

    public static func failed(_ name: ValidationTest.Name, _ message: String) -> ValidationResults {
        ValidationResults(
            tests: ValidationTest.Name.allCases.map {
                $0 == name ? ValidationTest($0, .failed, message) : ValidationTest($0, .passed)
            })
    }

    public static func newIntegration(
        _ configuration: IntegrationConfiguration = configuration(), by user: UserID = UserID(1), now: Date = now
    ) -> NewIntegration {
        NewIntegration(configuration, validation: passed, createdBy: user, now: now)
    }

    public static func made(_ path: String = "s3://research/", role: IAMRoleARN = locationRole) -> LocationRecord.Made {
        let id = "a35082eb-1a4b-4f5c-9a0d-\(path.utf8.count)"
        return LocationRecord.Made(
            locationID: id, arn: "arn:aws:s3:\(region):\(accountID):access-grants/default/location/\(id)", role: role)
    }

    private static func valid<Value>(_ value: Value?) -> Value {
        guard let value else { preconditionFailure("a fixture must be valid") }
        return value
    }
}

/// A readable external id: `sluice-test-{account}-{role's name}`.
public struct FixedExternalIDSource: ExternalIDSource {
    public init() {}

    public func externalID(accountID: AWSAccountID, role: IAMRoleARN?) -> ExternalID {
        guard let id = ExternalID("sluice-test-\(accountID)-\(role?.name ?? "none")") else {
            preconditionFailure("the parts are of an external id's alphabet")
        }
        return id
    }
}
