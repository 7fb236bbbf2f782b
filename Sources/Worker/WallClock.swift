#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// The time of day, and waiting for it; an argument, so that tests need not wait.
public protocol WallClock: Sendable {
    var now: Date { get }
    /// Returns early, without an error, when the task is cancelled.
    func sleep(until date: Date) async
}

public struct SystemWallClock: WallClock {
    public init() {}

    public var now: Date { Date() }

    public func sleep(until date: Date) async {
        // Cancellation only ends the wait: whoever waits looks by himself why it ended.
        try? await Task.sleep(for: .seconds(max(0, date.timeIntervalSince(now))))
    }
}
