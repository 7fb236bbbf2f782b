/// Whom a grant is for: an IAM user or role by ARN, or an Identity Center user or group by id.
struct Grantee: Hashable, Sendable {
    enum Kind: String, Sendable, CaseIterable {
        case directoryUser = "DIRECTORY_USER"
        case directoryGroup = "DIRECTORY_GROUP"
        case iam = "IAM"
    }

    let kind: Kind
    let identifier: String

    /// For a grantee already known to be valid: read back, or a caller's own identity.
    init(kind: Kind, trusted identifier: String) {
        self.kind = kind
        self.identifier = identifier
    }

    /// Checks the form; whether the principal exists is the service's to ask.
    ///
    /// Assumed-role ARNs, account roots and IAM groups are refused [our decision: undocumented].
    /// - Throws: `InvalidRequest`, "Invalid Grantee in the request".
    init(kind: Kind, identifier: String) throws(AccessGrantsError) {
        let isValid =
            switch kind {
            case .iam: IAMPrincipalARN(identifier) != nil
            case .directoryUser, .directoryGroup: Self.isDirectoryID(identifier)
            }
        guard isValid else { throw .invalidGrantee }
        self.init(kind: kind, trusted: identifier)
    }

    /// Identity Store ids: a UUID, optionally behind ten hexadecimal digits and a dash. Letters beyond hexadecimal
    /// pass, because AWS's documented examples use them.
    private static func isDirectoryID(_ text: String) -> Bool {
        var groups = text.split(separator: "-", omittingEmptySubsequences: false)
        if groups.count == 6 {
            guard groups[0].utf8.count == 10 else { return false }
            groups.removeFirst()
        }
        guard groups.map(\.utf8.count) == [8, 4, 4, 4, 12] else { return false }
        return text.unicodeScalars.allSatisfy { $0.isASCII && ($0.isDigit || $0.properties.isAlphabetic || $0 == "-") }
    }
}

/// `arn:{partition}:iam::{account}:user/…` or `…:role/…`.
struct IAMPrincipalARN: Equatable, Sendable {
    enum Kind: String, Sendable {
        case user, role
    }

    /// Characters of an ARN, at most.
    static let longest = 2048

    let text: String
    let partition: String
    let account: String
    let kind: Kind
    /// The name without its path.
    let name: String

    init?(_ text: String) {
        let fields = text.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false).map(String.init)
        guard text.unicodeScalars.count <= Self.longest, fields.count == 6, fields[0] == "arn",
            fields[1].hasPrefix("aws"),
            fields[2] == "iam", fields[3].isEmpty, AccountID.isValid(fields[4]),
            let slash = fields[5].firstIndex(of: "/"), let kind = Kind(rawValue: String(fields[5][..<slash]))
        else { return nil }
        let path = fields[5][fields[5].index(after: slash)...]
        let segments = path.split(separator: "/", omittingEmptySubsequences: false)
        guard let name = segments.last, !segments.contains(where: \.isEmpty), Self.isName(path) else { return nil }
        self.text = text
        partition = fields[1]
        account = fields[4]
        self.kind = kind
        self.name = String(name)
    }

    /// IAM's characters of names, `[\w+=,.@-]`, and of paths between slashes: printable ASCII.
    private static func isName(_ path: Substring) -> Bool {
        let special: Set<Unicode.Scalar> = ["+", "=", ",", ".", "@", "-", "_", "/"]
        return path.unicodeScalars.allSatisfy {
            $0.isASCII && ($0.isDigit || $0.properties.isAlphabetic || special.contains($0))
        }
    }
}
