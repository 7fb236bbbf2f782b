import Domain
import GRDB
import SQLiteStatements

/// Users with their permissions and principals. For use inside one transaction. Deleted ones are not found.
struct StoredUsers {
    let db: Database

    func load(_ id: UserID) throws -> User? { try load(where: "id = ?", [id.value]).first }

    /// By id.
    func load(where condition: String, _ arguments: Bound, limit: Int? = nil, offset: Int = 0) throws -> [User] {
        let rows = try db.rows(
            """
            SELECT id, iamid, userid, name, email, created_at, updated_at FROM "user"
            WHERE deleted_at IS NULL AND \(condition) ORDER BY id LIMIT ? OFFSET ?
            """, arguments + [Int64(limit ?? -1), Int64(offset)]
        ) { try User(&$0) }
        return try rows.map { user in
            var user = user
            user.permissions = try permissions(of: user.id)
            user.profile.externalUserIDs = ExternalUserIDs(try grantees(of: user.id))
            return user
        }
    }

    func page(_ condition: String, _ arguments: Bound, _ query: UserQuery) throws -> UserPage {
        let count = try db.row(
            #"SELECT COUNT(*) FROM "user" WHERE deleted_at IS NULL AND \#(condition)"#, arguments
        ) { try $0.integer() }
        let hits = try load(where: condition, arguments, limit: query.size, offset: query.offset)
        return UserPage(hits: hits, count: Int(count ?? 0))
    }

    private func permissions(of id: UserID) throws -> Set<Permission> {
        Set(
            try db.rows("SELECT permission FROM user_permission WHERE user_id = ?", [id.value]) {
                try $0.parsed(Permission.init(rawValue:))
            })
    }

    private func grantees(of id: UserID) throws -> [Grantee] {
        try db.rows("SELECT grantee_type, grantee_identifier FROM user_principal WHERE user_id = ?", [id.value]) {
            Grantee(try $0.parsed(Grantee.Kind.init(rawValue:)), try $0.text())
        }
    }

    /// - Throws: `notFound`.
    func existing(_ id: UserID) throws -> User {
        guard let user = try load(id) else { throw DomainError.unknownUser(id) }
        return user
    }

    /// One that was there in this transaction.
    func required(_ id: UserID) throws -> User {
        guard let user = try load(id) else {
            throw DomainError(.internal, "An internal error occurred.", cause: "user \(id) vanished")
        }
        return user
    }

    func replacePermissions(of id: UserID, by permissions: Set<Permission>) throws {
        try db.run("DELETE FROM user_permission WHERE user_id = ?", [id.value])
        for permission in permissions.sorted(by: { $0.rawValue < $1.rawValue }) {
            try db.run(
                "INSERT INTO user_permission (user_id, permission) VALUES (?, ?)", [id.value, permission.rawValue])
        }
    }

    func replacePrincipals(of id: UserID, by grantees: [Grantee]) throws {
        try db.run("DELETE FROM user_principal WHERE user_id = ?", [id.value])
        for grantee in grantees {
            try db.run(
                "INSERT INTO user_principal (user_id, grantee_type, grantee_identifier) VALUES (?, ?, ?)",
                [id.value, grantee.type.rawValue, grantee.identifier])
        }
    }

    /// - Throws: `conflict` when nobody else has `USER_ADMIN`, and the user does.
    func checkOtherUserAdmin(than user: User) throws {
        guard user.permissions.contains(.userAdmin) else { return }
        let other = try db.row(
            """
            SELECT p.user_id FROM user_permission p JOIN "user" u ON u.id = p.user_id
            WHERE p.permission = ? AND p.user_id <> ? AND u.deleted_at IS NULL LIMIT 1
            """, [Permission.userAdmin.rawValue, user.id.value]
        ) { try $0.integer() }
        guard other != nil else { throw DomainError.lastUserAdmin(user.userid) }
    }
}

extension User {
    /// From `id, iamid, userid, name, email, created_at, updated_at`.
    fileprivate init(_ row: inout RowDecoder) throws {
        self.init(
            id: UserID(try row.integer()), iamid: try row.text(), userid: try row.text(), permissions: [],
            profile: Profile(name: try row.text(), email: row.optionalText()), createdAt: try row.date(),
            updatedAt: try row.date())
    }
}
