import GRDB
import S3Server
import SQLiteStatements
import SigV4

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// An IAM role of the sandbox.
struct IAMRole: Sendable, Equatable {
    let arn: String
    let roleID: String
    let account: String
    let trustPolicy: String
    let policy: String
    /// Seconds.
    let maximumSession: Int
    let createdAt: Milliseconds

    var name: String { String(arn.split(separator: "/").last ?? "") }
}

/// Users, roles, keys and sessions, read and written within one transaction of the sandbox's database.
struct IdentityStore {
    let database: Database

    func role(_ arn: String) throws -> IAMRole? {
        try database.row("SELECT * FROM iam_role WHERE arn = ?", arguments: [arn]).map(Self.role)
    }

    func role(name: String, account: String) throws -> IAMRole? {
        try database.row(
            "SELECT * FROM iam_role WHERE name = ? AND account = ?", arguments: [name, account]
        ).map(Self.role)
    }

    func hasPrincipal(_ arn: String) throws -> Bool {
        try database.value(
            """
            SELECT EXISTS (SELECT 1 FROM iam_user WHERE arn = ?)
                OR EXISTS (SELECT 1 FROM iam_role WHERE arn = ?)
            """, arguments: [arn, arn]) ?? false
    }

    /// Does nothing where there is a user of that name.
    func insertUser(account: String, name: String, policy: String, accessKeyID: String, secret: String) throws {
        let arn = "arn:aws:iam::\(account):user/\(name)"
        guard try !hasPrincipal(arn) else { return }
        try database.run(
            "INSERT INTO iam_user (arn, user_id, account, name, policy) VALUES (?, ?, ?, ?, ?)",
            [arn, RandomText.identifier(prefix: "AIDA"), account, name, policy])
        try database.run(
            "INSERT INTO access_key (id, secret, user_arn) VALUES (?, ?, ?)",
            [accessKeyID, secret, arn])
    }

