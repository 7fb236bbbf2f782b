public import Domain
public import Hummingbird

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Everything the API needs from outside.
public struct APIDependencies: Sendable {
    public var integrations: any IntegrationRepository
    public var dataSources: any DataSourceRepository
    public var identities: any IdentityRepository
    public var audit: any AuditRepository
    public var validator: IntegrationValidator
    public var drift: any DriftInspector
    public var externalIDs: any ExternalIDSource
    public var changes: IntegrationChanges
    /// Called after a commit that gives the worker something to do.
    public var wake: @Sendable () -> Void
    public var environment: APIEnvironment
    public var probes: APIProbes
    /// Around everything else, errors included: for metrics and tracing.
    public var middleware: [any MiddlewareProtocol<Request, Response, APIRequestContext>]

    public init(
        integrations: any IntegrationRepository, dataSources: any DataSourceRepository,
        identities: any IdentityRepository, audit: any AuditRepository, validator: IntegrationValidator,
        drift: any DriftInspector, externalIDs: any ExternalIDSource, changes: IntegrationChanges,
        wake: @escaping @Sendable () -> Void,
        environment: APIEnvironment = APIEnvironment(), probes: APIProbes = APIProbes(),
        middleware: [any MiddlewareProtocol<Request, Response, APIRequestContext>] = []
    ) {
        self.integrations = integrations
        self.dataSources = dataSources
        self.identities = identities
        self.audit = audit
        self.validator = validator
        self.drift = drift
        self.externalIDs = externalIDs
        self.changes = changes
        self.wake = wake
        self.environment = environment
        self.probes = probes
        self.middleware = middleware
    }
}

/// Time and chance.
public struct APIEnvironment: Sendable {
    public var now: @Sendable () -> Date
    /// Measures how long `?wait=` waits.
    public var clock: any Clock<Duration>
    /// That many bytes nobody can guess.
    public var randomBytes: @Sendable (Int) -> [UInt8]

    public init(
        now: @escaping @Sendable () -> Date = { Date() }, clock: any Clock<Duration> = ContinuousClock(),
        randomBytes: @escaping @Sendable (Int) -> [UInt8] = APIEnvironment.systemRandomBytes
    ) {
        self.now = now
        self.clock = clock
        self.randomBytes = randomBytes
    }

    @Sendable public static func systemRandomBytes(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }
}

/// What operators ask: `/readyz` and `/metrics`.
public struct APIProbes: Sendable {
    /// In the order they are shown.
    public var readiness: [ReadinessCheck]
    /// Prometheus' text format, version 0.0.4.
    public var metrics: @Sendable () async -> String

    public init(readiness: [ReadinessCheck] = [], metrics: @escaping @Sendable () async -> String = { "" }) {
        self.readiness = readiness
        self.metrics = metrics
    }
}

public struct ReadinessCheck: Sendable {
    public var name: String
    public var isReady: @Sendable () async -> Bool

    public init(_ name: String, isReady: @escaping @Sendable () async -> Bool) {
        self.name = name
        self.isReady = isReady
    }
}
