public import Domain

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

public struct GrantOptions: Sendable, Equatable {
    /// Seconds without a look at the database, at most.
    public var tick: TimeInterval = 5
    /// Calls of one account and Region that are under way at once.
    public var concurrency = 64
    /// Grants of one account and Region that are taken on at once.
    public var claimed = 256
    /// What one AWS call may take.
    public var callDeadline: TimeInterval = 20
    /// Subscriptions planned in one commit, and outcomes written down in one.
    public var batch = 250
    public var rules = GrantRules()

    public init() {}
}
