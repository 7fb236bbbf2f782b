public import Domain

/// AWS as the validation tests see it, with answers that are given beforehand. It has nothing that could be changed.
public struct FakeAccessGrantsService: AccessGrantsService {
    public var identity: Result<CallerIdentity, AWSProblem> = .success(
        CallerIdentity(accountID: Fixtures.accountID.description, arn: "arn:aws:iam::\(Fixtures.accountID):user/sluice")
    )
    public var instance: Result<String, AWSProblem> = .success(
        "arn:aws:s3:us-east-1:123456789012:access-grants/default")
    /// `nil`: the path exists and can be listed.
    public var listingProblem: AWSProblem?
    public var locations: Result<[AWSLocation], AWSProblem> = .success([])
    /// Those at other paths.
    public var otherLocations = 0
    /// Whichever id is asked for.
    public var location: Result<AWSLocation?, AWSProblem> = .success(nil)

    /// Awaited at the beginning of each look at the caller's identity.
    public var beforeIdentity: @Sendable () async -> Void = {}

    public init() {}

    public func callerIdentity(
        _ connection: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) -> CallerIdentity {
        await beforeIdentity()
        return try identity.get()
    }

    public func instance(_ connection: AWSConnection, deadline: Duration) async throws(AWSProblem) -> String {
        try instance.get()
    }

    public func listPrefixes(
        at path: LocationPath, _ connection: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) {
        if let listingProblem { throw listingProblem }
    }

    public func locations(
        at path: LocationPath, _ connection: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) -> FoundLocations {
        let matching = try locations.get()
        return FoundLocations(matching: matching, total: matching.count + otherLocations)
    }

    public func location(
        id: String, _ connection: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) -> AWSLocation? { try location.get() }

    public func createLocation(
        at path: LocationPath, role: IAMRoleARN, _ connection: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) -> AWSLocation { throw Self.unchangeable("s3:CreateAccessGrantsLocation") }

    public func updateLocation(
        id: String, role: IAMRoleARN, _ connection: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) { throw Self.unchangeable("s3:UpdateAccessGrantsLocation") }

    public func deleteLocation(
        id: String, _ connection: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) { throw Self.unchangeable("s3:DeleteAccessGrantsLocation") }

    public func createGrant(
        _ key: GrantKey, locationID: String, _ connection: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) -> AWSAnswer<AWSGrant> { throw Self.unchangeable("s3:CreateAccessGrant") }

    public func deleteGrant(
        id: String, _ connection: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) -> AWSAnswer<Void> { throw Self.unchangeable("s3:DeleteAccessGrant") }

    public func grants(
        matching key: GrantKey, _ connection: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) -> [AWSGrant] { [] }

    public func grant(
        id: String, _ connection: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) -> AWSGrant? { nil }

    public func grants(
        page: String?, _ connection: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) -> AWSGrantPage { AWSGrantPage(grants: [], next: nil) }

    private static func unchangeable(_ action: String) -> AWSProblem {
        AWSProblem(kind: .serviceFault, code: "InternalError", message: "This AWS cannot be changed.", action: action)
    }
}
