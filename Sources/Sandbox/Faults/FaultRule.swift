#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// One fault to rehearse: which calls it strikes and what it does to them.
///
/// As JSON: `{"operation": "CreateAccessGrant", "nth": 1, "count": 2, "status": 503, "code": "SlowDown"}`.
struct FaultRule: Codable, Sendable, Equatable {
    /// API operation name, or `*`.
    var operation: String
    /// The first matching call struck, from 1; 1 when absent.
    var nth: Int?
    /// How many matching calls are struck from there on; all when absent.
    var count: Int?

    /// Waits before the call is done, at most `longestDelay`.
    var delayMilliseconds: Int?
    /// Answers this HTTP status with `code` and `message` instead of doing the call.
    var status: Int?
    var code: String?
    var message: String?
    /// Closes the connection before the call is done.
    var dropBefore: Bool?
    /// Does the call, then closes the connection without an answer.
    var dropAfter: Bool?
    /// Answers 503 `SlowDown` beyond this many calls a second of one account; as many at once are let through.
    var throttleRate: Int?
    /// Sent with a `SlowDown` as `x-amz-retry-after`.
    var retryAfterMilliseconds: Int?

    static let longestDelay = 60_000
    static let mostRules = 100

    /// The rules of a JSON list; nil when it is none, or asks for what is out of bounds.
    static func parse(_ bytes: [UInt8]) -> [FaultRule]? {
        guard let rules = try? JSONDecoder().decode([FaultRule].self, from: Data(bytes)), rules.count <= mostRules,
            rules.allSatisfy(\.isValid)
        else { return nil }
        return rules
    }

    private var isValid: Bool {
        !operation.isEmpty && (nth ?? 1) >= 1 && (count ?? 1) >= 0
            && (0...Self.longestDelay).contains(delayMilliseconds ?? 0)
            && (400...599).contains(status ?? 500) && (throttleRate ?? 1) >= 1
            && (0...Self.longestDelay).contains(retryAfterMilliseconds ?? 0)
    }
}

/// What is done to one call.
struct FaultEffect: Sendable, Equatable {
    var delay: Duration = .zero
    var failure: Failure?
    var dropsBefore = false
    var dropsAfter = false

    struct Failure: Sendable, Equatable {
        var status: Int
        var code: String
        var message: String
        var retryAfterMilliseconds: Int?
    }
}

/// Lets `rate` calls a second through, and as many at once after a rest.
struct TokenBucket: Sendable, Equatable {
    private var tokens: Double
    private var filledAt: Date

    init(rate: Int, now: Date) {
        tokens = Double(rate)
        filledAt = now
    }

    /// False when the call is one too many.
    mutating func take(rate: Int, now: Date) -> Bool {
        tokens = min(Double(rate), tokens + max(0, now.timeIntervalSince(filledAt)) * Double(rate))
        filledAt = now
        guard tokens >= 1 else { return false }
        tokens -= 1
        return true
    }
}

/// The rules in force and how often each matched; and how often each operation was called.
struct FaultPlan: Sendable {
    private(set) var rules: [FaultRule] = []
    private(set) var calls: [String: Int] = [:]
    private var matches: [Int] = []
    /// Of each rule that throttles, one an account.
    private var buckets: [[String: TokenBucket]] = []

    mutating func replace(_ rules: [FaultRule]) {
        self.rules = rules
        matches = Array(repeating: 0, count: rules.count)
        buckets = Array(repeating: [:], count: rules.count)
    }

    mutating func resetCalls() { calls = [:] }

    mutating func count(_ operation: String) { calls[operation, default: 0] += 1 }

    /// The effect of the rules in force on a call, counted as matched, and of rules given with the call itself.
    mutating func strike(_ operation: String, account: String, own: [FaultRule], now: Date) -> FaultEffect {
        var effect = FaultEffect()
        for (index, rule) in rules.enumerated() where rule.operation == "*" || rule.operation == operation {
            matches[index] += 1
            let first = rule.nth ?? 1
            guard matches[index] >= first, matches[index] - first < rule.count ?? .max else { continue }
            effect.add(rule, isThrottled: isThrottled(index, account: account, now: now))
        }
        for rule in own where rule.operation == "*" || rule.operation == operation {
            effect.add(rule, isThrottled: false)
        }
        return effect
    }

    private mutating func isThrottled(_ index: Int, account: String, now: Date) -> Bool {
        guard let rate = rules[index].throttleRate else { return false }
        return !buckets[index][account, default: TokenBucket(rate: rate, now: now)].take(rate: rate, now: now)
    }
}

extension FaultEffect {
    fileprivate mutating func add(_ rule: FaultRule, isThrottled: Bool) {
        delay += .milliseconds(rule.delayMilliseconds ?? 0)
        dropsBefore = dropsBefore || rule.dropBefore == true
        dropsAfter = dropsAfter || rule.dropAfter == true
        if isThrottled {
            failure = Failure(
                status: 503, code: "SlowDown", message: "Please reduce your request rate.",
                retryAfterMilliseconds: rule.retryAfterMilliseconds)
        }
        if rule.status != nil || rule.code != nil {
            failure = Failure(
                status: rule.status ?? 500, code: rule.code ?? "InternalError",
                message: rule.message ?? "A rehearsed fault.")
        }
    }
}
