#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The resource policy of an Access Grants instance: which other accounts may call which of the five operations that
/// can be delegated.
struct InstanceResourcePolicy: Sendable {
    /// The IAM actions an owner can open to other accounts (S3 user guide, "S3 Access Grants cross-account access").
    static let delegableActions: Set<String> = [
        "s3:GetAccessGrantsInstanceForPrefix", "s3:ListAccessGrants", "s3:ListAccessGrantsLocations",
        "s3:ListCallerAccessGrants", "s3:GetDataAccess",
    ]
    /// Characters of the document (the service model's PolicyDocument).
    static let longest = 350_000

    private let statements: [Statement]

    /// - Throws: `InvalidResourcePolicy` for what is no policy: not JSON, no statement, an effect other than Allow and
    ///   Deny, an action that cannot be delegated, a statement without principal, or a resource that is not
    ///   `instance`.
    init(_ document: String, instance: AccessGrantsARN) throws(AccessGrantsError) {
        guard (1...Self.longest).contains(document.count), let parsed = Self.decode(document),
            parsed.version.map({ ["2012-10-17", "2008-10-17"].contains($0) }) ?? true,
            !parsed.statements.isEmpty,
            parsed.statements.allSatisfy({ $0.isValid(for: instance.description) })
        else { throw .invalidResourcePolicy }
        statements = parsed.statements
    }

    /// Whether the policy lets `principal`, an IAM ARN of `account`, call `action` on `instance`.
    ///
    /// `organization` is the organization the calling account belongs to, for `aws:PrincipalOrgID`. A condition this
    /// evaluation does not know never holds for Allow and always for Deny [our decision].
    func allows(_ action: String, on instance: AccessGrantsARN, principal: String, account: String) -> Bool {
        let matching = statements.filter {
            $0.covers(action: action, resource: instance.description)
                && $0.names(principal: principal, account: account)
        }
        guard !matching.contains(where: { !$0.isAllow && $0.condition(account, principal, unknown: true) }) else {
            return false
        }
        return matching.contains { $0.isAllow && $0.condition(account, principal, unknown: false) }
    }

    private static func decode(_ document: String) -> Document? {
        try? JSONDecoder().decode(Document.self, from: Data(document.utf8))
    }
}

/// One string or several, as policies write them.
private struct OneOrMany: Decodable, Sendable {
    let values: [String]

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let one = try? container.decode(String.self) {
            values = [one]
        } else {
            values = try container.decode([String].self)
        }
    }
}

private struct Document: Decodable {
    let version: String?
    let statements: [Statement]

    private enum CodingKeys: String, CodingKey {
        case version = "Version"
        case statements = "Statement"
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        version = try container.decodeIfPresent(String.self, forKey: .version)
        if let one = try? container.decode(Statement.self, forKey: .statements) {
            statements = [one]
        } else {
            statements = try container.decode([Statement].self, forKey: .statements)
        }
    }
}

private struct Statement: Decodable, Sendable {
    private let effect: String
    private let principal: [String]
    private let actions: [String]
    private let resources: [String]
    private let conditions: [String: [String: OneOrMany]]

    private enum CodingKeys: String, CodingKey {
        case effect = "Effect"
        case principal = "Principal"
        case actions = "Action"
        case resources = "Resource"
        case conditions = "Condition"
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        effect = try container.decode(String.self, forKey: .effect)
        if let everyone = try? container.decode(String.self, forKey: .principal) {
            principal = [everyone]
        } else {
            principal = try container.decode([String: OneOrMany].self, forKey: .principal)["AWS"]?.values ?? []
        }
        actions = try container.decode(OneOrMany.self, forKey: .actions).values
        resources = try container.decode(OneOrMany.self, forKey: .resources).values
        conditions = try container.decodeIfPresent([String: [String: OneOrMany]].self, forKey: .conditions) ?? [:]
    }

    var isAllow: Bool { effect == "Allow" }

    func isValid(for instance: String) -> Bool {
        ["Allow", "Deny"].contains(effect) && !principal.isEmpty && principal.allSatisfy(Self.isPrincipal)
            && !actions.isEmpty
            && actions.allSatisfy { action in
                InstanceResourcePolicy.delegableActions.contains {
                    Self.matches(pattern: action, $0, ignoringCase: true)
                }
            }
            && !resources.isEmpty && resources.allSatisfy { Self.matches(pattern: $0, instance) }
    }

    func covers(action: String, resource: String) -> Bool {
        actions.contains { Self.matches(pattern: $0, action, ignoringCase: true) }
            && resources.contains { Self.matches(pattern: $0, resource) }
    }

    func names(principal caller: String, account: String) -> Bool {
        principal.contains { named in
            named == "*" || named == account || named == caller
                || (named.hasPrefix("arn:") && named.hasSuffix(":iam::\(account):root"))
        }
    }

    func condition(_ account: String, _ caller: String, unknown: Bool) -> Bool {
        conditions.allSatisfy { test, keys in
            keys.allSatisfy { key, expected in
                let actual: String
                switch key.lowercased() {
                case "aws:principalaccount": actual = account
                case "aws:principalarn": actual = caller
                default: return unknown
                }
                switch test {
                case "StringEquals": return expected.values.contains(actual)
                case "StringNotEquals": return !expected.values.contains(actual)
                case "StringLike", "ArnLike", "ArnEquals":
                    return expected.values.contains { Self.matches(pattern: $0, actual) }
                case "StringNotLike", "ArnNotLike", "ArnNotEquals":
                    return !expected.values.contains { Self.matches(pattern: $0, actual) }
                default: return unknown
                }
            }
        }
    }

    private static func isPrincipal(_ text: String) -> Bool {
        if text == "*" || AccountID.isValid(text) || IAMPrincipalARN(text) != nil { return true }
        let fields = text.split(separator: ":", omittingEmptySubsequences: false)
        return fields.count == 6 && fields[0] == "arn" && fields[2] == "iam" && AccountID.isValid(String(fields[4]))
            && fields[5] == "root"
    }

    /// IAM's wildcards: `*` for any run of characters, `?` for one. Linear in the product of the lengths.
    static func matches(pattern: String, _ text: String, ignoringCase: Bool = false) -> Bool {
        let pattern = Array((ignoringCase ? pattern.lowercased() : pattern).utf8)
        let text = Array((ignoringCase ? text.lowercased() : text).utf8)
        var (p, t, star, mark) = (0, 0, -1, 0)
        while t < text.count {
            if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
                (star, mark, p) = (p, t, p + 1)
            } else if p < pattern.count, pattern[p] == UInt8(ascii: "?") || pattern[p] == text[t] {
                (p, t) = (p + 1, t + 1)
            } else if star >= 0 {
                mark += 1
                (p, t) = (star + 1, mark)
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
