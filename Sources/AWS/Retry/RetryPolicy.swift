import Transport

/// AWS's standard retry mode with the constants that hold since November 2026.
///
/// Before retry n (from 1) the wait is `random(0…1) × min(base × 2^(n-1), maximum)`, base 50 ms for transient errors
/// and 1 s for throttling. `x-amz-retry-after` (milliseconds) moves it, by 5 s at most.
public struct RetryPolicy: Sendable, Equatable {
    /// Requests in all, the first included; 1 means no retry.
    public var maxAttempts: Int

    public init(maxAttempts: Int = 3) {
        self.maxAttempts = max(1, maxAttempts)
    }

    /// Reads `AWS_MAX_ATTEMPTS`, a number from 1 on. Throws `AWSError.Kind.invalidRequest` for anything else.
    public init(environment: [String: String]) throws(AWSError) {
        guard let text = environment["AWS_MAX_ATTEMPTS"], !text.isEmpty else {
            self.init()
            return
        }
        guard let attempts = Int(text), attempts >= 1 else {
            throw .invalidRequest("AWS_MAX_ATTEMPTS is not a number from 1 on", "configuration")
        }
        self.init(maxAttempts: attempts)
    }

    /// Seconds to wait before retry `number`.
    func delay(_ kind: RetryClass, number: Int, random: Double, retryAfter: Double?) -> Double {
        var bound = kind.base
        for _ in 1..<max(1, min(number, 16)) { bound *= 2 }
        let delay = random * min(bound, Self.maximumDelay)
        guard let retryAfter else { return delay }
        return min(max(retryAfter, delay), delay + Self.retryAfterAllowance)
    }

    private static let maximumDelay = 20.0
    private static let retryAfterAllowance = 5.0
}

/// Why an attempt is worth repeating.
enum RetryClass: Sendable, Equatable {
    case transient, throttling

    /// Seconds.
    fileprivate var base: Double {
        switch self {
        case .transient: 0.05
        case .throttling: 1
        }
    }

    /// What a retry takes from the quota.
    var cost: Int {
        switch self {
        case .transient: 14
        case .throttling: 5
        }
    }

    /// nil for what would fail again.
    init?(_ error: AWSError) {
        switch error.kind {
        case .service:
            if error.isThrottling {
                self = .throttling
            } else if Self.transientCodes.contains(error.code)
                || error.httpStatus.map(Self.transientStatuses.contains) == true
            {
                self = .transient
            } else {
                return nil
            }
        case .transport(let transport):
            switch transport {
            case .resolve, .connect, .connectTimeout, .timeout, .connectionLost: self = .transient
            case .malformedRequest, .tls, .tooLarge, .cancelled, .malformedResponse, .shutDown: return nil
            }
        case .credentials, .decoding, .invalidRequest: return nil
        }
    }

    static let throttlingCodes: Set = [
        "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottledException",
        "TooManyRequestsException", "ProvisionedThroughputExceededException", "TransactionInProgressException",
        "RequestLimitExceeded", "BandwidthLimitExceeded", "LimitExceededException", "RequestThrottled", "SlowDown",
        "PriorRequestNotComplete", "EC2ThrottledException",
    ]
    private static let transientCodes: Set = ["RequestTimeout", "RequestTimeoutException", "IDPCommunicationError"]
    private static let transientStatuses: Set = [500, 502, 503, 504]
}
