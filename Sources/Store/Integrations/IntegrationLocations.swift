import Domain
import GRDB
import SQLiteStatements

/// The table `integration_location`.
struct IntegrationLocations {
    let db: Database

    func load(_ id: IntegrationID) throws -> [LocationRecord] {
        try db.rows(
            """
            SELECT path, role, is_wanted, location_id, arn, made_role, attempted_at, lost_create_at, lost_create_role,
                lost_change_at
            FROM integration_location WHERE integration_id = ? ORDER BY position
            """, [id.value], Self.decode)
    }

    private static func decode(_ row: inout RowDecoder) throws -> LocationRecord {
        var record = LocationRecord(
            path: try row.parsed { try LocationPath($0) }, role: try row.parsed { try IAMRoleARN($0) },
            isWanted: try row.bool())
        let (locationID, arn) = (row.optionalText(), row.optionalText())
        let madeRole = try row.optionalParsed { try IAMRoleARN($0) }
        if let locationID, let arn {
            record.made = LocationRecord.Made(locationID: locationID, arn: arn, role: madeRole)
        }
        record.attemptedAt = row.optionalDate()
        let lostCreateAt = row.optionalDate()
        let lostCreateRole = try row.optionalParsed { try IAMRoleARN($0) }
        if let lostCreateAt, let lostCreateRole {
            record.lostCreate = LocationRecord.LostCreate(at: lostCreateAt, role: lostCreateRole)
        }
        record.lostChangeAt = row.optionalDate()
        return record
    }

    /// Writes the rows that differ. A scope that a `disabled` integration holds passes to this one.
    ///
    /// - Throws: `conflict` when another integration holds one of the scopes.
    func replace(
        _ old: [LocationRecord], by new: [LocationRecord], _ id: IntegrationID, _ connection: AWSConnection
    ) throws {
        for record in old where !new.contains(where: { $0.path == record.path }) {
            try db.run(
                "DELETE FROM integration_location WHERE integration_id = ? AND path = ?",
                [id.value, record.path.description])
        }
        for (position, record) in new.enumerated() {
            let stored = old.firstIndex { $0.path == record.path }
            if let stored, stored == position, old[stored] == record { continue }
            if stored == nil { try claim(record.path, for: id, connection) }
            try upsert(record, at: position, id, connection)
        }
    }

    private func upsert(
        _ record: LocationRecord, at position: Int, _ id: IntegrationID, _ connection: AWSConnection
    ) throws {
        try db.run(
            """
            INSERT INTO integration_location (
                integration_id, path, account_id, region, position, role, is_wanted, location_id, arn, made_role,
                attempted_at, lost_create_at, lost_create_role, lost_change_at
            )
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (integration_id, path) DO UPDATE SET
                position = excluded.position, role = excluded.role, is_wanted = excluded.is_wanted,
                location_id = excluded.location_id, arn = excluded.arn, made_role = excluded.made_role,
                attempted_at = excluded.attempted_at, lost_create_at = excluded.lost_create_at,
                lost_create_role = excluded.lost_create_role, lost_change_at = excluded.lost_change_at
            """,
            [
                id.value, record.path.description, connection.accountID.description, connection.region.description,
                Int64(position), record.role.description, record.isWanted ? 1 : 0, record.made?.locationID,
                record.made?.arn, record.made?.role?.description, record.attemptedAt?.milliseconds,
                record.lostCreate?.at.milliseconds, record.lostCreate?.role.description,
                record.lostChangeAt?.milliseconds,
            ])
    }

    private func claim(_ path: LocationPath, for id: IntegrationID, _ connection: AWSConnection) throws {
        let holder = try db.row(
            """
            SELECT i.id, i.status FROM integration_location l JOIN integration i ON i.id = l.integration_id
            WHERE l.account_id = ? AND l.region = ? AND l.path = ? AND i.id <> ?
            """,
            [connection.accountID.description, connection.region.description, path.description, id.value]
        ) { (id: IntegrationID(try $0.integer()), status: try $0.parsed(IntegrationStatus.init(rawValue:))) }
        guard let holder else { return }
        guard holder.status == .disabled else { throw DomainError.scopeInUse(path, by: holder.id) }
        try db.run(
            "DELETE FROM integration_location WHERE integration_id = ? AND path = ?",
            [holder.id.value, path.description])
        // Whoever holds the old state of that integration must not write it back.
        try db.run("UPDATE integration SET revision = revision + 1 WHERE id = ?", [holder.id.value])
    }
}
