import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// An IAM policy: of an identity, of a role's trust, or of a session.
///
/// A simple evaluation: `Allow` and `Deny`, wildcards in actions and resources, and the condition operators named in
/// `Condition`. An operator that is not known never matches an `Allow` and always a `Deny`.
struct PolicyDocument: Sendable, Equatable {
    enum Decision: Sendable, Equatable {
        case allowed
        case denied
        /// No statement speaks of it, which refuses it too.
        case silent
    }

    /// Who a trust policy's statement may be about.
    struct Principal: Sendable {
        var account: String?
        /// ARNs the caller is known by: of the role or user, and of the session.
        var arns: [String] = []
        /// `access-grants.s3.amazonaws.com`.
        var service: String?
    }

    let statements: [PolicyStatement]

    /// Without a statement: every decision is silent.
    static let allowingNothing = PolicyDocument(statements: [])

    private init(statements: [PolicyStatement]) {
        self.statements = statements
    }

    /// Nil for what is no policy document.
    init?(_ json: String) {
        guard let wire = try? JSONDecoder().decode(Wire.self, from: Data(json.utf8)) else { return nil }
        statements = wire.statement
    }

    private static let longestMemory = 1_000
    private static let memory = Mutex<[String: PolicyDocument]>([:])

    /// As `init(_:)`, for texts that are asked for with every call: each is parsed once.
    init?(remembered json: String) {
        if let known = Self.memory.withLock({ $0[json] }) {
            self = known
            return
        }
        self.init(json)
        let parsed = self
        Self.memory.withLock { memory in
            if memory.count >= Self.longestMemory { memory.removeAll() }
            memory[json] = parsed
        }
    }

    /// - Parameter principal: for trust policies, whose statements name principals; nil for an identity's own.
    func decision(
        _ action: String, on resource: String?, principal: Principal? = nil, context: [String: String] = [:]
    ) -> Decision {
        var decision = Decision.silent
        for statement in statements
        where statement.applies(action, on: resource, principal: principal, context: context) {
            if statement.isDeny { return .denied }
            decision = .allowed
        }
        return decision
    }

    private struct Wire: Decodable {
        let statement: [PolicyStatement]

        enum CodingKeys: String, CodingKey { case statement = "Statement" }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            if let one = try? container.decode(PolicyStatement.self, forKey: .statement) {
                statement = [one]
            } else {
                statement = try container.decode([PolicyStatement].self, forKey: .statement)
            }
        }
    }
}

struct PolicyStatement: Decodable, Sendable, Equatable {
    let isDeny: Bool
    let actions: [String]
    let resources: [String]?
    /// Kind (`AWS`, `Service`) to values; nil where the statement names no principal.
    let principals: [String: [String]]?
    /// Operator to key to values.
    let conditions: [String: [String: [String]]]

    private enum Effect: String, Decodable {
        case allow = "Allow"
        case deny = "Deny"
    }

    enum CodingKeys: String, CodingKey {
        case effect = "Effect"
        case action = "Action"
        case resource = "Resource"
        case principal = "Principal"
        case condition = "Condition"
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        isDeny = try container.decode(Effect.self, forKey: .effect) == .deny
        actions = try container.decode(OneOrMore.self, forKey: .action).values
        resources = try container.decodeIfPresent(OneOrMore.self, forKey: .resource)?.values
        if let everyone = try? container.decode(String.self, forKey: .principal) {
            principals = ["AWS": [everyone]]
        } else {
            principals = try container.decodeIfPresent([String: OneOrMore].self, forKey: .principal)?
                .mapValues(\.values)
        }
        conditions =
            try container.decodeIfPresent([String: [String: OneOrMore]].self, forKey: .condition)?
            .mapValues { $0.mapValues(\.values) } ?? [:]
    }

    func applies(
        _ action: String, on resource: String?, principal: PolicyDocument.Principal?, context: [String: String]
    ) -> Bool {
        guard actions.contains(where: { Wildcard.matches(action.lowercased(), $0.lowercased()) }) else { return false }
        if let resource, let resources {
            guard resources.contains(where: { Wildcard.matches(resource, $0) }) else { return false }
        }
        if let principal {
            guard matches(principal) else { return false }
        }
        return conditions.allSatisfy { name, tests in
            Condition(name)?.holds(tests, context) ?? isDeny
        }
    }

    private func matches(_ principal: PolicyDocument.Principal) -> Bool {
        guard let principals else { return false }
        if let service = principal.service { return principals["Service"]?.contains(service) ?? false }
        return principals["AWS"]?.contains { named in
            if named == "*" || principal.arns.contains(named) { return true }
            guard let account = principal.account else { return false }
            return named == account || (named.hasPrefix("arn:aws") && named.hasSuffix(":iam::\(account):root"))
        } ?? false
    }
}

/// A text or a list of texts, as IAM's JSON has it.
private struct OneOrMore: Decodable {
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

/// The condition operators this evaluation knows.
private struct Condition {
    private let matches: @Sendable (String, String) -> Bool
    private let isNegated: Bool
    private let ifExists: Bool

    init?(_ name: String) {
        ifExists = name.hasSuffix("IfExists")
        switch ifExists ? String(name.dropLast(8)) : name {
        case "StringEquals": (matches, isNegated) = ({ $0 == $1 }, false)
        case "StringNotEquals": (matches, isNegated) = ({ $0 == $1 }, true)
        case "StringLike", "ArnLike", "ArnEquals": (matches, isNegated) = ({ Wildcard.matches($0, $1) }, false)
        case "StringNotLike", "ArnNotLike", "ArnNotEquals": (matches, isNegated) = ({ Wildcard.matches($0, $1) }, true)
        default: return nil
        }
    }

    func holds(_ tests: [String: [String]], _ context: [String: String]) -> Bool {
        tests.allSatisfy { key, values in
            guard let actual = context[key.lowercased()] else { return ifExists || isNegated }
            return values.contains { matches(actual, $0) } != isNegated
        }
    }
}

/// `*` for any text and `?` for any one character, as in actions and resources.
enum Wildcard {
    static func matches(_ text: String, _ pattern: String) -> Bool {
        let (text, pattern) = (Array(text.utf8), Array(pattern.utf8))
        var (position, mark) = (0, 0)
        var (index, star): (Int, Int?) = (0, nil)
        while position < text.count {
            if index < pattern.count, pattern[index] == UInt8(ascii: "*") {
                (star, mark) = (index, position)
                index += 1
            } else if index < pattern.count, pattern[index] == UInt8(ascii: "?") || pattern[index] == text[position] {
                (position, index) = (position + 1, index + 1)
            } else if let last = star {
                mark += 1
                (position, index) = (mark, last + 1)
            } else {
                return false
            }
        }
        return pattern[index...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
