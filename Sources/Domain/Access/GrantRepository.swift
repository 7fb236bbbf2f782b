#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// The grants that subscriptions ask for, and what AWS has of them. Each call is one transaction. The cost of each is of
/// what changed, not of what exists.
public protocol GrantRepository: GrantCounter {
    /// Works out, for up to `limit` unplanned subscriptions, which grants they need (`GrantPlan`), and writes it down:
    /// grants that begin or cease to be wanted become due. Revoked subscriptions without grants are deleted.
    ///
    /// - Returns: how many were planned.
    func plan(limit: Int, now: Date) async throws(DomainError) -> Int

    /// The integrations that have grants to work on, each with when the first of them is due. What a `disabled` one left
    /// in AWS is left alone.
    func schedule() async throws(DomainError) -> [GrantsDue]
    /// Leases due grants to the caller and notes that what AWS has of them is not known from now on: intent before
    /// effect, for all of them in one commit.
    ///
    /// A new grant for which its Access Grants instance has no room becomes `quotaExceeded`, and is not leased.
    ///
    /// - Returns: the records as they were before.
    func claim(_ requests: [GrantClaim], now: Date, rules: GrantRules) async throws(DomainError) -> [GrantRecord]
    /// Writes down what came of claimed grants, in one commit with the audit rows of what was changed in AWS. What is
    /// settled ends there; subscriptions that waited for a grant become unplanned; those that are revoked and have no
    /// grants left are deleted. An integration whose location has vanished gets its next check now. Unknown ids are
    /// passed over.
    func record(_ reports: [GrantReport], now: Date, rules: GrantRules) async throws(DomainError) -> GrantProgress
    /// At the start: what a process before this one had leased is due.
    func releaseLeases(now: Date) async throws(DomainError)

    /// By id, those after `after`; for the comparison with what AWS has.
    func grants(
        of integration: IntegrationID, after: GrantRecordID?, limit: Int
    )
        async throws(DomainError) -> [GrantRecord]
}

public struct GrantsDue: Sendable, Equatable {
    public var integrationID: IntegrationID
    public var at: Date

    public init(integrationID: IntegrationID, at: Date) {
        self.integrationID = integrationID
        self.at = at
    }
}

public struct GrantClaim: Sendable, Equatable {
    public var integrationID: IntegrationID
    public var limit: Int

    public init(integrationID: IntegrationID, limit: Int) {
        self.integrationID = integrationID
        self.limit = limit
    }
}

/// What a recorded batch leads to.
public struct GrantProgress: Sendable, Equatable {
    /// There are subscriptions to be planned again.
    public var hasUnplanned: Bool
    /// Integrations of which some grant is settled, gone or refused now.
    public var integrations: Set<IntegrationID>
    /// Integrations whose check is due now, because a location of theirs has vanished.
    public var toCheck: Set<IntegrationID>

    public init(hasUnplanned: Bool = false, integrations: Set<IntegrationID> = [], toCheck: Set<IntegrationID> = []) {
        self.hasUnplanned = hasUnplanned
        self.integrations = integrations
        self.toCheck = toCheck
    }
}
