#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Where is kept what comparing with AWS came to. Each call is one transaction.
public protocol DriftRepository: Sendable {
    /// What is known of grants that AWS shows, in their order.
    ///
    /// - Parameter integration: at whose locations they are.
    func knowledge(
        of grants: [AWSGrant], _ integration: IntegrationID, at paths: [String: LocationPath]
    ) async throws(DomainError) -> [DriftKnowledge]
    /// Records that AWS has none of become due, unless they were changed meanwhile; leftovers get a record, so that they
    /// are removed.
    ///
    /// - Returns: how many of each.
    func repair(
        _ repair: DriftRepair, of integration: IntegrationID, now: Date
    ) async throws(DomainError)
        -> (missing: Int, leftOver: Int)
    /// Keeps the outcome in place of the one before.
    ///
    /// - Parameter total: how many grants the whole instance has, ours and those of others.
    func record(_ report: DriftReport, of integration: IntegrationID, total: Int) async throws(DomainError)
    /// `nil` before the first look.
    func report(of integration: IntegrationID) async throws(DomainError) -> DriftReport?
    /// How many grants the instance of the integration's account and Region has.
    func grantsUsed(beside integration: IntegrationID) async throws(DomainError) -> Int
}

/// What AWS was found to differ in.
public struct DriftRepair: Sendable, Equatable {
    /// Our records, each with the id of the grant that AWS has no more.
    public var missing: [GrantRecordID: String]
    public var leftOver: [LeftOver]

    public struct LeftOver: Sendable, Equatable {
        public var key: GrantKey
        public var made: GrantRecord.Made

        public init(key: GrantKey, made: GrantRecord.Made) {
            self.key = key
            self.made = made
        }
    }

    public init(missing: [GrantRecordID: String] = [:], leftOver: [LeftOver] = []) {
        self.missing = missing
        self.leftOver = leftOver
    }

    public var isEmpty: Bool { missing.isEmpty && leftOver.isEmpty }
}

/// Compares what AWS has with our records, for those who ask.
public protocol DriftInspector: Sendable {
    /// The last outcome; `nil` before the first.
    func report(of integration: IntegrationID) async throws(DomainError) -> DriftReport?
    /// Looks at them now, and repairs. One list of an Access Grants instance serves all integrations on it.
    ///
    /// - Returns: what came of each: `unprocessable` with what AWS answered.
    func look(at integrations: [Integration]) async -> [IntegrationID: Result<DriftReport, DomainError>]
    func usage(beside integration: IntegrationID) async throws(DomainError) -> GrantUsage
}

extension DriftInspector {
    /// Looks now, and repairs.
    ///
    /// - Throws: `unprocessable` with what AWS answered.
    public func look(at integration: Integration) async throws(DomainError) -> DriftReport {
        guard let result = await look(at: [integration])[integration.id] else {
            preconditionFailure("a look tells what came of each")
        }
        return try result.get()
    }
}
