import Domain
import GRDB
import SQLiteStatements

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The table `access_grant`. For use inside one transaction.
struct GrantRows {
    let db: Database

    static let columns = """
        id, integration_id, location_path, sub_prefix, is_object, grantee_type, grantee_identifier, permission, is_wanted,
        status, message, grant_id, grant_arn, location_id, is_foreign, attempted_since, attempted_at, lost_create_at,
        leased_until, next_attempt_at, failures, since
        """

    static func decode(_ row: inout RowDecoder) throws -> GrantRecord {
        let (id, integrationID) = (GrantRecordID(try row.integer()), IntegrationID(try row.integer()))
        let key = try decodeKey(&row)
        let isWanted = try row.bool()
        let state = GrantState(try row.parsed(GrantStatus.init(rawValue:)), row.optionalText())
        let (grantID, arn, locationID) = (row.optionalText(), row.optionalText(), row.optionalText())
        let isForeign = try row.bool()
        let (first, last, lostCreateAt) = (row.optionalDate(), row.optionalDate(), row.optionalDate())
        let (leasedUntil, nextAttemptAt) = (row.optionalDate(), row.optionalDate())
        var made: GrantRecord.Made?
        if let grantID, let arn, let locationID {
            made = GrantRecord.Made(grantID: grantID, arn: arn, locationID: locationID)
        }
        var attempt: GrantRecord.Attempt?
        if let first, let last { attempt = GrantRecord.Attempt(first: first, last: last) }
        return GrantRecord(
            id: id, integrationID: integrationID, key: key, isWanted: isWanted, made: made, isForeign: isForeign,
            attempt: attempt, lostCreateAt: lostCreateAt, state: state,
            schedule: GrantRecord.Schedule(
                nextAttemptAt: nextAttemptAt, leasedUntil: leasedUntil, failures: Int(try row.integer()),
                since: try row.date()))
    }

    /// Of six columns: `location_path` to `permission`.
    static func decodeKey(_ row: inout RowDecoder) throws -> GrantKey {
        GrantKey(
            location: try row.parsed { try LocationPath($0) }, subPrefix: try row.text(), isObject: try row.bool(),
            grantee: Grantee(try row.parsed(Grantee.Kind.init(rawValue:)), try row.text()),
            permission: try row.parsed(GrantPermission.init(rawValue:)))
    }

    func load(_ id: GrantRecordID) throws -> GrantRecord? {
        try db.row("SELECT \(Self.columns) FROM access_grant WHERE id = ?", [id.value], Self.decode)
    }

    func load(_ key: GrantKey, of integration: IntegrationID) throws -> GrantRecord? {
        try db.row(
            """
            SELECT \(Self.columns) FROM access_grant
            WHERE integration_id = ? AND location_path = ? AND sub_prefix = ? AND is_object = ? AND grantee_type = ?
                AND grantee_identifier = ? AND permission = ?
            """, [integration.value] + Self.bound(key), Self.decode)
    }

    private static func bound(_ key: GrantKey) -> Bound {
        [
            key.location.description, key.subPrefix, key.isObject ? 1 : 0, key.grantee.type.rawValue,
            key.grantee.identifier, key.permission.rawValue,
        ]
    }

    /// One that begins to be wanted.
    func insert(_ key: GrantKey, of integration: IntegrationID, now: Date) throws -> GrantRecordID {
        try db.run(
            """
            INSERT INTO access_grant (
                integration_id, location_path, sub_prefix, is_object, grantee_type, grantee_identifier, permission,
                is_wanted, status, is_foreign, next_attempt_at, failures, since
            )
            VALUES (?, ?, ?, ?, ?, ?, ?, 1, 'pending', 0, ?, 0, ?)
            """, [integration.value] + Self.bound(key) + [now.milliseconds, now.milliseconds])
        return GrantRecordID(db.lastInsertedRowID)
    }

    /// What Sluice made and nothing asks for: it is only to be removed. `false` when there is a record of it.
    func insertLeftOver(_ found: DriftRepair.LeftOver, of integration: IntegrationID, now: Date) throws -> Bool {
        try db.run(
            """
            INSERT INTO access_grant (
                integration_id, location_path, sub_prefix, is_object, grantee_type, grantee_identifier, permission,
                is_wanted, status, grant_id, grant_arn, location_id, is_foreign, next_attempt_at, failures, since
            )
            VALUES (?, ?, ?, ?, ?, ?, ?, 0, 'revoking', ?, ?, ?, 0, ?, 0, ?) ON CONFLICT DO NOTHING
            """,
            [integration.value] + Self.bound(found.key) + [
                found.made.grantID, found.made.arn, found.made.locationID, now.milliseconds, now.milliseconds,
            ])
        return db.changesCount > 0
    }

    /// All of it that can change.
    func update(_ record: GrantRecord) throws {
        try db.run(
            """
            UPDATE access_grant SET
                is_wanted = ?, status = ?, message = ?, grant_id = ?, grant_arn = ?, location_id = ?, is_foreign = ?,
                attempted_since = ?, attempted_at = ?, lost_create_at = ?, leased_until = ?,
                next_attempt_at = ?, failures = ?, since = ?
            WHERE id = ?
            """,
            [
                record.isWanted ? 1 : 0, record.state.status.rawValue, record.state.message, record.made?.grantID,
                record.made?.arn, record.made?.locationID, record.isForeign ? 1 : 0,
                record.attempt?.first.milliseconds, record.attempt?.last.milliseconds,
                record.lostCreateAt?.milliseconds,
                record.schedule.leasedUntil?.milliseconds, record.schedule.nextAttemptAt?.milliseconds,
                Int64(record.schedule.failures), record.schedule.since.milliseconds, record.id.value,
            ])
    }

    /// AWS has nothing of it: its record goes, and with it the revoked subscriptions that waited for that.
    func forget(_ id: GrantRecordID) throws {
        let waiting = try db.rows(
            "DELETE FROM grant_need WHERE access_grant_id = ? RETURNING subscription_id", [id.value]
        ) { try $0.integer() }
        for subscription in waiting { try deleteSubscriptionIfOver(subscription) }
        try db.run("DELETE FROM access_grant WHERE id = ?", [id.value])
    }

    /// A revoked subscription whose grants are all gone. One that is not planned is left to the planning.
    func deleteSubscriptionIfOver(_ id: Int64) throws {
        try db.run(
            """
            DELETE FROM subscription
            WHERE id = ? AND is_revoked = 1 AND is_planned = 1
                AND NOT EXISTS (SELECT 1 FROM grant_need WHERE subscription_id = subscription.id)
            """, [id])
    }
}
