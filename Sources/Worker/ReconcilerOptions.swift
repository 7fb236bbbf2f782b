#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

public struct ReconcilerOptions: Sendable, Equatable {
    /// Seconds without a look at the database, at most.
    public var tick: TimeInterval = 5
    /// How many integrations are worked on at once.
    public var concurrency = 16
    /// What one AWS operation may take, its retries included; less than `AWSProblem.uncertainty`.
    public var callDeadline: Duration = .seconds(20)
    /// Seconds for which other processes on the same database leave an integration alone.
    public var lease: TimeInterval = 60
    /// Seconds for which transient problems are tried again before a change is given up: AWS's own tools wait two
    /// minutes for IAM to propagate.
    public var patience: TimeInterval = 120
    /// Seconds between two looks at how far an integration's grants are, at most; the last of them wakes the worker.
    public var grantsLook: TimeInterval = 5
    public var backoff = Backoff()

    public init() {}
}
