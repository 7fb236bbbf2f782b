/// A call of the AWS CLI, word by word: whoever prints it quotes the words and writes the policies as JSON.
public struct SetupCommand: Sendable, Equatable {
    public var words: [Word]

    public enum Word: Sendable, Equatable {
        case text(String)
        case policy(PolicyDocument)
    }

    static func aws(_ words: String..., policy: (option: String, document: PolicyDocument)? = nil) -> SetupCommand {
        var all = ["aws"] + words
        guard let policy else { return SetupCommand(words: all.map(Word.text)) }
        all.append(policy.option)
        return SetupCommand(words: all.map(Word.text) + [.policy(policy.document)])
    }
}

extension IntegrationSetup {
    private static let locationPolicyName = "S3AccessGrantsLocation"
    private static let sluicePolicyName = "SluiceAccessGrants"

    private var inlinePolicies: [(policies: RolePolicies, name: String)] {
        [(locationRole, Self.locationPolicyName), (sluiceRolePolicies, Self.sluicePolicyName)]
    }

    /// Make both roles.
    public var creation: [SetupCommand] { inlinePolicies.flatMap { Self.make($0.policies, policyName: $0.name) } }

    /// Bring the roles of `current` to this set-up: what is new is made, what differs is replaced.
    public func edit(from current: IntegrationSetup) -> [SetupCommand] {
        zip(inlinePolicies, current.inlinePolicies).flatMap { new, old -> [SetupCommand] in
            guard new.policies.role == old.policies.role else { return Self.make(new.policies, policyName: new.name) }
            var commands: [SetupCommand] = []
            let role = new.policies.role.name
            if new.policies.trust != old.policies.trust {
                commands.append(
                    .aws(
                        "iam", "update-assume-role-policy", "--role-name", role,
                        policy: ("--policy-document", new.policies.trust)))
            }
            if new.policies.permissions != old.policies.permissions {
                commands.append(Self.put(new.policies, policyName: new.name))
            }
            return commands
        }
    }

    /// Remove both roles.
    public var removal: [SetupCommand] {
        inlinePolicies.flatMap { policies, name -> [SetupCommand] in
            [
                .aws("iam", "delete-role-policy", "--role-name", policies.role.name, "--policy-name", name),
                .aws("iam", "delete-role", "--role-name", policies.role.name),
            ]
        }
    }

    private static func make(_ policies: RolePolicies, policyName: String) -> [SetupCommand] {
        var create = SetupCommand.aws("iam", "create-role", "--role-name", policies.role.name)
        if policies.role.path != "/" { create.words += [.text("--path"), .text(policies.role.path)] }
        create.words += [.text("--assume-role-policy-document"), .policy(policies.trust)]
        return [create, put(policies, policyName: policyName)]
    }

    private static func put(_ policies: RolePolicies, policyName: String) -> SetupCommand {
        .aws(
            "iam", "put-role-policy", "--role-name", policies.role.name, "--policy-name", policyName,
            policy: ("--policy-document", policies.permissions))
    }
}
