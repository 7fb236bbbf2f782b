public import Domain
import GRDB

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Users, keys and tokens in SQLite.
public struct SQLiteIdentityRepository: IdentityRepository {
    let database: SQLiteDatabase

    public func hasUsers() async throws(DomainError) -> Bool {
        try await database.read { db in try db.row(#"SELECT 1 FROM "user" LIMIT 1"#) { try $0.integer() } != nil }
    }

    public func insertUser(
        iamid: String, userid: String, profile: User.Profile, permissions: Set<Permission>, now: Date
    )
        async throws(DomainError) -> User
    {
        try await database.write { db in
            do {
                try db.run(
                    #"INSERT INTO "user" (iamid, userid, name, email, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)"#,
                    [iamid, userid, profile.name, profile.email, now.milliseconds, now.milliseconds])
            } catch let error as DatabaseError where error.isUniqueViolation {
                throw DomainError.useridInUse(userid)
            }
            let id = db.lastInsertedRowID
            for permission in permissions.sorted(by: { $0.rawValue < $1.rawValue }) {
                try db.run(
                    "INSERT INTO user_permission (user_id, permission) VALUES (?, ?)", [id, permission.rawValue])
            }
            guard let user = try Self.users(db, where: "WHERE u.id = ?", [id]).first else {
                throw DomainError(.internal, "An internal error occurred.", cause: "user \(id) vanished")
            }
            return user
        }
    }

    public func user(iamid: String, userid: String) async throws(DomainError) -> User? {
        try await database.read { db in
            try Self.users(db, where: "WHERE u.iamid = ? AND u.userid = ?", [iamid, userid]).first
        }
    }

    public func users() async throws(DomainError) -> [User] {
        try await database.read { db in try Self.users(db, where: "", []) }
    }

    /// One row a permission, and one for a user without any.
    private static func users(_ db: Database, where condition: String, _ arguments: Bound) throws -> [User] {
        let rows = try db.rows(
            """
            SELECT u.id, u.iamid, u.userid, u.name, u.email, u.created_at, u.updated_at, p.permission
            FROM "user" u LEFT JOIN user_permission p ON p.user_id = u.id \(condition) ORDER BY u.id
            """, arguments
        ) { try User(&$0) }
        return rows.reduce(into: []) { users, row in
            if users.last?.id == row.id {
                users[users.count - 1].permissions.formUnion(row.permissions)
            } else {
                users.append(row)
            }
        }
    }
}

extension SQLiteIdentityRepository {
    public func authenticated(by hash: CredentialHash, now: Date) async throws(DomainError) -> Authenticated? {
        try await database.read { db in
            let rows = try db.rows(
                """
                SELECT k.hash, k.id, k.expires_at, NULL,
                    u.id, u.iamid, u.userid, u.name, u.email, u.created_at, u.updated_at, p.permission
                FROM api_key k JOIN "user" u ON u.id = k.user_id LEFT JOIN user_permission p ON p.user_id = u.id
                WHERE k.selector = ?
                UNION ALL
                SELECT t.hash, k.id, k.expires_at, t.expires_at,
                    u.id, u.iamid, u.userid, u.name, u.email, u.created_at, u.updated_at, p.permission
                FROM token t JOIN api_key k ON k.id = t.key_id JOIN "user" u ON u.id = k.user_id
                LEFT JOIN user_permission p ON p.user_id = u.id
                WHERE t.selector = ?
                """, [hash.selector, hash.selector]
            ) { row in
                let isMatch = hash.isEqualInConstantTime(to: try row.bytes())
                let keyID = try row.integer()
                let ends = [row.optionalDate(), row.optionalDate()].compactMap(\.self)
                return (isMatch: isMatch, keyID: keyID, expiresAt: ends.min(), user: try User(&row))
            }.filter(\.isMatch)
            guard let first = rows.first else { return nil }
            if let expiresAt = first.expiresAt, expiresAt <= now { return nil }
            var user = first.user
            for row in rows { user.permissions.formUnion(row.user.permissions) }
            return Authenticated(caller: Caller(user: user, keyID: first.keyID), expiresAt: first.expiresAt)
        }
    }

    public func insertKey(
        _ hash: CredentialHash, user: UserID, name: String, expiresAt: Date?, now: Date
    )
        async throws(DomainError) -> APIKey
    {
        try await database.write { db in
            do {
                try db.run(
                    """
                    INSERT INTO api_key (user_id, name, selector, hash, created_at, expires_at)
                    VALUES (?, ?, ?, ?, ?, ?)
                    """,
                    [
                        user.value, name, hash.selector, Data(hash.bytes), now.milliseconds, expiresAt?.milliseconds,
                    ])
            } catch let error as DatabaseError where error.isForeignKeyViolation {
                throw DomainError(.notFound, "No user found with ID \(user).")
            }
            guard let key = try Self.keys(db, where: "WHERE id = ?", [db.lastInsertedRowID]).first else {
                throw DomainError(.internal, "An internal error occurred.", cause: "the key vanished")
            }
            return key
        }
    }

    public func keys(of user: UserID?) async throws(DomainError) -> [APIKey] {
        try await database.read { db in
            guard let user else { return try Self.keys(db, where: "", []) }
            return try Self.keys(db, where: "WHERE user_id = ?", [user.value])
        }
    }

    public func key(_ id: Int64) async throws(DomainError) -> APIKey? {
        try await database.read { db in try Self.keys(db, where: "WHERE id = ?", [id]).first }
    }

    public func revokeKey(_ id: Int64) async throws(DomainError) -> Bool {
        try await database.write { db in
            try db.row("DELETE FROM api_key WHERE id = ? RETURNING id", [id]) { try $0.integer() } != nil
        }
    }

    public func insertToken(
        _ hash: CredentialHash, keyID: Int64, expiresAt: Date, now: Date
    )
        async throws(DomainError)
    {
        try await database.write { db in
            try db.run("DELETE FROM token WHERE expires_at <= ?", [now.milliseconds])
            do {
                try db.run(
                    "INSERT INTO token (selector, hash, key_id, expires_at) VALUES (?, ?, ?, ?)",
                    [hash.selector, Data(hash.bytes), keyID, expiresAt.milliseconds])
            } catch let error as DatabaseError where error.isForeignKeyViolation {
                throw DomainError(.notFound, "No API key found with ID \(keyID).")
            }
        }
    }

    private static func keys(_ db: Database, where condition: String, _ arguments: Bound) throws -> [APIKey] {
        try db.rows(
            "SELECT id, user_id, name, created_at, expires_at FROM api_key \(condition) ORDER BY id", arguments
        ) { row in
            APIKey(
                id: try row.integer(), userID: UserID(try row.integer()), name: try row.text(),
                createdAt: try row.date(), expiresAt: row.optionalDate())
        }
    }
}

extension User {
    /// From `id, iamid, userid, name, email, created_at, updated_at, permission`.
    fileprivate init(_ row: inout RowDecoder) throws {
        self.init(
            id: UserID(try row.integer()), iamid: try row.text(), userid: try row.text(), permissions: [],
            profile: Profile(name: try row.text(), email: row.optionalText()), createdAt: try row.date(),
            updatedAt: try row.date())
        if let permission = try row.optionalParsed(Permission.init(rawValue:)) { permissions = [permission] }
    }
}

extension CredentialHash {
    /// The first eight bytes: what a credential is found by.
    fileprivate var selector: Int64 {
        Int64(bitPattern: bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    }

    fileprivate func isEqualInConstantTime(to other: [UInt8]) -> Bool {
        guard bytes.count == other.count else { return false }
        return zip(bytes, other).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
