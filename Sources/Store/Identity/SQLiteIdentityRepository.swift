public import Domain
import GRDB
import SQLiteStatements

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Users, keys and tokens in SQLite.
public struct SQLiteIdentityRepository: IdentityRepository {
    let database: SQLiteDatabase
    let secrets: SealedSecrets
    let mask: AuditMask

    public func hasUsers() async throws(DomainError) -> Bool {
        try await database.read { db in try db.row(#"SELECT 1 FROM "user" LIMIT 1"#) { try $0.integer() } != nil }
    }

    public func insertUser(
        iamid: String, userid: String, profile: User.Profile, permissions: Set<Permission>, by origin: AuditOrigin,
        now: Date
    ) async throws(DomainError) -> User {
        try await database.write { [mask] db in
            do {
                try db.run(
                    #"INSERT INTO "user" (iamid, userid, name, email, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)"#,
                    [iamid, userid, profile.name, profile.email, now.milliseconds, now.milliseconds])
            } catch let error as DatabaseError where error.isUniqueViolation {
                throw DomainError.useridInUse(userid)
            }
            let users = StoredUsers(db: db)
            let id = UserID(db.lastInsertedRowID)
            try users.replacePermissions(of: id, by: permissions)
            try users.replacePrincipals(of: id, by: profile.externalUserIDs.grantees)
            let user = try users.required(id)
            try AuditTrail(db: db, mask: mask).append(.createUser, from: nil, to: user, by: origin, at: now)
            return user
        }
    }

    public func user(iamid: String, userid: String) async throws(DomainError) -> User? {
        try await database.read { db in
            try StoredUsers(db: db).load(where: "iamid = ? AND userid = ?", [iamid, userid]).first
        }
    }

    public func users(_ query: UserQuery) async throws(DomainError) -> UserPage {
        try await database.read { db in
            let users = StoredUsers(db: db)
            guard let text = query.searchText else { return try users.page("TRUE", [], query) }
            return try users.page(
                """
                (instr(lower(userid), lower(?)) > 0 OR instr(lower(name), lower(?)) > 0
                OR instr(lower(email), lower(?)) > 0)
                """, [text, text, text], query)
        }
    }

    public func updateProfile(
        of user: UserID, _ change: ProfileChange, by origin: AuditOrigin, now: Date
    )
        async throws(DomainError) -> User
    {
        try await changed(user, .updateUserProfile, by: origin, now: now) { users, before in
            let profile = change.applied(to: before.profile)
            try users.db.run(
                #"UPDATE "user" SET name = ?, email = ? WHERE id = ?"#, [profile.name, profile.email, user.value])
            guard profile.externalUserIDs != before.profile.externalUserIDs else { return }
            try users.replacePrincipals(of: user, by: profile.externalUserIDs.grantees)
            try users.db.run("UPDATE subscription SET is_planned = 0 WHERE user_id = ?", [user.value])
        }
    }

    public func setPermissions(
        of user: UserID, to permissions: Set<Permission>, by origin: AuditOrigin, now: Date
    )
        async throws(DomainError) -> User
    {
        try await changed(user, .updateUserPermissions, by: origin, now: now) { users, before in
            if !permissions.contains(.userAdmin) { try users.checkOtherUserAdmin(than: before) }
            try users.replacePermissions(of: user, by: permissions)
        }
    }

    public func deleteUser(_ user: UserID, by origin: AuditOrigin, now: Date) async throws(DomainError) {
        try await database.write { [mask] db in
            let users = StoredUsers(db: db)
            let before = try users.existing(user)
            guard origin.actor?.user != user else { throw DomainError.ownDeletion }
            try users.checkOtherUserAdmin(than: before)
            try db.run(
                #"UPDATE "user" SET deleted_at = ?, updated_at = ? WHERE id = ?"#,
                [now.milliseconds, now.milliseconds, user.value])
            for table in ["user_permission", "user_principal", "api_key"] {
                try db.run("DELETE FROM \(table) WHERE user_id = ?", [user.value])
            }
            try db.run(
                """
                UPDATE subscription SET is_revoked = 1, is_planned = 0, updated_at = ?
                WHERE user_id = ? AND is_revoked = 0
                """, [now.milliseconds, user.value])
            try AuditTrail(db: db, mask: mask).append(.deleteUser, from: before, to: nil, by: origin, at: now)
        }
    }

    /// When nothing is different afterwards, nothing is written.
    private func changed(
        _ id: UserID, _ action: AuditAction, by origin: AuditOrigin, now: Date,
        _ change: @escaping @Sendable (StoredUsers, User) throws -> Void
    ) async throws(DomainError) -> User {
        try await database.write { [mask] db in
            let users = StoredUsers(db: db)
            let before = try users.existing(id)
            try change(users, before)
            guard try users.required(id) != before else { return before }
            try db.run(#"UPDATE "user" SET updated_at = ? WHERE id = ?"#, [now.milliseconds, id.value])
            let after = try users.required(id)
            try AuditTrail(db: db, mask: mask).append(action, from: before, to: after, by: origin, at: now)
            return after
        }
    }
}
