#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

extension GrantRecord {
    /// AWS is known to have it, and nobody is at it.
    public var isSettled: Bool { made != nil && attempt == nil && schedule.leasedUntil == nil }

    /// AWS has no grant of that id any more. `false`, and nothing is changed, when the record has moved on since.
    public mutating func vanished(_ grantID: String, now: Date) -> Bool {
        guard isSettled, made?.grantID == grantID else { return false }
        made = nil
        isForeign = false
        state = isWanted ? GrantState(.pending, Self.isMadeAgain) : GrantState(.revoking)
        schedule.since = now
        schedule.failures = 0
        schedule.nextAttemptAt = now
        return true
    }

    /// The Access Grants instance is full: AWS need not be asked.
    ///
    /// - Parameter jitter: 0 to 1, for the spread of retries.
    public mutating func refuseForWantOfRoom(_ usage: GrantUsage, now: Date, rules: GrantRules, jitter: Double) {
        state = GrantState(
            .quotaExceeded,
            """
            The Access Grants instance has \(usage.used) of the \(usage.quota) grants of its quota. Remove access grants \
            of this account and Region, or ask AWS Support for a higher quota and set quota.grants to it; it is tried \
            again every few minutes, and when a grant goes.
            """)
        let delay = rules.delay(failures: schedule.failures, isSlow: true, jitter: jitter)
        schedule.failures += 1
        schedule.nextAttemptAt = now.addingTimeInterval(delay)
    }

    private static let isMadeAgain = "AWS no longer had this access grant; it is made again."
}
