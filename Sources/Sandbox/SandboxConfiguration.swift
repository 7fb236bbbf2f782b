#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// How a sandbox is run.
public struct SandboxConfiguration: Sendable {
    /// Limits AWS documents for S3 Access Grants, per instance.
    public struct Quotas: Sendable, Equatable {
        public var locations: Int
        public var grants: Int

        public init(locations: Int = 1_000, grants: Int = 100_000) {
            self.locations = locations
            self.grants = grants
        }
    }

    /// Address to listen on.
    public var hostname: String
    /// Port to listen on; 0 takes a free one.
    public var port: Int
    /// Folder that keeps the state across restarts, made when missing. Nil: the state lives in memory and is lost.
    public var directory: String?
    /// Users beside those of `SandboxDefaults`. A state that is kept keeps them; it takes over what changed.
    public var users: [SandboxUser]
    /// Domain under which a host's first label names a bucket (`bucket.domain`). Nil: path-style addresses only.
    public var bucketDomain: String?
    /// Nil: plain HTTP.
    public var tls: SandboxTLS?
    /// Whether faults may be rehearsed: the `x-sandbox-fault` header and the `/_sandbox/faults` resource.
    public var faultsEnabled: Bool
    public var quotas: Quotas
    /// How long S3 Access Grants takes to hear of a new role (until then `InvalidIamRole`) and to forget a deleted grant
    /// (until then its location answers `AccessGrantsLocationNotEmptyError`).
    public var propagation: Duration
    /// Added before every answer.
    public var latency: Duration
    /// Calls a second of one account beyond which the answer is 503 `SlowDown`. Nil: any number.
    public var throttleRate: Int?
    /// The time of day as the sandbox sees it: signatures, sessions and timestamps follow it.
    public var clock: @Sendable () -> Date

    public init(
        hostname: String = "127.0.0.1", port: Int = 0, directory: String? = nil, users: [SandboxUser] = [],
        bucketDomain: String? = nil, tls: SandboxTLS? = nil, faultsEnabled: Bool = false, quotas: Quotas = Quotas(),
        propagation: Duration = .zero, latency: Duration = .zero, throttleRate: Int? = nil,
        clock: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.hostname = hostname
        self.port = port
        self.directory = directory
        self.users = users
        self.bucketDomain = bucketDomain
        self.tls = tls
        self.faultsEnabled = faultsEnabled
        self.quotas = quotas
        self.propagation = propagation
        self.latency = latency
        self.throttleRate = throttleRate
        self.clock = clock
    }
}
