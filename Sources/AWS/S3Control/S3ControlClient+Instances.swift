import XML

extension S3ControlClient {
    /// The account's instance. Not for other accounts' instances. Changes nothing.
    public func getAccessGrantsInstance(
        deadline: ContinuousClock.Instant? = nil
    ) async throws(AWSError) -> AccessGrantsInstance {
        try await call("s3:GetAccessGrantsInstance", Self.instancePath, deadline) { try AccessGrantsInstance($0) }
    }

    /// A page of the account's instances, shared ones included. Changes nothing. A bad token is `InvalidRequest`.
    /// - Parameter maxResults: 0 to 1,000.
    public func listAccessGrantsInstances(
        maxResults: Int? = nil, nextToken: String? = nil, deadline: ContinuousClock.Instant? = nil
    ) async throws(AWSError) -> AWSPage<AccessGrantsInstance> {
        let query = [("maxResults", maxResults.map(String.init)), ("nextToken", nextToken)]
        return try await call(
            "s3:ListAccessGrantsInstances", "/v20180820/accessgrantsinstances", query: query, deadline
        ) {
            try AWSPage($0, "AccessGrantsInstancesList", "AccessGrantsInstance") { try AccessGrantsInstance($0) }
        }
    }

    /// The instance that holds a prefix (`s3://bucket/…`); only its id and ARN are told. Changes nothing.
    public func getAccessGrantsInstanceForPrefix(
        _ prefix: String, deadline: ContinuousClock.Instant? = nil
    ) async throws(AWSError) -> AccessGrantsInstance {
        try await call(
            "s3:GetAccessGrantsInstanceForPrefix", "\(Self.instancePath)/prefix", query: [("s3prefix", prefix)],
            deadline
        ) { try AccessGrantsInstance($0) }
    }

    /// Without a policy: `AccessGrantsInstanceResourcePolicyNotExists` (404). Changes nothing.
    public func getAccessGrantsInstanceResourcePolicy(
        deadline: ContinuousClock.Instant? = nil
    ) async throws(AWSError) -> AccessGrantsResourcePolicy {
        try await call("s3:GetAccessGrantsInstanceResourcePolicy", "\(Self.instancePath)/resourcepolicy", deadline) {
            AccessGrantsResourcePolicy(
                policy: try $0.required("Policy"), organization: $0.nonEmpty("Organization"))
        }
    }
}

extension AccessGrantsInstance {
    init(_ element: XMLElement) throws {
        self.init(
            id: try element.required("AccessGrantsInstanceId"), arn: try element.required("AccessGrantsInstanceArn"),
            createdAt: try element.nonEmpty("CreatedAt").map { try ISO8601.parse($0) },
            identityCenterInstanceARN: element.nonEmpty("IdentityCenterInstanceArn"),
            identityCenterApplicationARN: element.nonEmpty("IdentityCenterApplicationArn")
                ?? element.nonEmpty("IdentityCenterArn"))
    }
}

extension AWSPage {
    /// Nothing in a page is required, so its name is: a proxy's page must not pass for an empty list.
    init(_ root: XMLElement, _ list: String, _ item: String, _ read: (XMLElement) throws -> Item) throws {
        try root.requireName("List\(list.dropLast("List".count))Result")
        self.init(
            items: try (root.child(list)?.children(item) ?? []).map(read), nextToken: root.nonEmpty("NextToken"))
    }
}
