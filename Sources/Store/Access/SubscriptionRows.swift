import Domain
import GRDB
import SQLiteStatements

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The table `subscription`. For use inside one transaction.
struct SubscriptionRows {
    let db: Database

    /// Of `subscription s`, in the order of `decode`.
    static let columns = """
        s.id, s.data_source_id, s.user_id, s.state, s.access_grant, s.is_revoked, s.created_by, s.created_at,
        s.updated_at
        """

    static func decode(_ row: inout RowDecoder) throws -> Subscription {
        Subscription(
            id: SubscriptionID(try row.integer()), dataSourceID: DataSourceID(try row.integer()),
            userID: UserID(try row.integer()), state: try row.parsed(SubscriptionState.init(rawValue:)),
            level: try row.parsed(AccessLevel.init(rawValue:)), isRevoked: try row.bool(),
            createdBy: UserID(try row.integer()), createdAt: try row.date(), updatedAt: try row.date())
    }

    func load(_ id: DataSourceID, _ user: UserID) throws -> Subscription? {
        try db.row(
            "SELECT \(Self.columns) FROM subscription s WHERE s.data_source_id = ? AND s.user_id = ?",
            [id.value, user.value], Self.decode)
    }

    func insert(
        to dataSource: DataSource, of user: UserID, _ state: SubscriptionState, _ level: AccessLevel,
        createdBy: UserID, now: Date
    ) throws {
        try db.run(
            """
            INSERT INTO subscription (
                data_source_id, data_source_name, folded_name, user_id, state, access_grant, is_revoked, is_planned,
                created_by, created_at, updated_at
            )
            VALUES (?, ?, ?, ?, ?, ?, 0, 0, ?, ?, ?)
            """,
            [
                dataSource.id.value, dataSource.name, dataSource.foldedName, user.value, state.rawValue, level.rawValue,
                createdBy.value, now.milliseconds, now.milliseconds,
            ])
    }

    /// - Parameter changesGrants: then the worker has to plan it again.
    func update(_ new: Subscription, changesGrants: Bool) throws {
        try db.run(
            """
            UPDATE subscription
            SET state = ?, access_grant = ?, is_revoked = ?, created_by = ?, created_at = ?, updated_at = ?,
                is_planned = CASE WHEN ? THEN 0 ELSE is_planned END
            WHERE id = ?
            """,
            [
                new.state.rawValue, new.level.rawValue, new.isRevoked ? 1 : 0, new.createdBy.value,
                new.createdAt.milliseconds, new.updatedAt.milliseconds, changesGrants ? 1 : 0, new.id.value,
            ])
    }

    /// All of a data source: the worker has to plan them again.
    func unplan(_ id: DataSourceID) throws {
        try db.run("UPDATE subscription SET is_planned = 0 WHERE data_source_id = ?", [id.value])
    }

    func hasOwner(_ id: DataSourceID, otherThan user: UserID) throws -> Bool {
        try db.row(
            """
            SELECT 1 FROM subscription
            WHERE data_source_id = ? AND user_id <> ? AND state = 'owner' AND is_revoked = 0 LIMIT 1
            """, [id.value, user.value]
        ) { try $0.integer() } != nil
    }
}
