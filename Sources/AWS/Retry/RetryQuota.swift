import Synchronization

/// Bounds the retries of all clients that share it, so that a failing service is not buried under them.
///
/// Starts full with 500. A retry takes its cost, 14 or 5; a success gives back the cost of its last retry, or 1.
public final class RetryQuota: Sendable {
    private let left = Mutex(RetryQuota.capacity)

    static let capacity = 500

    public init() {}

    /// False, and nothing taken, when there is not that much left.
    func take(_ cost: Int) -> Bool {
        left.withLock { left in
            guard left >= cost else { return false }
            left -= cost
            return true
        }
    }

    func giveBack(_ amount: Int) {
        left.withLock { $0 = min(Self.capacity, $0 + amount) }
    }

    var available: Int { left.withLock { $0 } }
}
