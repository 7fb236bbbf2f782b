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
        case (true, let made?):
            if made.role == role {
                .settled
            } else if made.role == nil {
                .lookThenUpdate(locationID: made.locationID)
            } else {
                .updateRole(locationID: made.locationID)
            }
        case (false, nil): attemptedAt == nil ? .forget : .lookThenDelete
        case (false, let made?): .delete(locationID: made.locationID)
        }
    }
}

extension LocationRecord {
    /// How far AWS's clock and ours may be apart: what Signature Version 4 allows.
    public static let clockSkew: TimeInterval = 15 * 60

    /// Whether a create of ours whose answer is not known made this location: it has the very scope and role that were
    /// sent, and is no older than the attempt. AWS allows one location a scope, and before the attempt there was none.
    public func mayBe(_ location: AWSLocation) -> Bool {
        guard made == nil, let attemptedAt, location.scope == path.description, location.roleARN == role.description
        else { return false }
        guard let createdAt = location.createdAt else { return true }
        return createdAt >= attemptedAt.addingTimeInterval(-Self.clockSkew)
    }
}

public enum LocationStep: Sendable, Equatable {
    case settled
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
