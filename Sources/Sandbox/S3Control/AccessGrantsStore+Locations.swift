import GRDB
import SQLiteStatements

extension AccessGrantsStore {
    func location(id: String, of instance: AccessGrantsInstance) throws -> AccessGrantsLocation? {
        try database.row(
            "SELECT * FROM access_grants_location WHERE instance = ? AND location_id = ?",
            arguments: [instance.row, id]
        ).map(Self.location)
    }

    func location(scope: String, of instance: AccessGrantsInstance) throws -> AccessGrantsLocation? {
        try database.row(
            "SELECT * FROM access_grants_location WHERE instance = ? AND scope = ?",
            arguments: [instance.row, scope]
        ).map(Self.location)
    }

    /// All of an instance's locations; there are few, the quota is 1,000.
    func locations(of instance: AccessGrantsInstance) throws -> [AccessGrantsLocation] {
        try locations(of: instance, scope: nil, after: 0, limit: Int.max)
    }

    /// Up to `limit` locations behind the row `after`, in order of creation.
    func locations(
        of instance: AccessGrantsInstance, scope: String?, after: Int64, limit: Int
    ) throws -> [AccessGrantsLocation] {
        var sql = "SELECT * FROM access_grants_location WHERE instance = ? AND id > ?"
        var arguments: StatementArguments = [instance.row, after]
        if let scope {
            sql += " AND scope = ?"
            arguments += [scope]
        }
        return try database.rows(
            "\(sql) ORDER BY id LIMIT ?", arguments: arguments + [limit]
        ).map(Self.location)
    }

    /// The caller has made sure that neither the id nor the scope is taken.
    func insertLocation(
        id: String, scope: LocationScope, roleARN: String, at now: Milliseconds, in instance: AccessGrantsInstance
    ) throws -> AccessGrantsLocation {
        try database.run(
            """
            INSERT INTO access_grants_location (instance, location_id, scope, role_arn, created_at)
            VALUES (?, ?, ?, ?, ?)
            """,
            [instance.row, id, scope.text, roleARN, now])
        let row = database.lastInsertedRowID
        try database.run(
            "UPDATE access_grants_instance SET location_count = location_count + 1 WHERE id = ?",
            [instance.row])
        return AccessGrantsLocation(
            row: row, id: id, scope: scope.text, roleARN: roleARN, createdAt: now, grantDeletedAt: nil)
    }

    func setRole(_ roleARN: String, of location: AccessGrantsLocation) throws {
        try database.run(
            "UPDATE access_grants_location SET role_arn = ? WHERE id = ?", [roleARN, location.row])
    }

    func hasGrants(_ location: AccessGrantsLocation) throws -> Bool {
        try database.value(
            "SELECT EXISTS (SELECT 1 FROM access_grants_grant WHERE location = ?)",
            arguments: [location.row]) ?? false
    }

    func deleteLocation(
        _ location: AccessGrantsLocation, arn: AccessGrantsARN, of instance: AccessGrantsInstance
    )
        throws
    {
        try replaceTags([], of: arn)
        try database.run("DELETE FROM access_grants_location WHERE id = ?", [location.row])
        try database.run(
            "UPDATE access_grants_instance SET location_count = location_count - 1 WHERE id = ?",
            [instance.row])
    }

    private static func location(_ row: Row) -> AccessGrantsLocation {
        AccessGrantsLocation(
            row: row["id"], id: row["location_id"], scope: row["scope"], roleARN: row["role_arn"],
            createdAt: row["created_at"], grantDeletedAt: row["grant_deleted_at"])
    }
}
