import Testing

@testable import Worker

@Suite struct PaceTests {
    /// An AWS that answers after 20 ms and lets so many calls a second through.
    private struct Throttle {
        var limit: Int
        /// Counted by the second of the clock, or over the last second.
        var isByClock: Bool
        private var begins: [Double] = []

        init(limit: Int, isByClock: Bool) {
            self.limit = limit
            self.isByClock = isByClock
        }

        mutating func accepts(at now: Double) -> Bool {
            begins.removeAll { isByClock ? Int($0) < Int(now) : $0 <= now - 1 }
            guard begins.count < limit else { return false }
            begins.append(now)
            return true
        }
    }

    private struct Outcome {
        var calls = 0
        var throttled = 0
        var seconds = 0.0
    }

    /// Millisecond by millisecond, 64 at once, until `count` calls were let through.
    private func run(_ throttle: Throttle, count: Int, from start: Double = 0.3) -> Outcome {
        var (throttle, pace, outcome) = (throttle, Pace(), Outcome())
        var underWay: [(begin: Double, isAccepted: Bool)] = []
        var done = 0
        for millisecond in 0..<600_000 where done < count {
            let now = start + Double(millisecond) / 1000
            outcome.seconds = now - start
            for call in underWay where call.begin <= now - 0.02 {
                if call.isAccepted { pace.succeeded(at: now) } else { pace.throttled(begin: call.begin, at: now) }
                done += call.isAccepted ? 1 : 0
            }
            underWay.removeAll { $0.begin <= now - 0.02 }
            while underWay.count < min(64, count - done), pace.admit(at: now) == 0 {
                let isAccepted = throttle.accepts(at: now)
                outcome.calls += 1
                outcome.throttled += isAccepted ? 0 : 1
                underWay.append((now, isAccepted))
            }
        }
        return outcome
    }

    @Test(arguments: [50, 100, 500, 2000], [false, true])
    func `throttled, a thousand calls are made with few in vain, near the rate that is let through`(
        _ limit: Int, _ isByClock: Bool
    ) {
        let outcome = run(Throttle(limit: limit, isByClock: isByClock), count: 1000)
        #expect(outcome.throttled <= 250)
        #expect(outcome.seconds <= 1000 / Double(limit) * 2 + 5)
        print("\(limit)/s, by clock \(isByClock): \(outcome)")
    }

    @Test func `nothing is held back while AWS does not ask for it`() {
        let outcome = run(Throttle(limit: .max, isByClock: true), count: 1000)
        #expect(outcome.throttled == 0)
        #expect(outcome.calls == 1000)
        #expect(outcome.seconds < 0.35)
    }

    @Test func `a burst that is refused lowers the rate once`() {
        var pace = Pace()
        for call in 0..<100 { pace.succeeded(at: 10 + Double(call) / 1000) }
        for call in 0..<64 { pace.throttled(begin: 10.1, at: 10.2 + Double(call) / 1000) }
        #expect(pace.rate.map { $0.rounded() } == 70)
        #expect(pace.admit(at: 10.3) > 0, "it pauses")
        pace.throttled(begin: 10.9, at: 11)
        #expect((pace.rate ?? 0) < 70)
    }

    @Test func `the rate comes back to what it was, and goes on from there`() {
        var pace = Pace()
        for call in 0..<100 { pace.succeeded(at: 10 + Double(call) / 1000) }
        pace.throttled(begin: 10.1, at: 10.2)
        var rates: [Double] = []
        var now = 10.7
        while now < 20 {
            if pace.admit(at: now) == 0 { pace.succeeded(at: now) }
            rates.append(pace.rate ?? 0)
            now += 0.005
        }
        #expect(zip(rates, rates.dropFirst()).allSatisfy { $0 <= $1 + 0.001 })
        #expect(rates.contains { abs($0 - 100) < 1 })
        #expect((rates.last ?? 0) > 110)
        #expect(pace.admit(at: 400) == 0)
        #expect(pace.rate == nil, "long not throttled, nothing is held back")
    }
}
