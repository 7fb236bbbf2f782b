import Domain
import Hummingbird
import Logging

/// Who may use a data source: for its owners, `GOVERNANCE` and `USER_ADMIN`.
struct AccessRoutes: Sendable {
    static let maximumPageSize = 1000

    let dependencies: APIDependencies

    init(_ dependencies: APIDependencies) { self.dependencies = dependencies }

    private var dataSources: any DataSourceRepository { dependencies.dataSources }

    var routes: [APIRoute] {
        [
            .caller(.get, "/dataSource/{id}/access") { try await list($0, $1) },
            .caller(.post, "/dataSource/{id}/access", action: .grantAccess) { try await give($0, $1) },
            .caller(.delete, "/dataSource/{id}/access/{profileId}", action: .revokeAccess) { try await revoke($0, $1) },
        ]
    }

    /// All, unless a page is asked for; the next one begins after the last profile of this one.
    private func list(_ request: Request, _ context: CallerContext) async throws -> Response {
        var query = QueryReader(request)
        let size = query.integer("size", in: 1...Self.maximumPageSize)
        let after = query.integer("after", in: 0...Int.max).map { UserID(Int64($0)) }
        let id = try DataSourcePath(context).id(with: query.finish())
        try context.caller.require(.giving, on: try await dataSources.existing(.id(id), context))
        let rows = try await dataSources.access(to: id, after: after, limit: size)
        return Response(json: .members(["users": .array(rows.map(\.json))]))
    }

    private func give(_ request: Request, _ context: CallerContext) async throws -> Response {
        let body = try await request.jsonOrYAMLBody()
        let (value, faults) = DataSourcePath(context).parsed
        let wanted = try AccessRequest.read(body, with: faults + QueryReader(request).finish())
        let id = DataSourceID(value)
        let row = try await dataSources.setAccess(
            to: id, of: wanted.user, state: wanted.state, level: wanted.level, by: context.origin,
            admin: context.caller.user.id, now: dependencies.environment.now())
        context.logger.info(
            "access given", metadata: ["dataSource.id": "\(id)", "user.id": "\(wanted.user)"])
        dependencies.wake()
        return Response(json: row.subscriptionJSON)
    }

    private func revoke(_ request: Request, _ context: CallerContext) async throws -> Response {
        let body = try await request.optionalJSONBody()
        let (value, faults) = DataSourcePath(context).parsed
        let (profile, profileFaults) = DataSourcePath(context, "profileId").parsed
        let all = faults + profileFaults + QueryReader(request).finish()
        if let body { try FieldReader.root(body).finish(with: all) } else { try all.refuse() }
        let (id, user) = (DataSourceID(value), UserID(profile))
        let row = try await dataSources.revokeAccess(
            to: id, of: user, by: context.origin, now: dependencies.environment.now())
        context.logger.info("access revoked", metadata: ["dataSource.id": "\(id)", "user.id": "\(user)"])
        dependencies.wake()
        return Response(json: row.revocationJSON)
    }
}
