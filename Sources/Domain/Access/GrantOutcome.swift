/// What came of a step towards AWS.
public enum GrantOutcome: Sendable, Equatable {
    /// AWS has it, by a create of ours: the one just answered (then with the id of its request), or one before.
    case made(GrantRecord.Made, requestID: String?)
    /// AWS has it, and no create of ours can have made it.
    case foreign(GrantRecord.Made)
    /// AWS has none of ours: it was deleted (then with the id of the request), or is not there.
    case gone(GrantRecord.Made?, requestID: String?)
    /// It was looked for and is not there, but a create may still be done.
    case notSeen
    case failed(AWSProblem, during: GrantCall, found: GrantRecord.Made? = nil)
    /// The integration has no location there, so that nothing can be asked of AWS.
    case noLocation
    /// It was left for later before AWS was asked anything.
    case notCalled
}

/// The last call of a step.
public enum GrantCall: Sendable, Equatable, CaseIterable {
    case create, look, delete
}

/// An outcome to be written down.
public struct GrantReport: Sendable, Equatable {
    public var id: GrantRecordID
    /// What was in the dark before the step was begun; it holds again when AWS definitely did nothing.
    public var before: GrantRecord.Attempt?
    public var outcome: GrantOutcome
    /// 0 to 1, for the spread of retries.
    public var jitter: Double

    public init(id: GrantRecordID, before: GrantRecord.Attempt?, outcome: GrantOutcome, jitter: Double) {
        self.id = id
        self.before = before
        self.outcome = outcome
        self.jitter = jitter
    }
}
