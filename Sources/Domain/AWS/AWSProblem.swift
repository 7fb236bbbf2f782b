/// What AWS, or the way to it, answered instead of the result, in the domain's words.
public struct AWSProblem: Error, Sendable, Equatable {
    public var kind: Kind
    /// AWS's error code, verbatim; for `unreachable` a word such as `timeout`, `connect`, `tls`.
    public var code: String
    /// AWS's text, verbatim.
    public var message: String
    /// The IAM action of the call: `s3:CreateAccessGrantsLocation`.
    public var action: String
    public var requestID: String?
    /// Where the bucket is, when AWS said that it is in another Region.
    public var bucketRegion: String?
    /// The call changes something and an answer was lost: it may have been done.
    public var mayHaveSucceeded: Bool

    public init(
        kind: Kind, code: String, message: String, action: String, requestID: String? = nil,
        bucketRegion: String? = nil, mayHaveSucceeded: Bool = false
    ) {
        self.kind = kind
        self.code = code
        self.message = message
        self.action = action
        self.requestID = requestID
        self.bucketRegion = bucketRegion
        self.mayHaveSucceeded = mayHaveSucceeded
    }

    public enum Kind: Sendable, Equatable, CaseIterable {
        /// AWS refused: asking again without a change gives the same answer.
        case refused
        /// AWS asks for patience (`SlowDown`, `ThrottlingException`, 429).
        case throttled
        /// 5xx, or an answer that is not what AWS documents.
        case serviceFault
        /// No answer: name, connection, TLS, deadline.
        case unreachable
        /// No usable credentials on our side; AWS was not asked.
        case credentials
    }

    /// Seconds from its beginning in which a call whose answer was lost may still be carried out: longer than any call's
    /// deadline. After that it has been done or never will be.
    public static let uncertainty: Double = 60

    /// Codes AWS answers while a change made elsewhere has not reached it yet. AWS's own tools retry these for two minutes.
    private static let propagationCodes: Set<String> = ["InvalidIamRole", "AccessGrantsLocationNotEmptyError"]

    /// Whether the same call may go better in a moment.
    public var isTransient: Bool {
        switch kind {
        case .throttled, .serviceFault, .unreachable: true
        case .refused: Self.propagationCodes.contains(code)
        case .credentials: false
        }
    }

    /// One sentence with everything known: `s3:… was refused: AccessDenied: … (request 0A1B).`
    public var summary: String {
        let request = requestID.map { " (request \($0))" } ?? ""
        let text =
            switch kind {
            case .refused: "\(action) was refused: \(code): \(message)\(request)"
            case .throttled: "\(action) was throttled: \(code): \(message)\(request)"
            case .serviceFault: "\(action) failed in AWS: \(code): \(message)\(request)"
            case .unreachable: "\(action) got no answer: \(code): \(message)"
            case .credentials: "\(action) was not called, for want of credentials: \(message)"
            }
        // AWS ends some of its messages with a full stop.
        return text.hasSuffix(".") ? text : text + "."
    }
}
