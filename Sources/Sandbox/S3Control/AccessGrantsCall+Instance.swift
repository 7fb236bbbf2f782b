extension AccessGrantsCall {
    func createInstance() throws -> AccessGrantsAnswer {
        let body = try AccessGrantsBody(
            self.body, root: "CreateAccessGrantsInstanceRequest", members: ["IdentityCenterArn", "Tags"],
            isOptional: true)
        let tags = try body.tags()
        let association = try body.optional("IdentityCenterArn").map(associate)
        try authorize()
        try authorizeTagging(tags, of: instanceARN.description)
        let isNew = try store.insertInstance(
            account: account, region: region, at: now, identityCenter: association)
        guard isNew else { throw AccessGrantsError.instanceAlreadyExists }
        try store.replaceTags(tags, of: instanceARN)
        return .document(AccessGrantsDocument.instance(try instance(), root: "CreateAccessGrantsInstanceResult"))
    }

    func getInstance() throws -> AccessGrantsAnswer {
        try authorize()
        return .document(AccessGrantsDocument.instance(try instance(), root: "GetAccessGrantsInstanceResult"))
    }

    /// Locations go first, and with them the grants; the Identity Center instance is dissociated first
    /// (`InvalidRequest` otherwise [our decision: the code is undocumented]).
    func deleteInstance() throws -> AccessGrantsAnswer {
        try authorize()
        let instance = try instance()
        guard try store.locationCount(instance) == 0 else { throw AccessGrantsError.instanceNotEmpty }
        guard instance.identityCenter == nil else {
            throw AccessGrantsError.invalidRequest(
                "Dissociate the Identity Center instance before deleting the access grants instance")
        }
        try store.deleteInstance(instance)
        return .empty
    }

    /// The addressed account's own instance in this Region; nothing is shared through RAM here.
    func listInstances() throws -> AccessGrantsAnswer {
        try authorize()
        let list = "instances/\(instanceARN)"
        let page = try ListPage(maxResults: query["maxResults"], nextToken: query["nextToken"], of: list)
        let found = try store.instance(account: account, region: region)
        let behind = [found].compactMap { $0 }.filter { $0.row > page.after }
        return .document(AccessGrantsDocument.instances(Page(behind, page, of: list, row: \.row)))
    }

    /// The instance that holds a prefix, seen from the addressed account.
    ///
    /// [our decision] The bucket owner's instance goes before the addressed account's own, so that a grantee can ask
    /// with its own account id for a prefix shared with it, as AWS's plugins do. An instance holds a prefix when one of
    /// its locations covers it; another account's counts only where its resource policy admits the caller.
    func getInstanceForPrefix() throws -> AccessGrantsAnswer {
        let text = try query.required("s3prefix")
        guard let path = S3Path(text), !path.isDefault else {
            throw AccessGrantsError.invalidRequest("The s3prefix must be an S3 path, for example s3://bucket/prefix")
        }
        try authorize()
        var candidates = [try store.instance(account: account, region: region)].compactMap { $0 }
        if account == caller.account {
            candidates += try store.instances(region: region, otherThan: account).filter(delegates)
        }
        let owner = try surroundings.bucket(path.bucket, store.database)?.owner
        let ordered = candidates.filter { $0.arn.account == owner } + candidates.filter { $0.arn.account != owner }
        let holder = try ordered.first { instance in
            try store.locations(of: instance).contains { S3Path($0.scope)?.contains(path) ?? false }
        }
        guard let holder else { throw AccessGrantsError.instanceNotExists }
        return .document(AccessGrantsDocument.instanceForPrefix(holder.arn))
    }

    // MARK: Resource policy

    func putPolicy() throws -> AccessGrantsAnswer {
        let body = try AccessGrantsBody(
            self.body, root: "PutAccessGrantsInstanceResourcePolicyRequest", members: ["Policy", "Organization"])
        let document = try body.required("Policy")
        let organization = try body.optional("Organization")
        guard organization.map(Self.isOrganization) ?? true else {
            throw AccessGrantsError.invalidRequest("The Organization is not valid")
        }
        try authorize()
        let instance = try instance()
        _ = try InstanceResourcePolicy(document, instance: instance.arn)
        let policy = AccessGrantsInstance.Policy(document: document, organization: organization, createdAt: now)
        try store.setPolicy(policy, of: instance)
        return .document(AccessGrantsDocument.policy(policy, root: "PutAccessGrantsInstanceResourcePolicyResult"))
    }

    func getPolicy() throws -> AccessGrantsAnswer {
        try authorize()
        guard let policy = try instance().policy else { throw AccessGrantsError.resourcePolicyNotExists }
        return .document(AccessGrantsDocument.policy(policy, root: "GetAccessGrantsInstanceResourcePolicyResult"))
    }

    func deletePolicy() throws -> AccessGrantsAnswer {
        try authorize()
        let instance = try instance()
        guard instance.policy != nil else { throw AccessGrantsError.resourcePolicyNotExists }
        try store.setPolicy(nil, of: instance)
        return .empty
    }

    /// `^o-[a-z0-9]{10,32}$`
    private static func isOrganization(_ text: String) -> Bool {
        text.hasPrefix("o-") && (12...34).contains(text.utf8.count)
            && text.dropFirst(2).unicodeScalars.allSatisfy { $0.isDigit || ("a"..."z").contains($0) }
    }

    // MARK: Identity Center

    /// Associating again with the same Identity Center instance changes nothing; with another it is `InvalidRequest`
    /// until the first is dissociated [our decision: undocumented].
    func associateIdentityCenter() throws -> AccessGrantsAnswer {
        let body = try AccessGrantsBody(
            self.body, root: "AssociateAccessGrantsIdentityCenterRequest", members: ["IdentityCenterArn"])
        let association = try associate(try body.required("IdentityCenterArn"))
        try authorize()
        let instance = try instance()
        if let existing = instance.identityCenter {
            guard existing.instanceARN == association.instanceARN else {
                throw AccessGrantsError.invalidRequest(
                    "The access grants instance is associated with another Identity Center instance")
            }
            return .empty
        }
        try store.setIdentityCenter(association, of: instance)
        return .empty
    }

    /// Without an association it changes nothing [our decision: undocumented]. Directory grants stay and match nobody
    /// until the association is back.
    func dissociateIdentityCenter() throws -> AccessGrantsAnswer {
        try authorize()
        try store.setIdentityCenter(nil, of: try instance())
        return .empty
    }

    /// The sandbox knows no Identity Center: every well-formed instance ARN exists.
    private func associate(_ instanceARN: String) throws -> IdentityCenterAssociation {
        guard IdentityCenterARN.isInstance(instanceARN) else {
            throw AccessGrantsError.invalidIdentityCenterInstance
        }
        let id = String(makeID().filter { $0 != "-" }.prefix(16))
        return IdentityCenterAssociation(
            instanceARN: instanceARN,
            applicationARN: IdentityCenterARN.application(in: instanceARN, account: account, id: id))
    }
}
