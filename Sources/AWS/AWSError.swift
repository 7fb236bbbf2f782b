public import HTTPTypes
public import Transport

/// Why a call to AWS gave no result: what AWS said, verbatim, or what kept it from saying anything.
///
/// Decide by `kind` and `code`, never by `message`: its text changes.
public struct AWSError: Error, Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        /// AWS answered with an error; `code`, `message` and `httpStatus` are its own.
        case service
        /// There is no answer.
        case transport(TransportError)
        /// There are no credentials to sign with.
        case credentials
        /// The answer is a success, but cannot be read.
        case decoding
        /// The call was refused here, before anything was sent: an account id, region or endpoint that cannot be one.
        case invalidRequest
    }

    public var kind: Kind
    /// The IAM action, such as `s3:ListAccessGrantsLocations`.
    public var operation: String
    /// AWS's code, such as `AccessDenied`; for an answer without a body the status in digits; else one of this
    /// client's own: `TransportError`, `CredentialsNotFound`, `MalformedResponse`, `InvalidRequest`.
    public var code: String
    public var message: String
    public var httpStatus: Int?
    public var requestID: String?
    /// S3's second request id (`x-amz-id-2`).
    public var hostID: String?
    /// Where the bucket is, if AWS told.
    public var bucketRegion: String?
    /// The further elements of the error's document by their names, `Condition` and `ActualObjectSize` among them.
    public var details: [String: String]
    /// The answer's.
    public var headerFields: HTTPFields
    /// How many requests were sent.
    public var attempts: Int
    /// Whether some attempt's answer was lost and the call, which changes something, may have been carried out: look
    /// before acting again. An error code such as `…AlreadyExists` may then mean one's own success.
    public var mayHaveSucceeded: Bool

    public init(
        kind: Kind, operation: String, code: String, message: String, httpStatus: Int? = nil,
        requestID: String? = nil, hostID: String? = nil, bucketRegion: String? = nil,
        details: [String: String] = [:], headerFields: HTTPFields = [:], attempts: Int = 0,
        mayHaveSucceeded: Bool = false
    ) {
        self.kind = kind
        self.operation = operation
        self.code = code
        self.message = message
        self.httpStatus = httpStatus
        self.requestID = requestID
        self.hostID = hostID
        self.bucketRegion = bucketRegion
        self.details = details
        self.headerFields = headerFields
        self.attempts = attempts
        self.mayHaveSucceeded = mayHaveSucceeded
    }

    /// Whether AWS asks its callers to slow down.
    public var isThrottling: Bool {
        kind == .service && RetryClass.throttlingCodes.contains(code) || httpStatus == 429
    }
}

extension AWSError {
    /// One word for why there is no answer: `resolve`, `connect`, `tls`, `timeout`, …; `nil` when there is one.
    public var transportFailure: String? {
        guard case .transport(let error) = kind else { return nil }
        return switch error {
        case .malformedRequest: "malformedRequest"
        case .resolve: "resolve"
        case .connect, .connectTimeout: "connect"
        case .tls: "tls"
        case .timeout: "timeout"
        case .tooLarge: "tooLarge"
        case .cancelled: "cancelled"
        case .connectionLost: "connectionLost"
        case .malformedResponse: "malformedResponse"
        case .shutDown: "shutDown"
        }
    }
}

extension AWSError: CustomStringConvertible {
    public var description: String {
        let status = httpStatus.map { ", status \($0)" } ?? ""
        let request = requestID.map { ", request \($0)" } ?? ""
        return "\(operation): \(code): \(message) (attempts \(attempts)\(status)\(request))"
    }
}

extension AWSError {
    static func invalidRequest(_ message: String, _ operation: String) -> AWSError {
        AWSError(kind: .invalidRequest, operation: operation, code: "InvalidRequest", message: message)
    }

    static func transport(_ error: TransportError, _ operation: String) -> AWSError {
        AWSError(
            kind: .transport(error), operation: operation, code: "TransportError", message: error.description,
            mayHaveSucceeded: error.mayHaveReachedServer)
    }
}
