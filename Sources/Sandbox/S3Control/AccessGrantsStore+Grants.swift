import GRDB
import SQLiteStatements

extension AccessGrantsStore {
    private static let columns = """
        SELECT g.*, l.location_id FROM access_grants_grant g JOIN access_grants_location l ON l.id = g.location
        """

    func grant(id: String, of instance: AccessGrantsInstance) throws -> AccessGrant? {
        try database.row(
            "\(Self.columns) WHERE g.instance = ? AND g.grant_id = ?", arguments: [instance.row, id]
        ).map(Self.grant)
    }

    /// Up to `limit` grants behind the row `after`, in order of creation.
    func grants(
        of instance: AccessGrantsInstance, where filter: AccessGrantFilter, after: Int64, limit: Int
    ) throws -> [AccessGrant] {
        var conditions = "g.instance = ? AND g.id > ?"
        var arguments: StatementArguments = [instance.row, after]
        let filters = [
            ("g.grantee", filter.granteeIdentifier), ("g.scope", filter.scope),
            ("g.grantee_type", filter.granteeKind?.rawValue), ("g.permission", filter.permission?.rawValue),
            ("g.application", filter.applicationARN),
        ]
        for (column, value) in filters {
            guard let value else { continue }
            conditions += " AND \(column) = ?"
            arguments += [value]
        }
        return try database.rows(
            "\(Self.columns) WHERE \(conditions) ORDER BY g.id LIMIT ?", arguments: arguments + [limit]
        ).map(Self.grant)
    }

    /// Up to `limit` grants to any of the identities whose scope begins with `scopeStart`, in order of creation.
    /// With `application`, only directory grants for that application or for any; with `covering`, only those that can
    /// cover the target (a few more, which `S3Path.covers` sorts out).
    func grants(
        of instance: AccessGrantsInstance, to identities: [Grantee], scopeStart: String = "",
        covering target: S3Path? = nil, application: String? = nil, after: Int64 = 0, limit: Int = Int.max
    ) throws -> [AccessGrant] {
        guard !identities.isEmpty else { return [] }
        var arguments: StatementArguments = [instance.row]
        for identity in identities { arguments += [identity.identifier] }
        arguments += [after]
        for identity in identities { arguments += [identity.identifier, identity.kind.rawValue] }
        arguments += [scopeStart, scopeStart]
        var narrowed = ""
        if let application {
            narrowed = " AND g.grantee_type <> 'IAM' AND g.application IN ('', ?)"
            arguments += [application]
        }
        if let target {
            narrowed += " AND substr(?, 1, length(rtrim(g.scope, '*'))) = rtrim(g.scope, '*')"
            arguments += [target.stem]
        }
        let identifiers = identities.map { _ in "?" }.joined(separator: ", ")
        let anyIdentity = identities.map { _ in "(g.grantee = ? AND g.grantee_type = ?)" }.joined(separator: " OR ")
        // The plus signs keep the planner from walking all of the instance's grants by id: it is to go by grantee.
        return try database.rows(
            """
            \(Self.columns)
            WHERE g.instance = ? AND g.grantee IN (\(identifiers)) AND +g.id > ? AND (\(anyIdentity))
                AND substr(g.scope, 1, length(?)) = ?\(narrowed)
            ORDER BY +g.id LIMIT ?
            """,
            arguments: arguments + [limit]
        ).map(Self.grant)
    }

    /// False where the same grant exists: same location, sub-prefix, grantee, permission and application.
    func insertGrant(
        id: String, _ wish: AccessGrantWish, scope: GrantScope, location: AccessGrantsLocation, at now: Milliseconds,
        in instance: AccessGrantsInstance
    ) throws -> Bool {
        try database.run(
            """
            INSERT INTO access_grants_grant (instance, grant_id, location, sub_prefix, scope, grantee_type, grantee,
                permission, application, created_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (location, sub_prefix, grantee, grantee_type, permission, application) DO NOTHING
            """,
            [
                instance.row, id, location.row, wish.subPrefix, scope.text, wish.grantee.kind.rawValue,
                wish.grantee.identifier, wish.permission.rawValue, wish.applicationARN ?? "", now,
            ])
        guard database.changesCount == 1 else { return false }
        try database.run(
            "UPDATE access_grants_instance SET grant_count = grant_count + 1 WHERE id = ?",
            [instance.row])
        return true
    }

    func deleteGrant(
        _ grant: AccessGrant, arn: AccessGrantsARN, at now: Milliseconds, of instance: AccessGrantsInstance
    )
        throws
    {
        try replaceTags([], of: arn)
        try database.run(
            """
            UPDATE access_grants_location SET grant_deleted_at = ?
            WHERE id = (SELECT location FROM access_grants_grant WHERE id = ?)
            """,
            [now, grant.row])
        try database.run("DELETE FROM access_grants_grant WHERE id = ?", [grant.row])
        try database.run(
            "UPDATE access_grants_instance SET grant_count = grant_count - 1 WHERE id = ?",
            [instance.row])
    }

    private static func grant(_ row: Row) throws -> AccessGrant {
        guard let kind = Grantee.Kind(rawValue: row["grantee_type"]),
            let permission = AccessGrantPermission(rawValue: row["permission"])
        else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a grant of an unknown kind") }
        let application: String = row["application"]
        return AccessGrant(
            row: row["id"], id: row["grant_id"], locationID: row["location_id"], subPrefix: row["sub_prefix"],
            scope: row["scope"], grantee: Grantee(kind: kind, trusted: row["grantee"]), permission: permission,
            applicationARN: application.isEmpty ? nil : application, createdAt: row["created_at"])
    }
}

/// What CreateAccessGrant asks for, its form already checked.
struct AccessGrantWish: Equatable, Sendable {
    let locationID: String
    /// Empty where there is none.
    let subPrefix: String
    let grantee: Grantee
    let permission: AccessGrantPermission
    let applicationARN: String?
    let isObject: Bool
    let tags: [ResourceTag]
}
