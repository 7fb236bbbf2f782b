/// How many calls a second AWS lets through, learned from its answers: a token bucket whose rate follows CUBIC, as in the
/// adaptive retry mode of AWS's own tools. Until AWS first asks to slow down, nothing is held back. Pure: times are
/// arguments, in seconds.
///
/// Unlike there, calls that were under way when the rate was lowered do not lower it again, and only answered calls
/// count as measured: one burst is one lesson.
struct Pace: Sendable, Equatable {
    /// Calls a second; `nil` while nothing is held back.
    private(set) var rate: Double?
    private var tokens = 0.0
    private var filledAt = 0.0
    /// Since when AWS has not asked to slow down, and the rate it did so at.
    private var loweredAt = -Double.infinity
    private var rateBefore = 0.0
    private var window = SuccessWindow()

    /// botocore's.
    private static let scale = 0.4
    private static let beta = 0.7
    private static let leastRate = 0.5
    /// Seconds for which nothing is sent after AWS asked to slow down.
    private static let pause = 0.5
    /// Seconds' worth of calls that may be sent at once after a rest.
    private static let burst = 0.25
    /// Seconds without being asked to slow down after which nothing is held back.
    private static let memory = 300.0

    /// Seconds until the next call may be sent; 0, and it counts as sent, when it may be now.
    mutating func admit(at now: Double) -> Double {
        if now - loweredAt > Self.memory { rate = nil }
        guard let rate else { return 0 }
        fill(rate, now)
        guard tokens < 1 else {
            tokens -= 1
            return 0
        }
        // Below this, clocks may not move.
        return max(0.001, (1 - tokens) / rate)
    }

    mutating func succeeded(at now: Double) {
        window.add(at: now)
        guard let rate else { return }
        fill(rate, now)
        let sinceRecovery = now - loweredAt - Self.cubeRoot(rateBefore * (1 - Self.beta) / Self.scale)
        let wanted = Self.scale * sinceRecovery * sinceRecovery * sinceRecovery + rateBefore
        self.rate = max(Self.leastRate, min(wanted, 2 * max(window.rate(at: now), rate / 2)))
    }

    /// - Parameter begin: when the call was sent.
    mutating func throttled(begin: Double, at now: Double) {
        guard begin > loweredAt else { return }
        rateBefore = min(rate ?? .infinity, max(window.rate(at: now), Self.leastRate))
        let lowered = max(Self.leastRate, rateBefore * Self.beta)
        rate = lowered
        loweredAt = now
        filledAt = now
        tokens = -lowered * Self.pause
    }

    /// Of a number above 0, by Newton's method.
    private static func cubeRoot(_ value: Double) -> Double {
        var root = max(1, value.squareRoot())
        for _ in 0..<32 { root -= (root - value / (root * root)) / 3 }
        return root
    }

    private mutating func fill(_ rate: Double, _ now: Double) {
        tokens = min(max(1, rate * Self.burst), tokens + max(0, now - filledAt) * rate)
        filledAt = now
    }
}

/// How many calls succeeded in the last second.
private struct SuccessWindow: Sendable, Equatable {
    /// By tenth of a second; older ones are forgotten.
    private var counts: [Int: Int] = [:]

    private static let tenths = 10

    mutating func add(at now: Double) {
        let tenth = Int(now * Double(Self.tenths))
        counts[tenth, default: 0] += 1
        if counts.count > 2 * Self.tenths { counts = counts.filter { $0.key > tenth - Self.tenths } }
    }

    func rate(at now: Double) -> Double {
        let tenth = Int(now * Double(Self.tenths))
        return Double(counts.reduce(0) { $0 + ($1.key > tenth - Self.tenths ? $1.value : 0) })
    }
}
