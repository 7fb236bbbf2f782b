#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// How long to wait after a failed try. Pure: randomness is an argument.
public struct Backoff: Sendable, Equatable {
    /// Seconds before the second try.
    public var base: TimeInterval
    /// Seconds between two tries, at most, while somebody waits for the change.
    public var cap: TimeInterval
    /// The same for a clean-up that nobody waits for.
    public var cleanUpCap: TimeInterval

    public init(base: TimeInterval = 0.5, cap: TimeInterval = 30, cleanUpCap: TimeInterval = 300) {
        self.base = base
        self.cap = cap
        self.cleanUpCap = cleanUpCap
    }

    /// Doubles with every failure, up to the cap; the upper half of it is random, so that integrations that failed
    /// together do not come back together.
    ///
    /// - Parameters:
    ///   - failures: failed tries in a row before this one; 0 for the first.
    ///   - jitter: 0 to 1.
    public func delay(failures: Int, isCleanUp: Bool, jitter: Double) -> TimeInterval {
        let doubled = base * Double(1 << min(max(failures, 0), 30))
        let full = min(doubled, isCleanUp ? cleanUpCap : cap)
        return full / 2 + full / 2 * min(max(jitter, 0), 1)
    }
}
