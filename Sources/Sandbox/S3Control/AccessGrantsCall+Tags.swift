extension AccessGrantsCall {
    func tagResource() throws -> AccessGrantsAnswer {
        let added = try AccessGrantsBody(body, root: "TagResourceRequest", members: ["Tags"]).tags(isRequired: true)
        let arn = try taggedResource()
        try store.replaceTags(try ResourceTag.merge(try store.tags(of: arn), with: added), of: arn)
        return .noContent
    }

    /// Keys the resource does not carry are passed over.
    func untagResource() throws -> AccessGrantsAnswer {
        let keys = query.all("tagKeys")
        guard !keys.isEmpty, keys.count <= ResourceTag.limit else {
            throw AccessGrantsError.invalidRequest("Between 1 and \(ResourceTag.limit) tagKeys are required")
        }
        for key in keys { try ResourceTag.checkKey(key) }
        let arn = try taggedResource()
        try store.replaceTags(try store.tags(of: arn).filter { !keys.contains($0.key) }, of: arn)
        return .noContent
    }

    func listTags() throws -> AccessGrantsAnswer {
        .document(AccessGrantsDocument.tags(try store.tags(of: try taggedResource())))
    }

    /// The resource of the path, which must exist in the addressed account and this Region.
    private func taggedResource() throws -> AccessGrantsARN {
        guard let arn = AccessGrantsARN(route.target), arn.account == account, arn.region == region else {
            throw AccessGrantsError.invalidRequest("The resource ARN is not valid")
        }
        try authorize(arn.resource)
        let instance = try instance()
        switch arn.resource {
        case .instance: break
        case .location(let id):
            guard try store.location(id: id, of: instance) != nil else { throw AccessGrantsError.noSuchLocation }
        case .grant(let id):
            guard try store.grant(id: id, of: instance) != nil else { throw AccessGrantsError.noSuchGrant }
        }
        return arn
    }
}
