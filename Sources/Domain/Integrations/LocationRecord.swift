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
    /// The role it should have.
    public var role: IAMRoleARN
    public var isWanted: Bool
    /// What AWS answered when it was made; `nil` while that is not known.
    public var made: Made?
    /// When a create was first sent whose answer is not known; cleared by a definite refusal.
    public var attemptedAt: Date?

    public struct Made: Sendable, Equatable {
        public var locationID: String
        public var arn: String
        /// The role AWS is known to have; `nil` while an update's outcome is unknown.
        public var role: IAMRoleARN?

        public init(locationID: String, arn: String, role: IAMRoleARN?) {
            self.locationID = locationID
            self.arn = arn
            self.role = role
        }
    }

    public init(
        path: LocationPath, role: IAMRoleARN, isWanted: Bool = true, made: Made? = nil, attemptedAt: Date? = nil
    ) {
        self.path = path
        self.role = role
        self.isWanted = isWanted
        self.made = made
        self.attemptedAt = attemptedAt
    }

    /// The next thing to do about it.
    public var step: LocationStep {
        switch (isWanted, made) {
        case (true, nil): attemptedAt == nil ? .create : .lookThenCreate
        case (true, let made?): made.role == role ? .settled : .updateRole(locationID: made.locationID)
        case (false, nil): attemptedAt == nil ? .forget : .lookThenDelete
        case (false, let made?): .delete(locationID: made.locationID)
        }
    }
}

public enum LocationStep: Sendable, Equatable {
    case settled
    case create
    /// A create may have been done: adopt what is there, or create.
    case lookThenCreate
    case updateRole(locationID: String)
    case delete(locationID: String)
    /// A create may have been done: delete what is there, then forget.
    case lookThenDelete
    /// AWS has nothing: the record may go.
    case forget
}
