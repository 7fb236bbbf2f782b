/// An IAM policy, as values: whoever answers or prints it writes the JSON.
public struct PolicyDocument: Sendable, Equatable {
    public static let version = "2012-10-17"
    public var statements: [Statement]

    public init(_ statements: [Statement]) { self.statements = statements }

    public struct Statement: Sendable, Equatable {
        public var sid: String
        /// Of a trust policy: `("Service", "access-grants.s3.amazonaws.com")`.
        public var principal: (kind: String, value: String)?
        public var actions: [String]
        /// Empty in a trust policy.
        public var resources: [String]
        public var conditions: [Condition]

        public init(
            _ sid: String, principal: (kind: String, value: String)? = nil, _ actions: [String],
            on resources: [String] = [], if conditions: [Condition] = []
        ) {
            self.sid = sid
            self.principal = principal
            self.actions = actions
            self.resources = resources
            self.conditions = conditions
        }

        public static func == (a: Self, b: Self) -> Bool {
            a.sid == b.sid && a.principal?.kind == b.principal?.kind && a.principal?.value == b.principal?.value
                && a.actions == b.actions && a.resources == b.resources && a.conditions == b.conditions
        }
    }

    public struct Condition: Sendable, Equatable {
        public var test: String
        public var key: String
        public var value: String

        public init(_ test: String, _ key: String, _ value: String) {
            self.test = test
            self.key = key
            self.value = value
        }
    }
}

/// The two policies of an IAM role.
public struct RolePolicies: Sendable, Equatable {
    public var role: IAMRoleARN
    public var trust: PolicyDocument
    public var permissions: PolicyDocument
}
