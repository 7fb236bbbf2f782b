#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

public struct SubscriptionID: Sendable, Hashable, CustomStringConvertible {
    public let value: Int64
    public init(_ value: Int64) { self.value = value }
    public var description: String { String(value) }
}

/// What a user is to a data source.
public enum SubscriptionState: String, Sendable, CaseIterable {
    /// May also manage and delete it.
    case owner
    /// Like `subscribed`; said to know it well.
    case expert
    case subscribed
}

/// What a user may do with a data source's objects.
public enum AccessLevel: String, Sendable, CaseIterable {
    case read = "READ"
    case write = "WRITE"

    public var permission: GrantPermission {
        switch self {
        case .read: .read
        case .write: .readWrite
        }
    }
}

/// That a user may use a data source.
public struct Subscription: Sendable, Equatable {
    public let id: SubscriptionID
    public let dataSourceID: DataSourceID
    public let userID: UserID
    public var state: SubscriptionState
    public var level: AccessLevel
    /// Kept until its grants are gone.
    public var isRevoked: Bool
    /// Who gave it.
    public var createdBy: UserID
    public let createdAt: Date
    public var updatedAt: Date

    public init(
        id: SubscriptionID, dataSourceID: DataSourceID, userID: UserID, state: SubscriptionState, level: AccessLevel,
        isRevoked: Bool, createdBy: UserID, createdAt: Date, updatedAt: Date
    ) {
        self.id = id
        self.dataSourceID = dataSourceID
        self.userID = userID
        self.state = state
        self.level = level
        self.isRevoked = isRevoked
        self.createdBy = createdBy
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}

extension Subscription: Audited {
    public var auditTarget: AuditTarget { AuditTarget(.access, "\(dataSourceID)/\(userID)") }

    public var auditValue: AuditValue {
        .members([
            ("dataSourceId", .integer(dataSourceID.value)), ("profileId", .integer(userID.value)),
            ("state", .string(state.rawValue)), ("accessGrant", .string(level.rawValue)),
            ("revoked", .bool(isRevoked)),
        ])
    }
}
