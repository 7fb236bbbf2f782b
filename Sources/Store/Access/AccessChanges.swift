import Domain
import GRDB
import SQLiteStatements

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Gives and revokes access. For use inside one transaction.
struct AccessChanges {
    let db: Database
    let trail: AuditTrail
    let origin: AuditOrigin
    let now: Date

    private var rows: SubscriptionRows { SubscriptionRows(db: db) }

    func give(
        to id: DataSourceID, of user: UserID, _ state: SubscriptionState, _ level: AccessLevel, admin: UserID
    ) throws {
        try requireGiving(id)
        let dataSource = try DataSourceRows(db: db).existing(id)
        guard try hasUser(user) else { throw DomainError.noUser(user) }
        let before = try rows.load(id, user)
        if let before, !before.isRevoked {
            try change(before, state, level)
        } else if let before {
            try revive(before, state, level, admin: admin)
        } else {
            try rows.insert(to: dataSource, of: user, state, level, createdBy: admin, now: now)
        }
        try trail.append(.grantAccess, from: before, to: try rows.load(id, user), by: origin, at: now)
    }

    private func change(_ before: Subscription, _ state: SubscriptionState, _ level: AccessLevel) throws {
        guard before.state != state || before.level != level else { return }
        if before.state == .owner, state != .owner { try checkOtherOwner(before) }
        var after = before
        after.state = state
        after.level = level
        after.updatedAt = now
        try rows.update(after, changesGrants: before.level != level)
    }

    /// Its grants may not be gone yet.
    private func revive(
        _ before: Subscription, _ state: SubscriptionState, _ level: AccessLevel, admin: UserID
    ) throws {
        let after = Subscription(
            id: before.id, dataSourceID: before.dataSourceID, userID: before.userID, state: state, level: level,
            isRevoked: false, createdBy: admin, createdAt: now, updatedAt: now)
        try rows.update(after, changesGrants: true)
    }

    func revoke(to id: DataSourceID, of user: UserID) throws {
        try requireGiving(id)
        guard let before = try rows.load(id, user) else { throw DomainError.noAccess(of: user, to: id) }
        guard !before.isRevoked else { return }
        if before.state == .owner { try checkOtherOwner(before) }
        var after = before
        after.isRevoked = true
        after.updatedAt = now
        try rows.update(after, changesGrants: true)
        try trail.append(.revokeAccess, from: before, to: after, by: origin, at: now)
    }

    private func requireGiving(_ id: DataSourceID) throws {
        try DataSourceRights(db: db, origin: origin).require(.giving, of: [id])
    }

    private func checkOtherOwner(_ subscription: Subscription) throws {
        guard try rows.hasOwner(subscription.dataSourceID, otherThan: subscription.userID) else {
            throw DomainError.lastOwner(of: subscription.dataSourceID, subscription.userID)
        }
    }

    private func hasUser(_ id: UserID) throws -> Bool {
        try db.row(#"SELECT 1 FROM "user" WHERE id = ? AND deleted_at IS NULL"#, [id.value]) { try $0.integer() } != nil
    }
}
