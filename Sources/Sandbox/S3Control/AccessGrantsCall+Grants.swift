extension AccessGrantsCall {
    func createGrant() throws -> AccessGrantsAnswer {
        let wish = try AccessGrantWish(body: body)
        try authorize(.location(wish.locationID))
        try authorizeTagging(wish.tags, of: instanceARN.description)
        let instance = try instance()
        guard let location = try store.location(id: wish.locationID, of: instance) else {
            throw AccessGrantsError.noSuchLocation
        }
        let scope = try GrantScope(
            location: try LocationScope(location.scope), subPrefix: wish.subPrefix, isObject: wish.isObject)
        try requireBucket(scope.path, else: .invalidGrant)
        try requireGrantee(wish.grantee, instance)
        let id = makeID()
        guard try store.grantCount(instance) < limits.grants else {
            throw AccessGrantsError.grantsQuotaExceeded(limits.grants)
        }
        let isNew = try store.insertGrant(
            id: id, wish, scope: scope, location: location, at: now, in: instance)
        guard isNew else { throw AccessGrantsError.grantAlreadyExists }
        try store.replaceTags(wish.tags, of: instanceARN.with(.grant(id)))
        guard let grant = try store.grant(id: id, of: instance) else { throw AccessGrantsError.noSuchGrant }
        return .document(AccessGrantsDocument.createdGrant(grant, in: instanceARN))
    }

    func getGrant() throws -> AccessGrantsAnswer {
        try authorize(.grant(route.target))
        return .document(AccessGrantsDocument.grant(try grant(try instance()), in: instanceARN))
    }

    func deleteGrant() throws -> AccessGrantsAnswer {
        try authorize(.grant(route.target))
        let instance = try instance()
        let grant = try grant(instance)
        try store.deleteGrant(grant, arn: instanceARN.with(.grant(grant.id)), at: now, of: instance)
        return .empty
    }

    func listGrants() throws -> AccessGrantsAnswer {
        let filter = AccessGrantFilter(
            granteeKind: try query.choice("granteetype"), granteeIdentifier: query["granteeidentifier"],
            permission: try query.choice("permission"), scope: try query.prefix("grantscope"),
            applicationARN: query["application_arn"])
        try authorize()
        let instance = try instance()
        let list = "grants/\(instanceARN)/\(filter.description)"
        let page = try ListPage(maxResults: query["maxResults"], nextToken: query["nextToken"], of: list)
        let found = try store.grants(of: instance, where: filter, after: page.after, limit: page.limit + 1)
        return .document(AccessGrantsDocument.grants(Page(found, page, of: list, row: \.row), in: instanceARN))
    }

    private func grant(_ instance: AccessGrantsInstance) throws -> AccessGrant {
        guard let grant = try store.grant(id: route.target, of: instance) else {
            throw AccessGrantsError.noSuchGrant
        }
        return grant
    }

    /// IAM principals of accounts this sandbox knows must exist; those of others are taken as they are. Directory
    /// grantees need an associated Identity Center instance, and the caller its documented permissions; whether the
    /// user or group exists is not asked, the sandbox has no directory.
    private func requireGrantee(_ grantee: Grantee, _ instance: AccessGrantsInstance) throws {
        switch grantee.kind {
        case .iam:
            guard let arn = IAMPrincipalARN(grantee.identifier),
                try surroundings.principalExists(arn, store.database) ?? true
            else { throw AccessGrantsError.invalidGrantee }
        case .directoryUser, .directoryGroup:
            guard let association = instance.identityCenter else {
                throw AccessGrantsError.invalidRequest(
                    "The access grants instance is not associated with an Identity Center instance")
            }
            let describe = grantee.kind == .directoryUser ? "DescribeUser" : "DescribeGroup"
            try authorize("sso:DescribeInstance", on: association.instanceARN)
            try authorize("sso:DescribeApplication", on: association.applicationARN)
            try authorize("identitystore:\(describe)", on: "*")
        }
    }
}
