#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Our record of one location in AWS: what is wanted of it, and what AWS is known to have.
///
/// The record is written before the first call (intent before effect) and lives until AWS is known to have nothing,
/// so a location that Sluice made is never forgotten.
public struct LocationRecord: Sendable, Equatable {
    /// The registered scope; unique in its account and Region.
    public var path: LocationPath
    /// The role it should have; while the answer to a create is unknown, the role it was sent with.
    public var role: IAMRoleARN
    public var isWanted: Bool
    /// What AWS answered when it was made; `nil` while that is not known.
    public var made: Made?
    /// When the last call was begun that changes it and whose answer is not known.
    public var attemptedAt: Date?
    /// A create before that one whose answer was never known: if it is still under way, it leaves a location as soon as
    /// the scope is free.
    public var lostCreate: LostCreate?
    /// When an update or a delete before that one was begun whose answer was never known: it may undo what came after it.
    public var lostChangeAt: Date?

    public struct LostCreate: Sendable, Equatable {
        public var at: Date
        /// The role it was sent with: it is how ours is recognised.
        public var role: IAMRoleARN

        public init(at: Date, role: IAMRoleARN) {
            self.at = at
            self.role = role
        }
    }

    public struct Made: Sendable, Equatable {
        public var locationID: String
        public var arn: String
        /// The role AWS is known to have; `nil` while the outcome of an update or a delete is unknown.
        public var role: IAMRoleARN?

        public init(locationID: String, arn: String, role: IAMRoleARN?) {
            self.locationID = locationID
            self.arn = arn
            self.role = role
        }
    }

    public init(
        path: LocationPath, role: IAMRoleARN, isWanted: Bool = true, made: Made? = nil, attemptedAt: Date? = nil,
        lostCreate: LostCreate? = nil, lostChangeAt: Date? = nil
    ) {
        self.path = path
        self.role = role
        self.isWanted = isWanted
        self.made = made
        self.attemptedAt = attemptedAt
        self.lostCreate = lostCreate
        self.lostChangeAt = lostChangeAt
    }

    /// The next thing to do about it.
    public var step: LocationStep {
        switch (isWanted, made) {
        case (true, nil): mayTurnUp ? .lookThenCreate : .create
        case (true, let made?):
            if made.role == role {
                lostChangeAt == nil ? .settled : .verify(locationID: made.locationID)
            } else if made.role == nil {
                .lookThenUpdate(locationID: made.locationID)
            } else {
                .updateRole(locationID: made.locationID)
            }
        case (false, nil): mayTurnUp ? .lookThenDelete : .forget
        case (false, let made?): .delete(locationID: made.locationID)
        }
    }

    private var mayTurnUp: Bool { attemptedAt != nil || lostCreate != nil }
}

extension LocationRecord {
    /// How far AWS's clock and ours may be apart: what Signature Version 4 allows.
    public static let clockSkew: TimeInterval = 15 * 60

    /// Whether a create of ours whose answer is not known made this location: it has the very scope and a role that was
    /// sent, and is of the time of that attempt. AWS allows one location a scope, and before the attempt there was none.
    public func mayBe(_ location: AWSLocation) -> Bool {
        guard made == nil, location.scope == path.description else { return false }
        let attempt = attemptedAt.map { LostCreate(at: $0, role: role) }
        return [attempt, lostCreate].compactMap(\.self).contains { create in
            guard location.roleARN == create.role.description else { return false }
            guard let createdAt = location.createdAt else { return true }
            let end = create.at.addingTimeInterval(AWSProblem.uncertainty + Self.clockSkew)
            return (create.at.addingTimeInterval(-Self.clockSkew)...end).contains(createdAt)
        }
    }

    /// Until when a call whose answer was lost may still be carried out; `nil` when that time is over.
    public func uncertain(now: Date) -> Date? {
        let end = [attemptedAt, lostCreate?.at, lostChangeAt].compactMap(\.self).max()?
            .addingTimeInterval(AWSProblem.uncertainty)
        return end.flatMap { now < $0 ? $0 : nil }
    }

    /// Until when the next create has to wait: only one role is remembered besides the one of the last attempt.
    public func createMustWait(now: Date) -> Date? {
        guard attemptedAt != nil, let lostCreate, lostCreate.role != role else { return nil }
        let end = lostCreate.at.addingTimeInterval(AWSProblem.uncertainty)
        return now < end ? end : nil
    }

    /// The answer to the call begun last will never be known, and something else is done or known now.
    mutating func giveUpAnswer() {
        if let attemptedAt {
            if made == nil {
                lostCreate = LostCreate(at: attemptedAt, role: role)
            } else {
                lostChangeAt = attemptedAt
            }
        }
        attemptedAt = nil
    }

    /// After AWS showed what is there: what could have been carried out until then has been, or never will be.
    mutating func forgetWhatIsOver(now: Date) {
        if let end = lostCreate?.at.addingTimeInterval(AWSProblem.uncertainty), end <= now { lostCreate = nil }
        if let end = lostChangeAt?.addingTimeInterval(AWSProblem.uncertainty), end <= now { lostChangeAt = nil }
    }
}

public enum LocationStep: Sendable, Equatable {
    case settled
    /// All is as it is to be; an earlier call that may still be carried out could undo it. Nobody waits for this.
    case verify(locationID: String)
    case create
    /// A create may have been done: adopt what is there, or create.
    case lookThenCreate
    case updateRole(locationID: String)
    /// An update or a delete may have been done: see what is there first.
    case lookThenUpdate(locationID: String)
    case delete(locationID: String)
    /// A create may have been done: delete what is there, then forget.
    case lookThenDelete
    /// AWS has nothing: the record may go.
    case forget
}
