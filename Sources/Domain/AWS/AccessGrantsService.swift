#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// What Sluice asks of AWS for one integration. Each method is one AWS operation (and the AssumeRole before it, when
/// the configuration says so and no session is at hand) and retries within `deadline` as AWS's own tools do.
public protocol AccessGrantsService: Sendable {
    /// `sts:GetCallerIdentity`
    func callerIdentity(_ connection: AWSConnection, deadline: Duration) async throws(AWSProblem) -> CallerIdentity
    /// `s3:GetAccessGrantsInstance`; the instance's ARN. `AccessGrantsInstanceNotExistsError` when there is none.
    func instance(_ connection: AWSConnection, deadline: Duration) async throws(AWSProblem) -> String
    /// `s3:ListBucket` on the path, or `s3:ListAllMyBuckets` for `s3://`, one entry at most.
    func listPrefixes(at path: LocationPath, _ connection: AWSConnection, deadline: Duration) async throws(AWSProblem)
    /// `s3:ListAccessGrantsLocations`: every location whose scope is one of the spellings AWS may hold for `path`
    /// (`s3://b`, `s3://b/`, `s3://b/*`; `s3://b/p/`, `s3://b/p/*`).
    func locations(
        at path: LocationPath, _ connection: AWSConnection, deadline: Duration
    )
        async throws(AWSProblem) -> FoundLocations
    /// `s3:GetAccessGrantsLocation`; `nil` when AWS has none of that id.
    func location(id: String, _ connection: AWSConnection, deadline: Duration) async throws(AWSProblem) -> AWSLocation?
    /// `s3:CreateAccessGrantsLocation` (needs `iam:PassRole`).
    func createLocation(
        at path: LocationPath, role: IAMRoleARN, _ connection: AWSConnection, deadline: Duration
    )
        async throws(AWSProblem) -> AWSLocation
    /// `s3:UpdateAccessGrantsLocation` (needs `iam:PassRole`). Repeating it is harmless.
    func updateLocation(
        id: String, role: IAMRoleARN, _ connection: AWSConnection, deadline: Duration)
        async throws(AWSProblem)
    /// `s3:DeleteAccessGrantsLocation`; returns normally when it is gone already.
    func deleteLocation(id: String, _ connection: AWSConnection, deadline: Duration) async throws(AWSProblem)

    /// `s3:CreateAccessGrant`. Sent once: whoever paces the calls asks again. `AccessGrantAlreadyExists` when there is
    /// one; `InvalidRequest` for up to two minutes while IAM spreads a new principal.
    func createGrant(
        _ key: GrantKey, locationID: String, _ connection: AWSConnection, deadline: Duration
    )
        async throws(AWSProblem) -> AWSAnswer<AWSGrant>
    /// `s3:DeleteAccessGrant`. Sent once. `NoSuchAccessGrantError` when it is gone already.
    func deleteGrant(
        id: String, _ connection: AWSConnection, deadline: Duration
    )
        async throws(AWSProblem) -> AWSAnswer<Void>
    /// `s3:ListAccessGrants`, filtered by the key's grantee, permission and scope: every grant that has exactly these,
    /// at whichever location. Each request is sent once.
    func grants(
        matching key: GrantKey, _ connection: AWSConnection, deadline: Duration
    )
        async throws(AWSProblem) -> [AWSGrant]
    /// `s3:GetAccessGrant`; `nil` when AWS has none of that id.
    func grant(id: String, _ connection: AWSConnection, deadline: Duration) async throws(AWSProblem) -> AWSGrant?
    /// `s3:ListAccessGrants`: a page of 1,000 of all the instance's grants.
    ///
    /// - Parameter page: `next` of the page before; `nil` for the first.
    func grants(
        page: String?, _ connection: AWSConnection, deadline: Duration
    )
        async throws(AWSProblem) -> AWSGrantPage
}

public struct CallerIdentity: Sendable, Equatable {
    public var accountID: String
    public var arn: String

    public init(accountID: String, arn: String) {
        self.accountID = accountID
        self.arn = arn
    }
}

/// What a search of all the instance's locations came to.
public struct FoundLocations: Sendable, Equatable {
    public var matching: [AWSLocation]
    /// How many there are in all.
    public var total: Int

    public init(matching: [AWSLocation], total: Int) {
        self.matching = matching
        self.total = total
    }
}

/// A location as AWS shows it.
public struct AWSLocation: Sendable, Equatable {
    public var id: String
    public var arn: String
    public var scope: String
    public var roleARN: String
    public var createdAt: Date?

    public init(id: String, arn: String, scope: String, roleARN: String, createdAt: Date?) {
        self.id = id
        self.arn = arn
        self.scope = scope
        self.roleARN = roleARN
        self.createdAt = createdAt
    }
}
