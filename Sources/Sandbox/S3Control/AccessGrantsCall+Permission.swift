extension AccessGrantsCall {
    var instanceARN: AccessGrantsARN { AccessGrantsARN(region: region, account: account, resource: .instance) }

    /// The addressed account's instance.
    /// - Throws: `AccessGrantsInstanceNotExistsError`.
    func instance() throws -> AccessGrantsInstance {
        guard let instance = try store.instance(account: account, region: region) else {
            throw AccessGrantsError.instanceNotExists
        }
        return instance
    }

    /// Checks that the caller may do this operation to `resource` in the addressed account.
    ///
    /// The own account: the caller's policies decide. Another account: only the five operations that can be delegated,
    /// only where its instance's resource policy says so, and the caller's own policies must allow them too.
    /// - Throws: `AccessDenied`.
    func authorize(_ resource: AccessGrantsARN.Resource = .instance) throws {
        let arn = instanceARN.with(resource).description
        try authorize(route.operation.action, on: arn)
        guard caller.account != account else { return }
        let instance = try store.instance(account: account, region: region)
        guard route.operation.isDelegable, let instance, delegates(instance) else {
            throw denied(route.operation.action, arn)
        }
    }

    /// Whether an instance's resource policy lets the caller do this operation.
    func delegates(_ instance: AccessGrantsInstance) -> Bool {
        guard let stored = instance.policy,
            let policy = try? InstanceResourcePolicy(stored.document, instance: instance.arn)
        else { return false }
        return policy.allows(
            route.operation.action, on: instance.arn, principal: caller.principalARN, account: caller.account)
    }

    /// - Throws: `AccessDenied`.
    func authorize(_ action: String, on resource: String) throws {
        guard caller.allows(action, on: resource) else { throw denied(action, resource) }
    }

    /// Tags given at creation need the permission to tag.
    func authorizeTagging(_ tags: [ResourceTag], of resource: String) throws {
        if !tags.isEmpty { try authorize("s3:TagResource", on: resource) }
    }

    private func denied(_ action: String, _ resource: String) -> AccessGrantsError {
        .accessDenied(
            "User: \(caller.principalARN) is not authorized to perform: \(action) on resource: \(resource)")
    }
}