    func insertRole(
        _ arn: String, account: String, trust: String, policy: String, maximumSession: Int = 3_600, now: Milliseconds
    ) throws {
        try database.run(
            """
            INSERT INTO iam_role (arn, role_id, account, name, trust_policy, policy, max_session_seconds, created_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                arn, RandomText.identifier(prefix: "AROA"), account, arn.split(separator: "/").last.map(String.init),
                trust, policy, maximumSession, now,
            ])
    }

    /// What the authenticator needs to know of an access key; nil for one that does not exist.
    func accessKey(_ id: String) throws -> AccessKeyRecord<Caller>? {
        if let row = try database.row(
            """
            SELECT access_key.secret, iam_user.*, account.canonical_id, account.display_name FROM access_key
            JOIN iam_user ON iam_user.arn = access_key.user_arn JOIN account ON account.id = iam_user.account
            WHERE access_key.id = ?
            """, arguments: [id])
        {
            guard let policy = PolicyDocument(remembered: row["policy"]) else { return nil }
            let caller = Caller(
                account: row["account"], canonicalID: row["canonical_id"], displayName: row["display_name"],
                kind: .user,
                principalARN: row["arn"], userID: row["user_id"], policy: policy)
            return AccessKeyRecord(secret: Secret(row["secret"]), identity: caller)
        }
        return try session(id)
    }

    private func session(_ id: String) throws -> AccessKeyRecord<Caller>? {
        guard
            let row = try database.row(
                """
                SELECT session.*, iam_role.account, iam_role.role_id, iam_role.policy AS role_policy,
                    account.canonical_id, account.display_name FROM session
                JOIN iam_role ON iam_role.arn = session.role_arn JOIN account ON account.id = iam_role.account
                WHERE access_key_id = ?
                """, arguments: [id]), let policy = PolicyDocument(remembered: row["role_policy"])
        else { return nil }
        let name: String = row["name"]
        let roleID: String = row["role_id"]
        var caller = Caller(
            account: row["account"], canonicalID: row["canonical_id"], displayName: row["display_name"],
            kind: .roleSession(name: name), principalARN: row["role_arn"], userID: "\(roleID):\(name)",
            policy: policy)
        if let target = (row["scope_target"] as String?).flatMap(S3Path.init),
            let permission = (row["scope_permission"] as String?).flatMap(AccessGrantPermission.init)
        {
            caller.scope = SessionScope(target: target, permission: permission)
        }
        caller.sessionPolicy = (row["policy"] as String?).flatMap { PolicyDocument($0) }
        caller.directoryUser = row["directory_user"]
        if let user = caller.directoryUser {
            caller.directoryGroups = try database.values(
                "SELECT group_id FROM directory_membership WHERE user_id = ? ORDER BY group_id",
                arguments: [user])
        }
        return AccessKeyRecord(
            secret: Secret(row["secret"]), sessionToken: Secret(row["token"]),
            expiration: Timestamp.date(row["expires_at"]), identity: caller)
    }

    private static func role(_ row: Row) -> IAMRole {
        IAMRole(
            arn: row["arn"], roleID: row["role_id"], account: row["account"], trustPolicy: row["trust_policy"],
            policy: row["policy"], maximumSession: row["max_session_seconds"], createdAt: row["created_at"])
    }
}

/// A new session of a role, for AssumeRole and GetDataAccess alike.
struct SessionIssue {
    var roleARN: String
    var name: String
    /// Seconds.
    var duration: Int
    var scope: SessionScope?
    var policy: String?
    var directoryUser: String?
}

extension IdentityStore {
    /// How long an ended session is remembered, so that its keys answer `ExpiredToken` and not `InvalidAccessKeyId`.
    private static let remembrance: Milliseconds = 24 * 3_600_000

    /// Makes temporary credentials and keeps them; sessions that ended a day ago are dropped on the way.
    func issue(_ session: SessionIssue, now: Milliseconds) throws -> AWSCredentials {
        let expires = now + Milliseconds(session.duration) * 1_000
        let credentials = AWSCredentials(
            accessKeyID: RandomText.identifier(prefix: "ASIA"), secretAccessKey: Secret(RandomText.text(40)),
            sessionToken: RandomText.text(180), expiration: Timestamp.date(expires))
        try database.run(
            "DELETE FROM session WHERE expires_at < ?", [now - Self.remembrance])
        try database.run(
            """
            INSERT INTO session (access_key_id, secret, token, role_arn, name, expires_at, scope_target,
                scope_permission, policy, directory_user)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                credentials.accessKeyID, credentials.secretAccessKey.reveal(), credentials.sessionToken,
                session.roleARN, session.name, expires, session.scope?.target.text,
                session.scope?.permission.rawValue, session.policy, session.directoryUser,
            ])
        return credentials
    }
}

/// Random ids, secrets and tokens in AWS's alphabets.
enum RandomText {
    /// Of 64, 32 and 16 characters, so that a byte's remainder picks each as often as the others.
    enum Alphabet: String {
        case base64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        case base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
        case hexadecimal = "0123456789ABCDEF"
    }

    /// A four-letter prefix and 16 characters of base 32, as AWS's unique ids have.
    static func identifier(prefix: String) -> String { prefix + text(16, of: .base32) }

    static func text(_ count: Int, of alphabet: Alphabet = .base64) -> String {
        let characters = Array(alphabet.rawValue.utf8)
        // The system's generator is asked eight bytes at a time: each time is a system call.
        var (bits, left): (UInt64, Int) = (0, 0)
        return String(
            decoding: (0..<count).map { _ in
                if left == 0 { (bits, left) = (UInt64.random(in: 0...UInt64.max), 8) }
                defer { (bits, left) = (bits >> 8, left - 1) }
                return characters[Int(bits & 0xFF) % characters.count]
            }, as: UTF8.self)
    }
}
