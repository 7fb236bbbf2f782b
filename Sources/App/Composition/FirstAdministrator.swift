import API
import Domain
import Store

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The user that makes the others: made at the first start, when there is none.
enum FirstAdministrator {
    static let userid = "admin"
    static let keyName = "bootstrap"
    /// A given key shorter than this is refused: it could be guessed.
    static let shortestKey = 16

    /// - Parameters:
    ///   - given: The key to set; without it one is made and written to a 0600 file beside the database.
    /// - Returns: the name of that file, when it was written.
    /// - Throws: `CommandFailure` for a key that is too short; `StoreError` when the file cannot be written.
    static func make(in identities: any IdentityRepository, given: Secret?, database: String) async throws -> String? {
        guard try await !identities.hasUsers() else { return nil }
        let (key, file) = try key(given, database: database)
        let now = Date()
        let user = try await identities.insertUser(
            iamid: "bim", userid: userid, profile: User.Profile(name: "Administrator"),
            permissions: Set(Permission.allCases), by: .system, now: now)
        _ = try await identities.insertKey(
            Credential.hash(key.reveal()), user: user.id, name: keyName, expiresAt: nil, by: .system, now: now)
        return file
    }

    private static func key(_ given: Secret?, database: String) throws -> (Secret, file: String?) {
        if let given {
            let text = given.reveal()
            guard text.utf8.count >= shortestKey, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                throw CommandFailure(
                    "SLUICE_BOOTSTRAP_API_KEY must have at least \(shortestKey) printable ASCII characters and no space."
                )
            }
            return (given, nil)
        }
        let file = PrivateFile(path: database + ".admin-key")
        // Left by a start that ended before the user was stored.
        if let text = try file.contents(), let line = text.reveal().split(separator: "\n").first {
            return (Secret(String(line)), file.path)
        }
        let key = Credential.make(random: APIEnvironment.systemRandomBytes)
        try file.create(containing: key.reveal() + "\n")
        return (key, file.path)
    }
}
