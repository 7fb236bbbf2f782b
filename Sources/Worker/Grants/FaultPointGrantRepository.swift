public import Domain

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// A repository of grants whose every commit is announced to a hook.
public struct FaultPointGrantRepository: GrantRepository {
    private let base: any GrantRepository
    private let hook: FaultHook

    public init(_ base: any GrantRepository, hook: @escaping FaultHook) {
        self.base = base
        self.hook = hook
    }

    public func plan(limit: Int, now: Date) async throws(DomainError) -> Int {
        try await FaultPoint.commit("plan", hook) { () async throws(DomainError) in
            try await base.plan(limit: limit, now: now)
        }
    }

    public func schedule() async throws(DomainError) -> [GrantsDue] { try await base.schedule() }

    public func claim(
        _ requests: [GrantClaim], now: Date, rules: GrantRules
    ) async throws(DomainError) -> [GrantRecord] {
        try await FaultPoint.commit("claim", hook) { () async throws(DomainError) in
            try await base.claim(requests, now: now, rules: rules)
        }
    }

    public func record(
        _ reports: [GrantReport], now: Date, rules: GrantRules
    ) async throws(DomainError) -> GrantProgress {
        try await FaultPoint.commit("record", hook) { () async throws(DomainError) in
            try await base.record(reports, now: now, rules: rules)
        }
    }

    public func releaseLeases(now: Date) async throws(DomainError) {
        try await FaultPoint.commit("releaseLeases", hook) { () async throws(DomainError) in
            try await base.releaseLeases(now: now)
        }
    }

    public func census(of integration: IntegrationID) async throws(DomainError) -> GrantCensus {
        try await base.census(of: integration)
    }

    public func grants(
        of integration: IntegrationID, after: GrantRecordID?, limit: Int
    ) async throws(DomainError) -> [GrantRecord] {
        try await base.grants(of: integration, after: after, limit: limit)
    }
}
