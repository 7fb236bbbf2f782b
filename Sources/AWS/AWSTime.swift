import Synchronization

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Time and chance, as arguments.
public struct AWSTime: Sendable {
    /// The wall clock, for signatures and expiry.
    public var now: @Sendable () -> Date
    /// The clock of deadlines and durations.
    public var instant: @Sendable () -> ContinuousClock.Instant
    public var sleep: @Sendable (Duration) async throws -> Void
    /// Evenly spread from 0 to 1.
    public var random: @Sendable () -> Double

    public init(
        now: @escaping @Sendable () -> Date,
        instant: @escaping @Sendable () -> ContinuousClock.Instant,
        sleep: @escaping @Sendable (Duration) async throws -> Void,
        random: @escaping @Sendable () -> Double
    ) {
        self.now = now
        self.instant = instant
        self.sleep = sleep
        self.random = random
    }

    public static let system = AWSTime(
        now: { Date() }, instant: { .now }, sleep: { try await Task.sleep(for: $0) }, random: { .random(in: 0...1) })
}

/// How far AWS's clock is ahead of ours, learned from an answer that refused our time.
final class ClockSkew: Sendable {
    private let seconds = Mutex(0.0)

    var offset: Double {
        get { seconds.withLock { $0 } }
        set { seconds.withLock { $0 = newValue } }
    }
}
