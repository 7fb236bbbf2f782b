#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// What the gateway asks for with each request, so that what is given or taken away holds at once.
public protocol GatewayRepository: Sendable {
    /// An API key or a token; nil when it is unknown, revoked or expired at `now`.
    func caller(by hash: CredentialHash, now: Date) async throws(DomainError) -> GatewayCaller?
    /// An S3 key pair; nil when it is unknown, revoked or expired at `now`.
    func caller(accessKeyID: String, now: Date) async throws(DomainError) -> (GatewayCaller, secret: Secret)?
    /// The data source when the user may read it: subscribed, neither revoked nor disabled, its integration in use.
    func dataSource(_ sqlTableName: String, for user: UserID) async throws(DomainError) -> GatewayDataSource?
    /// Those that the user may read, in order of `sqlTableName`.
    func dataSources(_ query: GatewayQuery, for user: UserID) async throws(DomainError) -> [GatewayDataSource]
}

/// Whose request it is.
public struct GatewayCaller: Sendable, Hashable {
    public var user: UserID
    public var userid: String
    public var keyID: Int64

    public init(user: UserID, userid: String, keyID: Int64) {
        self.user = user
        self.userid = userid
        self.keyID = keyID
    }
}

public struct GatewayQuery: Sendable, Equatable {
    /// What the names begin with.
    public var prefix: String
    /// Only names that sort from here on. Empty: from the start.
    public var from: String
    /// Without `from` itself.
    public var excludesFrom: Bool
    public var limit: Int

    public init(prefix: String = "", from: String = "", excludesFrom: Bool = false, limit: Int = 1_000) {
        self.prefix = prefix
        self.from = from
        self.excludesFrom = excludesFrom
        self.limit = limit
    }
}
