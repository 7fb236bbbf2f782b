#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Of our record of a grant; AWS's own id is text.
public struct GrantRecordID: Sendable, Hashable, CustomStringConvertible {
    public let value: Int64
    public init(_ value: Int64) { self.value = value }
    public var description: String { String(value) }
}

/// Our record of one grant in AWS: whether it is wanted, and what AWS is known to have.
///
/// The record is written before the first call (intent before effect) and lives until AWS is known to have nothing, so a
/// grant that Sluice made is never forgotten.
public struct GrantRecord: Sendable, Equatable {
    public let id: GrantRecordID
    public let integrationID: IntegrationID
    public let key: GrantKey
    /// Some subscription needs it.
    public internal(set) var isWanted: Bool
    /// What AWS answered when it was made, or found; `nil` while that is not known.
    public internal(set) var made: Made?
    /// It was there before any create of ours: never deleted by us.
    public internal(set) var isForeign: Bool
    /// The calls that change it and whose answer is not known.
    public internal(set) var attempt: Attempt?
    /// When the last create was begun whose answer is not known although another made the grant: done late, it would make
    /// the grant again once that is deleted.
    public internal(set) var lostCreateAt: Date?
    public internal(set) var state: GrantState
    public internal(set) var schedule: Schedule

    public struct Made: Sendable, Hashable {
        /// AWS's.
        public var grantID: String
        public var arn: String
        public var locationID: String

        public init(grantID: String, arn: String, locationID: String) {
            self.grantID = grantID
            self.arn = arn
            self.locationID = locationID
        }
    }

    /// When the first and the last of the calls were begun whose answer is not known.
    public struct Attempt: Sendable, Hashable {
        public var first: Date
        public var last: Date

        public init(first: Date, last: Date) {
            self.first = first
            self.last = last
        }
    }

    public struct Schedule: Sendable, Equatable {
        /// `nil`: nothing to do.
        public var nextAttemptAt: Date?
        /// Until then a worker is at it, and nobody else.
        public var leasedUntil: Date?
        /// Failed tries in a row.
        public var failures: Int
        /// When it was last asked for, or asked away: the patience with what may pass counts from here.
        public var since: Date

        public init(nextAttemptAt: Date?, leasedUntil: Date? = nil, failures: Int = 0, since: Date) {
            self.nextAttemptAt = nextAttemptAt
            self.leasedUntil = leasedUntil
            self.failures = failures
            self.since = since
        }
    }

    /// As the store reads it; the methods below are the only ways to change it.
    public init(
        id: GrantRecordID, integrationID: IntegrationID, key: GrantKey, isWanted: Bool, made: Made?, isForeign: Bool,
        attempt: Attempt?, lostCreateAt: Date? = nil, state: GrantState, schedule: Schedule
    ) {
        self.id = id
        self.integrationID = integrationID
        self.key = key
        self.isWanted = isWanted
        self.made = made
        self.isForeign = isForeign
        self.attempt = attempt
        self.lostCreateAt = lostCreateAt
        self.state = state
        self.schedule = schedule
    }

    /// One that a subscription begins to need.
    public init(id: GrantRecordID, integrationID: IntegrationID, key: GrantKey, now: Date) {
        self.init(
            id: id, integrationID: integrationID, key: key, isWanted: true, made: nil, isForeign: false, attempt: nil,
            state: GrantState(.pending), schedule: Schedule(nextAttemptAt: now, since: now))
    }

    /// The next thing to do about it.
    public var step: GrantStep {
        switch (isWanted, made) {
        case (true, nil): attempt == nil ? .create : .lookThenCreate
        // A delete that was begun may be done at any time: it is brought to its end, and the grant is made anew.
        case (true, let made?): attempt == nil || isForeign ? .settled : .delete(grantID: made.grantID)
        case (false, nil): attempt == nil ? .forget : .lookThenDelete
        case (false, let made?): isForeign ? .forget : .delete(grantID: made.grantID)
        }
    }

    /// AWS is known to have it, and nothing is under way that ends it.
    public var isActive: Bool { made != nil && (attempt == nil || isForeign) }
}

public enum GrantStep: Sendable, Equatable {
    case settled
    case create
    /// A create may have been done: adopt what is there, or create.
    case lookThenCreate
    case delete(grantID: String)
    /// A create may have been done: delete what is there, then forget.
    case lookThenDelete
    /// AWS has nothing of ours: the record may go.
    case forget
}

extension GrantRecord {
    /// Whether a create of ours whose answer is not known made this grant: it is the very grant that was asked for, and no
    /// older than the first such attempt, give or take how far AWS's clock and ours may be apart.
    public static func mayBe(_ grant: AWSGrant, of attempt: Attempt) -> Bool {
        guard let createdAt = grant.createdAt else { return true }
        return createdAt >= attempt.first.addingTimeInterval(-LocationRecord.clockSkew)
    }
}

extension GrantRecord: Audited {
    public var auditTarget: AuditTarget { AuditTarget(.accessGrant, made?.grantID ?? "") }

    public var auditValue: AuditValue {
        .members([
            ("integrationId", .integer(integrationID.value)), ("grantScope", .string(key.scope)),
            ("granteeType", .string(key.grantee.type.rawValue)),
            ("granteeIdentifier", .string(key.grantee.identifier)),
            ("permission", .string(key.permission.rawValue)), ("arn", made.map { .string($0.arn) } ?? .null),
        ])
    }
}
