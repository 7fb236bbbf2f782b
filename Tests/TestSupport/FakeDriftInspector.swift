public import Domain

/// Tells what it is told to.
public struct FakeDriftInspector: DriftInspector {
    public var last: DriftReport?
    /// What a look comes to.
    public var next: Result<DriftReport, DomainError> = .success(DriftReport(checkedAt: Fixtures.now))
    public var usage = GrantUsage(used: 0, quota: 100_000)

    public init() {}

    public func report(of integration: IntegrationID) async throws(DomainError) -> DriftReport? { last }

    public func look(at integrations: [Integration]) async -> [IntegrationID: Result<DriftReport, DomainError>] {
        integrations.reduce(into: [:]) { $0[$1.id] = next }
    }

    public func usage(beside integration: IntegrationID) async throws(DomainError) -> GrantUsage { usage }
}
