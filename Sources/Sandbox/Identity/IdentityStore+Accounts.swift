import GRDB
import SQLiteStatements

/// An AWS account as ACLs know it.
struct Account: Sendable, Equatable {
    /// Twelve digits.
    let id: String
    let canonicalID: String
    let displayName: String
    let email: String?
}

extension IdentityStore {
    func account(_ id: String) throws -> Account? { try account("id = ?", id) }

    func account(canonicalID: String) throws -> Account? { try account("canonical_id = ?", canonicalID) }

    /// By the e-mail address, whose letters' case does not count.
    func account(email: String) throws -> Account? { try account("email = ? COLLATE NOCASE", email) }

    func hasAccount(_ id: String) throws -> Bool {
        try account(id) != nil
    }

    private func account(_ condition: String, _ value: String) throws -> Account? {
        try database.row(
            "SELECT id, canonical_id, display_name, email FROM account WHERE \(condition)", arguments: [value]
        ).map {
            Account(id: $0["id"], canonicalID: $0["canonical_id"], displayName: $0["display_name"], email: $0["email"])
        }
    }

    /// Does nothing where there is such an account.
    func insertAccount(_ id: String, displayName: String) throws {
        try database.run(
            "INSERT INTO account (id, canonical_id, display_name) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            [id, CanonicalID.derived(from: id), displayName])
    }

    /// Makes the user and its account, or changes them to what is given; its former access keys go.
    /// - Throws: `SandboxUserConflict` where the state has another owner of its access key, canonical id or address.
    func save(_ user: SandboxUser, policy: String) throws {
        try save(accountOf: user)
        let arn = "arn:aws:iam::\(user.account):user/\(user.name)"
        let holder: String? = try database.value(
            "SELECT user_arn FROM access_key WHERE id = ?", arguments: [user.accessKeyID])
        guard holder ?? arn == arn else { throw SandboxUserConflict(user, "access key \(user.accessKeyID)") }
        try database.run(
            """
            INSERT INTO iam_user (arn, user_id, account, name, policy) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (arn) DO UPDATE SET policy = excluded.policy
            """,
            [arn, RandomText.identifier(prefix: "AIDA"), user.account, user.name, policy])
        try database.run("DELETE FROM access_key WHERE user_arn = ?", [arn])
        try database.run(
            "INSERT INTO access_key (id, secret, user_arn) VALUES (?, ?, ?)",
            [user.accessKeyID, user.secretAccessKey, arn])
    }

    private func save(accountOf user: SandboxUser) throws {
        try insertAccount(user.account, displayName: user.displayName ?? user.name)
        if let id = user.canonicalID {
            guard try account(canonicalID: id)?.id ?? user.account == user.account else {
                throw SandboxUserConflict(user, "canonical id \(id)")
            }
            try database.run("UPDATE account SET canonical_id = ? WHERE id = ?", [id, user.account])
        }
        if let email = user.email {
            guard try account(email: email)?.id ?? user.account == user.account else {
                throw SandboxUserConflict(user, "e-mail address \(email)")
            }
            try database.run("UPDATE account SET email = ? WHERE id = ?", [email, user.account])
        }
        if let name = user.displayName {
            try database.run("UPDATE account SET display_name = ? WHERE id = ?", [name, user.account])
        }
    }
}

/// A user that was given to a sandbox whose state has somebody else with the same access key, canonical id or address.
public struct SandboxUserConflict: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    init(_ user: SandboxUser, _ what: String) {
        description = "the sandbox's user \(user.name) of account \(user.account): the \(what) is somebody else's"
    }
}
