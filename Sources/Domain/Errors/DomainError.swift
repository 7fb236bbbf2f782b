/// Why something asked of Sluice was not done: one text for the caller, one for the log.
public struct DomainError: Error, Sendable, Equatable {
    public var code: Code
    /// For the caller. Names no SQL, file, host of ours or secret.
    public var message: String
    /// For the log only; never sent.
    public var cause: String?
    /// Every fault of the input at once, each with its path.
    public var faults: [InputFault]
    /// Set whenever the seven tests were run.
    public var validationResults: ValidationResults?

    public init(
        _ code: Code, _ message: String, cause: String? = nil, faults: [InputFault] = [],
        validationResults: ValidationResults? = nil
    ) {
        self.code = code
        self.message = message
        self.cause = cause
        self.faults = faults
        self.validationResults = validationResults
    }

    public enum Code: String, Sendable, CaseIterable {
        case badRequest
        case unauthorized
        case forbidden
        case notFound
        case conflict
        /// `If-Match` names a revision that is no longer the current one.
        case preconditionFailed
        case unprocessable
        /// The stored row moved on between reading and writing; reading again and deciding again is harmless.
        case staleRevision
        case unavailable
        case `internal`
    }

    /// How many faults are told one by one: a body may be large, and wrong in each of its items.
    public static let faultLimit = 1000

    public static func invalid(_ all: [InputFault]) -> DomainError {
        var faults = all
        if all.count > faultLimit {
            faults = all.prefix(faultLimit) + [InputFault("body", "has \(all.count - faultLimit) more faults")]
        }
        let summary = faults.map { "\($0.path): \($0.message)" }.joined(separator: "; ")
        return DomainError(.badRequest, "Invalid request: \(summary)", faults: faults)
    }
}

/// One thing wrong with the input, and where: `config.awsRegion`, `dataSources[3].prefix`.
public struct InputFault: Error, Sendable, Equatable {
    public var path: String
    public var message: String

    public init(_ path: String, _ message: String) {
        self.path = path
        self.message = message
    }
}
