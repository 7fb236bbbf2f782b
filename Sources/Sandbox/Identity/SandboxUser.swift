#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// An IAM user that a sandbox has beside its own: it may do everything with S3 and STS in its account.
public struct SandboxUser: Sendable, Equatable {
    public var name: String
    /// Twelve digits. Several users may share an account; what they say of it must agree.
    public var account: String
    /// Of the account. Nil: derived from its id.
    public var canonicalID: String?
    /// Of the account. Nil: the name of its first user.
    public var displayName: String?
    /// Of the account; ACLs may name it by this.
    public var email: String?
    public var accessKeyID: String
    public var secretAccessKey: String

    public init(
        name: String, account: String, canonicalID: String? = nil, displayName: String? = nil, email: String? = nil,
        accessKeyID: String, secretAccessKey: String
    ) {
        self.name = name
        self.account = account
        self.canonicalID = canonicalID
        self.displayName = displayName
        self.email = email
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
    }
}

/// A file of users nobody can work with: the text names the file, the entry and what is wrong with it.
public struct SandboxUsersError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    init(_ path: String, _ problem: String) { description = "\(path): \(problem)" }
}

extension SandboxUser {
    /// Largest file that is read, in bytes.
    private static let largestFile = 1 << 20

    /// The users a JSON file lists: an array of objects with `name`, `account`, `accessKeyId`, `secretAccessKey`, and
    /// optionally `canonicalId`, `displayName` and `email`.
    public static func read(_ path: String) throws(SandboxUsersError) -> [SandboxUser] {
        guard let file = FileManager.default.contents(atPath: path) else {
            throw SandboxUsersError(path, "the file cannot be read.")
        }
        guard file.count <= largestFile else {
            throw SandboxUsersError(path, "the file is larger than \(largestFile) bytes.")
        }
        return try parse(Array(file), path: path)
    }

    static func parse(_ bytes: [UInt8], path: String) throws(SandboxUsersError) -> [SandboxUser] {
        let entries: [Entry]
        do {
            entries = try JSONDecoder().decode([Entry].self, from: Data(bytes))
        } catch {
            throw SandboxUsersError(path, "the file must be a JSON array of objects.")
        }
        var census = Census()
        var users: [SandboxUser] = []
        for (index, entry) in entries.enumerated() {
            do {
                let user = try entry.user()
                try census.add(user)
                users.append(user)
            } catch {
                let name = entry.texts["name"].map { " (\($0))" } ?? ""
                throw SandboxUsersError(path, "entry \(index + 1)\(name): \(error.text)")
            }
        }
        return users
    }

    private struct Problem: Error {
        let text: String
        init(_ text: String) { self.text = text }
    }

    private struct Entry: Decodable {
        private static let optional: Set<String> = ["canonicalId", "displayName", "email"]
        private static let known: Set<String> = optional.union(["name", "account", "accessKeyId", "secretAccessKey"])

        var texts: [String: String] = [:]
        /// Members that are no text.
        private var others: [String] = []

        private struct Key: CodingKey {
            let stringValue: String
            var intValue: Int? { nil }
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            for key in container.allKeys {
                if let text = try? container.decode(String.self, forKey: key) {
                    texts[key.stringValue] = text
                } else {
                    others.append(key.stringValue)
                }
            }
        }

        func user() throws(Problem) -> SandboxUser {
            let members = Set(texts.keys).union(others)
            if let stranger = members.subtracting(Self.known).min() { throw Problem("\(stranger) is not known.") }
            if let other = others.min() { throw Problem("\(other) must be text.") }
            if let missing = Self.known.subtracting(Self.optional).subtracting(members).min() {
                throw Problem("\(missing) is missing.")
            }
            if let long = texts.filter({ !(1...255).contains($0.value.utf8.count) }).keys.min() {
                throw Problem("\(long) must have 1 to 255 bytes.")
            }
            if let unprintable = texts.filter({ !S3Path.isPrintable($0.value) }).keys.min() {
                throw Problem("\(unprintable) must have no control characters.")
            }
            return try checked(
                SandboxUser(
                    name: texts["name", default: ""], account: texts["account", default: ""],
                    canonicalID: texts["canonicalId"], displayName: texts["displayName"], email: texts["email"],
                    accessKeyID: texts["accessKeyId", default: ""],
                    secretAccessKey: texts["secretAccessKey", default: ""]))
        }

        private func checked(_ user: SandboxUser) throws(Problem) -> SandboxUser {
            guard AccountID.isValid(user.account) else { throw Problem("account must be twelve digits.") }
            guard user.name.utf8.count <= 64, user.name.utf8.allSatisfy({ isWord($0) || "+=,.@-".utf8.contains($0) })
            else { throw Problem("name must be at most 64 of A-Z a-z 0-9 _ + = , . @ -.") }
            guard (16...128).contains(user.accessKeyID.utf8.count), user.accessKeyID.utf8.allSatisfy(isWord) else {
                throw Problem("accessKeyId must be 16 to 128 of A-Z a-z 0-9 _.")
            }
            return user
        }

        private func isWord(_ byte: UInt8) -> Bool {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"): true
            default: false
            }
        }
    }

    /// What must be said once only, and what of an account must agree.
    private struct Census {
        private var names: Set<String> = []
        private var keys: Set<String> = []
        /// Account by canonical id, and by e-mail.
        private var canonicalIDs: [String: String] = [:]
        private var emails: [String: String] = [:]
        /// What was said of an account.
        private var accounts: [String: SandboxUser] = [:]

        mutating func add(_ user: SandboxUser) throws(Problem) {
            guard names.insert("\(user.account)/\(user.name)").inserted else {
                throw Problem("its account has a user of this name already.")
            }
            guard keys.insert(user.accessKeyID).inserted else { throw Problem("accessKeyId is another user's.") }
            let known = accounts[user.account] ?? user
            if disagree(known.canonicalID, user.canonicalID) || disagree(known.displayName, user.displayName)
                || disagree(known.email, user.email)
            {
                throw Problem("canonicalId, displayName and email must be the same for every user of an account.")
            }
            var account = known
            account.canonicalID = known.canonicalID ?? user.canonicalID
            account.displayName = known.displayName ?? user.displayName
            account.email = known.email ?? user.email
            accounts[user.account] = account
            if let id = user.canonicalID,
                canonicalIDs.updateValue(user.account, forKey: id) ?? user.account != user.account
            {
                throw Problem("canonicalId is another account's.")
            }
            if let email = user.email?.lowercased(),
                emails.updateValue(user.account, forKey: email) ?? user.account != user.account
            {
                throw Problem("email is another account's.")
            }
        }

        private func disagree(_ one: String?, _ other: String?) -> Bool {
            one != nil && other != nil && one != other
        }
    }
}
