/// Runs the seven tests of a proposal, all at once: those that ask AWS cost one round trip of waiting together.
///
/// A test whose prerequisite failed is `skipped`, although it was begun: its own answer would only repeat the other's.
public struct IntegrationValidator: Sendable {
    /// What a whole run may take.
    public static let deadline: Duration = .seconds(10)

    private let service: any AccessGrantsService
    private let quotas: AccessGrantsQuotas
    private let deadline: Duration

    public init(
        service: any AccessGrantsService, quotas: AccessGrantsQuotas = .init(), deadline: Duration = Self.deadline
    ) {
        self.service = service
        self.quotas = quotas
        self.deadline = deadline
    }

    /// - Parameter others: every integration in use, for the tests of uniqueness.
    public func validate(
        _ proposal: IntegrationProposal, for purpose: ValidationPurpose, among others: [Integration]
    ) async -> ValidationOutcome {
        let advice = ValidationAdvice(proposal: proposal)
        async let identity = measured { () async throws(AWSProblem) in
            try await service.callerIdentity(proposal.connection, deadline: deadline)
        }
        async let instance = measured { () async throws(AWSProblem) in
            try await service.instance(proposal.connection, deadline: deadline)
        }
        async let listing = measured { () async throws(AWSProblem) in
            try await service.listPrefixes(at: proposal.path, proposal.connection, deadline: deadline)
        }
        async let locations = measured { () async throws(AWSProblem) in try await self.locations(proposal, for: purpose)
        }

        var outcome = ValidationOutcome(purpose: purpose)
        if case .create = purpose { outcome.checkUniqueness(of: proposal, among: others) }
        if case .edit = purpose { outcome.checkUniqueness(of: proposal, among: others) }
        outcome.checkRole(proposal.locationRole)
        await outcome.judge(identity: identity, instance: instance, advice)
        await outcome.judge(listing: listing, advice)
        await outcome.judge(locations: locations, quota: quotas.locations, advice)
        return outcome
    }

    /// What AWS has at the path (create, edit), or the integration's own location (check); nothing is asked for delete.
    private func locations(
        _ proposal: IntegrationProposal, for purpose: ValidationPurpose
    ) async throws(AWSProblem) -> FoundLocations {
        switch purpose {
        case .create, .edit:
            return try await service.locations(at: proposal.path, proposal.connection, deadline: deadline)
        case .check(let integration):
            guard let made = integration.locations.first(where: { $0.path == proposal.path })?.made,
                let location = try await service.location(
                    id: made.locationID, proposal.connection, deadline: deadline)
            else { return FoundLocations(matching: [], total: 0) }
            return FoundLocations(matching: [location], total: 1)
        case .delete: return FoundLocations(matching: [], total: 0)
        }
    }

    private func measured<Value: Sendable>(
        _ call: () async throws(AWSProblem) -> Value
    ) async -> Measured<Value> {
        let start = ContinuousClock.now
        do {
            let value = try await call()
            return Measured(result: .success(value), duration: start.duration(to: .now))
        } catch {
            return Measured(result: .failure(error), duration: start.duration(to: .now))
        }
    }
}

struct Measured<Value: Sendable>: Sendable {
    var result: Result<Value, AWSProblem>
    var duration: Duration

    var milliseconds: Int {
        let (seconds, attoseconds) = duration.components
        return Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
    }
}
