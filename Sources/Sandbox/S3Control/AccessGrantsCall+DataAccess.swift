import SigV4

extension AccessGrantsCall {
    /// Seconds the credentials hold: the default, and the range that can be asked for.
    private static let defaultDuration = 3600
    private static let durations = 900...43_200
    /// Characters of `auditContext`.
    private static let longestAuditContext = 2048

    /// `auditContext` would go to CloudTrail, which the sandbox has not; it is checked and dropped.
    func getDataAccess() throws -> AccessGrantsAnswer {
        let target = try query.required("target")
        guard let permission: AccessGrantPermission = try query.choice("permission") else {
            throw AccessGrantsError.invalidRequest("Missing required parameter: permission")
        }
        let question = try DataAccessQuestion(
            target: target, permission: permission, privilege: try query.choice("privilege") ?? .default,
            isObject: try query.choice("targetType", of: TargetType.self) == .object)
        let duration = try duration()
        guard (query["auditContext"] ?? "").unicodeScalars.count <= Self.longestAuditContext else {
            throw AccessGrantsError.invalidRequest("The auditContext is too long")
        }
        try authorize()
        let instance = try instance()
        let candidates = try store.grants(
            of: instance, to: identities(instance), covering: question.target
        ).compactMap(candidate)
        guard let match = question.match(among: candidates) else {
            throw AccessGrantsError.noGrant(permission: permission, target: target)
        }
        let vended = try vend(match, permission, duration, instance)
        return .document(AccessGrantsDocument.dataAccess(vended, match: match))
    }

    /// Grants to any of the caller's identities; `grantscope` is the beginning of the scopes wanted.
    /// `allowedByApplication` keeps the directory grants the caller's Identity Center application may use.
    func listCallerGrants() throws -> AccessGrantsAnswer {
        let start = try query.prefix("grantscope") ?? ""
        guard start.isEmpty || start.hasPrefix(S3Path.scheme) else {
            throw AccessGrantsError.invalidRequest("The grantscope must begin with s3://")
        }
        let isNarrowed = try query.choice("allowedByApplication", of: Flag.self) == .true
        try authorize()
        let instance = try instance()
        let identities = identities(instance)
        let list = "caller/\(instanceARN)/\(caller.principalARN)/\(isNarrowed)/\(start)"
        let page = try ListPage(maxResults: query["maxResults"], nextToken: query["nextToken"], of: list)
        let found = try store.grants(
            of: instance, to: identities, scopeStart: start,
            application: isNarrowed ? caller.applicationARN ?? "" : nil,
            after: page.after, limit: page.limit + 1)
        return .document(AccessGrantsDocument.callerGrants(Page(found, page, of: list, row: \.row)))
    }

    private enum TargetType: String { case object = "Object" }
    private enum Flag: String { case `true`, `false` }

    private func duration() throws -> Int {
        guard let text = query["durationSeconds"] else { return Self.defaultDuration }
        guard let seconds = Int(text), Self.durations.contains(seconds) else {
            throw AccessGrantsError.invalidRequest("The durationSeconds must be between 900 and 43200")
        }
        return seconds
    }

    /// Directory identities count only while the instance is associated with an Identity Center instance.
    private func identities(_ instance: AccessGrantsInstance) -> [Grantee] {
        instance.identityCenter == nil ? caller.identities.filter { $0.kind == .iam } : caller.identities
    }

    /// Nil for a grant restricted to an application the caller did not come through.
    private func candidate(_ grant: AccessGrant) -> DataAccessCandidate? {
        guard grant.applicationARN == nil || grant.applicationARN == caller.applicationARN,
            let scope = S3Path(grant.scope)
        else { return nil }
        return DataAccessCandidate(
            sequence: grant.row, scope: scope, permission: grant.permission, grantee: grant.grantee,
            locationID: grant.locationID)
    }

    private func vend(
        _ match: DataAccessMatch, _ permission: AccessGrantPermission, _ duration: Int, _ instance: AccessGrantsInstance
    ) throws -> AWSCredentials {
        guard let location = try store.location(id: match.grant.locationID, of: instance) else {
            throw AccessGrantsError.noSuchLocation
        }
        guard let role = try surroundings.role(location.roleARN, store.database), role.trustsAccessGrants else {
            throw AccessGrantsError.stsNotAuthorized(role: location.roleARN)
        }
        guard duration <= role.maximumSessionDuration else {
            throw AccessGrantsError.stsValidation(
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
        }
        return try surroundings.vend(
            DataAccessSession(
                roleARN: location.roleARN, scope: match.scope, permission: permission, duration: duration,
                instanceARN: instance.arn.description, grantee: match.grant.grantee), store.database)
    }
}
