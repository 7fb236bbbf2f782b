import GRDB
import SigV4

/// Who calls, as far as S3 Access Grants cares.
protocol AccessGrantsCaller: Sendable {
    /// The account the credentials belong to.
    var account: String { get }
    /// The IAM ARN of the user or role behind the credentials, role path included.
    var principalARN: String { get }
    /// Every identity of the request a grant can name.
    var identities: [Grantee] { get }
    /// The Identity Center application the session came through; nil where there is none.
    var applicationARN: String? { get }

    /// Whether the caller's own policies allow the action.
    func allows(_ action: String, on resource: String) -> Bool
}

/// What S3 Access Grants asks of the rest of AWS.
protocol AccessGrantsSurroundings: Sendable {
    /// The owner and Region of a bucket; nil where there is none of that name.
    func bucket(_ name: String, _ database: Database) throws -> (owner: String, region: String)?
    func role(_ arn: String, _ database: Database) throws -> LocationRole?
    /// Whether an IAM user or role exists; nil where its account is not one of this sandbox's.
    func principalExists(_ arn: IAMPrincipalARN, _ database: Database) throws -> Bool?
    /// Credentials of the role, narrowed to what `session` says.
    func vend(_ session: DataAccessSession, _ database: Database) throws -> AWSCredentials
}

/// An IAM role as S3 Access Grants sees it.
struct LocationRole: Equatable, Sendable {
    let createdAt: Milliseconds
    /// Seconds.
    let maximumSessionDuration: Int
    /// Whether its trust policy lets `access-grants.s3.amazonaws.com` call `sts:AssumeRole` for this instance.
    let trustsAccessGrants: Bool
}

/// What the credentials of GetDataAccess are good for.
struct DataAccessSession: Equatable, Sendable {
    let roleARN: String
    let scope: S3Path
    let permission: AccessGrantPermission
    /// Seconds.
    let duration: Int
    let instanceARN: String
    let grantee: Grantee
}

/// Numbers an operator can change.
struct AccessGrantsLimits: Equatable, Sendable {
    /// Locations of an instance.
    var locations = 1000
    /// Grants of an instance.
    var grants = 100_000
    /// How long a new role answers `InvalidIamRole`, and a location whose grant was just deleted
    /// `AccessGrantsLocationNotEmptyError`, as AWS does while a change spreads. Milliseconds; 0 is never.
    var rolePropagation: Milliseconds = 0
    var grantDeletionPropagation: Milliseconds = 0
}

extension AccessGrantsLimits {
    init(_ configuration: SandboxConfiguration) {
        let propagation = Milliseconds(configuration.propagation / .milliseconds(1))
        self.init(
            locations: configuration.quotas.locations, grants: configuration.quotas.grants,
            rolePropagation: propagation, grantDeletionPropagation: propagation)
    }
}

/// One request to one operation, within the transaction it runs in.
struct AccessGrantsCall {
    let route: AccessGrantsRoute
    /// The account of `x-amz-account-id`: the owner of what is meant.
    let account: String
    let region: String
    let caller: any AccessGrantsCaller
    let query: AccessGrantsQuery
    let body: [UInt8]
    let now: Milliseconds
    let limits: AccessGrantsLimits
    let store: AccessGrantsStore
    let surroundings: any AccessGrantsSurroundings
    /// Makes the ids of locations and grants: UUIDs in lower case.
    let makeID: @Sendable () -> String

    /// - Throws: `AccessGrantsError`, or what the database throws.
    func answer() throws -> AccessGrantsAnswer {
        switch route.operation {
        case .createInstance: try createInstance()
        case .getInstance: try getInstance()
        case .deleteInstance: try deleteInstance()
        case .listInstances: try listInstances()
        case .getInstanceForPrefix: try getInstanceForPrefix()
        case .putPolicy: try putPolicy()
        case .getPolicy: try getPolicy()
        case .deletePolicy: try deletePolicy()
        case .associateIdentityCenter: try associateIdentityCenter()
        case .dissociateIdentityCenter: try dissociateIdentityCenter()
        case .createLocation: try createLocation()
        case .getLocation: try getLocation()
        case .updateLocation: try updateLocation()
        case .deleteLocation: try deleteLocation()
        case .listLocations: try listLocations()
        case .createGrant: try createGrant()
        case .getGrant: try getGrant()
        case .deleteGrant: try deleteGrant()
        case .listGrants: try listGrants()
        case .getDataAccess: try getDataAccess()
        case .listCallerGrants: try listCallerGrants()
        case .tag: try tagResource()
        case .untag: try untagResource()
        case .listTags: try listTags()
        }
    }
}

struct AccessGrantsAnswer: Equatable, Sendable {
    let status: Int
    let body: [UInt8]

    static func document(_ body: [UInt8]) -> Self { Self(status: 200, body: body) }
    /// Deletes and AssociateAccessGrantsIdentityCenter answer 200 without a body, as the API reference's syntax
    /// sections show [our decision: no real answer is published].
    static let empty = Self(status: 200, body: [])
    static let noContent = Self(status: 204, body: [])
}

/// A request's decoded query, in the order of the wire.
struct AccessGrantsQuery: Equatable, Sendable {
    let items: [Item]

    struct Item: Equatable, Sendable {
        let name: String
        let value: String
    }

    init(_ items: [(String, String)]) { self.items = items.map { Item(name: $0.0, value: $0.1) } }

    /// The first value of that name; nil where it is absent or empty.
    subscript(_ name: String) -> String? {
        guard let value = items.first(where: { $0.name == name })?.value, !value.isEmpty else { return nil }
        return value
    }

    func all(_ name: String) -> [String] { items.filter { $0.name == name }.map(\.value) }

    func required(_ name: String) throws(AccessGrantsError) -> String {
        guard let value = self[name] else { throw .invalidRequest("Missing required parameter: \(name)") }
        return value
    }

    /// A parameter of 1 to 2,000 characters.
    func prefix(_ name: String) throws(AccessGrantsError) -> String? {
        guard let value = self[name] else { return nil }
        guard value.unicodeScalars.count <= S3Path.longest else {
            throw .invalidRequest("The value of \(name) is too long")
        }
        return value
    }

    func choice<Choice: RawRepresentable>(
        _ name: String, of type: Choice.Type = Choice.self
    ) throws(AccessGrantsError) -> Choice? where Choice.RawValue == String {
        guard let value = self[name] else { return nil }
        guard let choice = Choice(rawValue: value) else {
            throw .invalidRequest("The value of \(name) is not valid")
        }
        return choice
    }
}
