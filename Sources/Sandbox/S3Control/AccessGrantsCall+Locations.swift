extension AccessGrantsCall {
    func createLocation() throws -> AccessGrantsAnswer {
        let body = try AccessGrantsBody(
            self.body, root: "CreateAccessGrantsLocationRequest", members: ["LocationScope", "IAMRoleArn", "Tags"])
        let scope = try LocationScope(try body.required("LocationScope"))
        let role = try body.required("IAMRoleArn")
        let tags = try body.tags()
        try authorize()
        try authorizeTagging(tags, of: instanceARN.description)
        let instance = try instance()
        try requireRole(role)
        try requireBucket(scope.path, else: .invalidLocation)
        guard try store.location(scope: scope.text, of: instance) == nil else {
            throw AccessGrantsError.locationAlreadyExists
        }
        guard try store.locationCount(instance) < limits.locations else {
            throw AccessGrantsError.locationsQuotaExceeded(limits.locations)
        }
        let id = scope.isDefault ? AccessGrantsARN.defaultLocationID : makeID()
        let location = try store.insertLocation(id: id, scope: scope, roleARN: role, at: now, in: instance)
        try store.replaceTags(tags, of: instanceARN.with(.location(id)))
        return answer(location, root: "CreateAccessGrantsLocationResult")
    }

    func getLocation() throws -> AccessGrantsAnswer {
        try authorize(.location(route.target))
        return answer(try location(try instance()), root: "GetAccessGrantsLocationResult")
    }

    func updateLocation() throws -> AccessGrantsAnswer {
        let body = try AccessGrantsBody(
            self.body, root: "UpdateAccessGrantsLocationRequest", members: ["IAMRoleArn"])
        let role = try body.required("IAMRoleArn")
        try authorize(.location(route.target))
        let instance = try instance()
        let location = try location(instance)
        try requireRole(role)
        try store.setRole(role, of: location)
        return answer(try self.location(instance), root: "UpdateAccessGrantsLocationResult")
    }

    func deleteLocation() throws -> AccessGrantsAnswer {
        try authorize(.location(route.target))
        let instance = try instance()
        let location = try location(instance)
        let isSpreading = location.grantDeletedAt.map { now < $0 + limits.grantDeletionPropagation } ?? false
        guard try !isSpreading && !store.hasGrants(location) else { throw AccessGrantsError.locationNotEmpty }
        try store.deleteLocation(location, arn: instanceARN.with(.location(location.id)), of: instance)
        return .empty
    }

    /// `locationscope` is compared for equality, as AWS's own test uses it.
    func listLocations() throws -> AccessGrantsAnswer {
        let scope = try query.prefix("locationscope")
        try authorize()
        let instance = try instance()
        let list = "locations/\(instanceARN)/\(scope ?? "")"
        let page = try ListPage(maxResults: query["maxResults"], nextToken: query["nextToken"], of: list)
        let found = try store.locations(of: instance, scope: scope, after: page.after, limit: page.limit + 1)
        return .document(AccessGrantsDocument.locations(Page(found, page, of: list, row: \.row), in: instanceARN))
    }

    func location(_ instance: AccessGrantsInstance) throws -> AccessGrantsLocation {
        guard let location = try store.location(id: route.target, of: instance) else {
            throw AccessGrantsError.noSuchLocation
        }
        return location
    }

    private func answer(_ location: AccessGrantsLocation, root: String) -> AccessGrantsAnswer {
        .document(AccessGrantsDocument.location(location, in: instanceARN, root: root))
    }

    /// The role must be one of the account's, be known everywhere by now, trust S3 Access Grants, and be one the caller
    /// may pass.
    /// - Throws: `InvalidIamRole`, `AccessDenied`.
    private func requireRole(_ text: String) throws {
        guard let arn = IAMPrincipalARN(text), arn.kind == .role, arn.account == account else {
            throw AccessGrantsError.invalidRole
        }
        try authorize("iam:PassRole", on: text)
        guard let role = try surroundings.role(text, store.database), role.trustsAccessGrants,
            now >= role.createdAt + limits.rolePropagation
        else { throw AccessGrantsError.invalidRole }
    }

    /// The bucket must exist in the instance's Region. [our decision: AWS's codes for this are undocumented]
    func requireBucket(_ path: S3Path, else error: AccessGrantsError) throws {
        guard !path.isDefault else { return }
        guard try surroundings.bucket(path.bucket, store.database)?.region == region else { throw error }
    }
}
