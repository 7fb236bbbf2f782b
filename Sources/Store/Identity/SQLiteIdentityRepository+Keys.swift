public import Domain
import GRDB
import SQLiteStatements

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

extension SQLiteIdentityRepository {
    public func authenticated(by hash: CredentialHash, now: Date) async throws(DomainError) -> Authenticated? {
        try await database.read { db in
            let found = try db.rows(
                """
                SELECT hash, id, user_id, expires_at, NULL FROM api_key WHERE selector = ?
                UNION ALL
                SELECT t.hash, k.id, k.user_id, k.expires_at, t.expires_at
                FROM token t JOIN api_key k ON k.id = t.key_id WHERE t.selector = ?
                """, [hash.selector, hash.selector]
            ) { row in
                let isMatch = hash.isEqualInConstantTime(to: try row.bytes())
                let (keyID, user) = (try row.integer(), UserID(try row.integer()))
                let ends = [row.optionalDate(), row.optionalDate()].compactMap(\.self)
                return (isMatch: isMatch, keyID: keyID, user: user, expiresAt: ends.min())
            }.first(where: \.isMatch)
            guard let found else { return nil }
            if let expiresAt = found.expiresAt, expiresAt <= now { return nil }
            return try StoredUsers(db: db).load(found.user).map { user in
                Authenticated(caller: Caller(user: user, keyID: found.keyID), expiresAt: found.expiresAt)
            }
        }
    }

    public func insertKey(
        _ hash: CredentialHash, user: UserID, name: String, expiresAt: Date?, by origin: AuditOrigin, now: Date
    )
        async throws(DomainError) -> APIKey
    {
        try await insertKey(hash, pair: nil, user: user, name: name, expiresAt: expiresAt, by: origin, now: now)
    }

    public func insertS3Key(
        _ pair: S3KeyPair, user: UserID, name: String, expiresAt: Date?, by origin: AuditOrigin, now: Date
    )
        async throws(DomainError) -> APIKey
    {
        try await insertKey(
            .ofNothing(), pair: pair, user: user, name: name, expiresAt: expiresAt, by: origin, now: now)
    }

    private func insertKey(
        _ hash: CredentialHash, pair: S3KeyPair?, user: UserID, name: String, expiresAt: Date?,
        by origin: AuditOrigin, now: Date
    )
        async throws(DomainError) -> APIKey
    {
        try await database.write { [mask, secrets] db in
            _ = try StoredUsers(db: db).existing(user)
            try db.run(
                """
                INSERT INTO api_key (user_id, name, selector, hash, created_at, expires_at)
                VALUES (?, ?, ?, ?, ?, ?)
                """,
                [user.value, name, hash.selector, Data(hash.bytes), now.milliseconds, expiresAt?.milliseconds])
            let id = db.lastInsertedRowID
            if let pair { try S3KeySecrets(db: db, secrets: secrets).insert(pair, of: id) }
            guard let key = try Self.keys(db, where: "k.id = ?", [id]).first else {
                throw DomainError(.internal, "An internal error occurred.", cause: "the key vanished")
            }
            try AuditTrail(db: db, mask: mask).append(.createAPIKey, from: nil, to: key, by: origin, at: now)
            return key
        }
    }

    public func keys(of user: UserID?) async throws(DomainError) -> [APIKey] {
        try await database.read { db in
            guard let user else { return try Self.keys(db, where: "TRUE", []) }
            return try Self.keys(db, where: "k.user_id = ?", [user.value])
        }
    }

    public func key(_ id: Int64) async throws(DomainError) -> APIKey? {
        try await database.read { db in try Self.keys(db, where: "k.id = ?", [id]).first }
    }

    public func revokeKey(_ id: Int64, by origin: AuditOrigin, now: Date) async throws(DomainError) -> Bool {
        try await database.write { [mask] db in
            guard let key = try Self.keys(db, where: "k.id = ?", [id]).first else { return false }
            try db.run("DELETE FROM api_key WHERE id = ?", [id])
            try AuditTrail(db: db, mask: mask).append(.revokeAPIKey, from: key, to: nil, by: origin, at: now)
            return true
        }
    }

    public func insertToken(
        _ hash: CredentialHash, keyID: Int64, expiresAt: Date, by origin: AuditOrigin, now: Date
    )
        async throws(DomainError)
    {
        try await database.write { [mask] db in
            try db.run("DELETE FROM token WHERE expires_at <= ?", [now.milliseconds])
            do {
                try db.run(
                    "INSERT INTO token (selector, hash, key_id, expires_at) VALUES (?, ?, ?, ?)",
                    [hash.selector, Data(hash.bytes), keyID, expiresAt.milliseconds])
            } catch let error as DatabaseError where error.isForeignKeyViolation {
                throw DomainError(.notFound, "No API key found with ID \(keyID).")
            }
            let value = AuditValue.members([("keyid", .integer(keyID)), ("expiresAt", AuditValue(expiresAt))])
            try AuditTrail(db: db, mask: mask).append(
                AuditEntry(
                    at: now, origin: origin, action: .createToken, target: AuditTarget(.token, String(keyID)),
                    after: value))
        }
    }

    private static func keys(_ db: Database, where condition: String, _ arguments: Bound) throws -> [APIKey] {
        try db.rows(
            """
            SELECT k.id, k.user_id, u.userid, k.name, k.created_at, k.expires_at, s.access_key_id
            FROM api_key k JOIN "user" u ON u.id = k.user_id LEFT JOIN s3_key s ON s.key_id = k.id
            WHERE \(condition) ORDER BY k.id
            """, arguments
        ) { row in
            APIKey(
                id: try row.integer(), userID: UserID(try row.integer()), userid: try row.text(),
                name: try row.text(), createdAt: try row.date(), expiresAt: row.optionalDate(),
                accessKeyID: row.optionalText())
        }
    }
}

extension CredentialHash {
    /// The first eight bytes: what a credential is found by.
    var selector: Int64 {
        Int64(bitPattern: bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    }

    func isEqualInConstantTime(to other: [UInt8]) -> Bool {
        guard bytes.count == other.count else { return false }
        return zip(bytes, other).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
