/// Sees every request to AWS: for counting, measuring and rehearsing faults.
public protocol AWSCallObserver: Sendable {
    /// Just before a request is handed to the transport.
    func willSend(_ attempt: AWSAttempt) async
    /// Just after its answer has come or failed to.
    func didFinish(_ attempt: AWSAttempt, duration: Duration, outcome: AWSAttemptOutcome) async
}

/// One request of a call.
public struct AWSAttempt: Sendable, Equatable {
    /// The IAM action, such as `s3:CreateAccessGrant`.
    public var operation: String
    public var region: String
    /// From 1.
    public var number: Int
    /// Whether it asks for a change.
    public var isMutating: Bool

    public init(operation: String, region: String, number: Int, isMutating: Bool) {
        self.operation = operation
        self.region = region
        self.number = number
        self.isMutating = isMutating
    }
}

public enum AWSAttemptOutcome: Sendable, Equatable {
    case success
    case failure(AWSError)
}
