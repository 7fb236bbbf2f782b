#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// How patient the worker is with AWS about a grant. Pure: randomness is an argument. All in seconds.
public struct GrantRules: Sendable, Equatable {
    /// For which others leave alone what a worker is at.
    public var lease: TimeInterval = 60
    /// After which a create whose answer is not known has been done or never will be, counted from the lease's begin:
    /// longer than the lease, within which the call ends.
    public var uncertainty: TimeInterval = 120
    /// For which a refusal that may be of a principal that IAM has not spread yet is asked again quickly: AWS's own tools
    /// wait as long.
    public var patience: TimeInterval = 120
    /// Before the second try.
    public var base: TimeInterval = 0.5
    /// Between two tries of what may pass by itself, at most.
    public var cap: TimeInterval = 30
    /// Between two tries of what AWS refused, at most.
    public var slowCap: TimeInterval = 300

    /// Grants of one Access Grants instance, beyond which AWS is not asked for more.
    public var quota = AccessGrantsQuotas().grants

    /// How many tries a step gets at least before the patience ends: a process that was down meanwhile still tries.
    public static let leastTries = 5

    public init() {}

    /// Doubles with every failure, up to the cap; the upper half of it is random, so that what failed together does not
    /// come back together.
    ///
    /// - Parameters:
    ///   - failures: failed tries in a row before this one; 0 for the first.
    ///   - jitter: 0 to 1.
    func delay(failures: Int, isSlow: Bool, jitter: Double) -> TimeInterval {
        // What was refused is first asked again when somebody may have read why.
        let first = isSlow ? base * 16 : base
        let full = min(first * Double(1 << min(max(failures, 0), 20)), isSlow ? slowCap : cap)
        return full / 2 + full / 2 * min(max(jitter, 0), 1)
    }
}
