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

    private let policy: PolicyDocument

    /// - Throws: `InvalidResourcePolicy` for what is no policy: not JSON, an unknown version, no statement, an effect
    ///   other than Allow and Deny, an action that cannot be delegated, a statement without principal, or a resource
    ///   that is not `instance`.
    init(_ document: String, instance: AccessGrantsARN) throws(AccessGrantsError) {
        guard (1...Self.longest).contains(document.unicodeScalars.count), Self.isVersionKnown(document),
            let policy = PolicyDocument(document), !policy.statements.isEmpty,
            policy.statements.allSatisfy({ Self.isValid($0, for: instance.description) })
        else { throw .invalidResourcePolicy }
        self.policy = policy
    }

    /// Whether the policy lets `principal`, an IAM ARN of `account`, call `action` on `instance`. Conditions know the
    /// keys `aws:PrincipalAccount` and `aws:PrincipalArn`; the sandbox has no organizations.
    func allows(_ action: String, on instance: AccessGrantsARN, principal: String, account: String) -> Bool {
        policy.decision(
            action, on: instance.description,
            principal: PolicyDocument.Principal(account: account, arns: [principal]),
            context: ["aws:principalaccount": account, "aws:principalarn": principal]) == .allowed
    }

    private static func isValid(_ statement: PolicyStatement, for instance: String) -> Bool {
        let principals = statement.principals?["AWS"] ?? []
        let resources = statement.resources ?? []
        return !principals.isEmpty && principals.allSatisfy(isPrincipal) && !statement.actions.isEmpty
            && statement.actions.allSatisfy(isDelegable)
            && !resources.isEmpty && resources.allSatisfy { Wildcard.matches(instance, $0) }
    }

    private static func isDelegable(_ pattern: String) -> Bool {
        delegableActions.contains { Wildcard.matches($0.lowercased(), pattern.lowercased()) }
    }

    private static func isPrincipal(_ text: String) -> Bool {
        if text == "*" || AccountID.isValid(text) || IAMPrincipalARN(text) != nil { return true }
        let fields = text.split(separator: ":", omittingEmptySubsequences: false)
        return fields.count == 6 && fields[0] == "arn" && fields[2] == "iam" && AccountID.isValid(String(fields[4]))
            && fields[5] == "root"
    }

    private static func isVersionKnown(_ document: String) -> Bool {
        guard let wire = try? JSONDecoder().decode(Wire.self, from: Data(document.utf8)) else { return false }
        return wire.version.map { ["2012-10-17", "2008-10-17"].contains($0) } ?? true
    }

    private struct Wire: Decodable {
        let version: String?

        enum CodingKeys: String, CodingKey { case version = "Version" }
    }
}
