import Domain
import HTTPTypes
import Hummingbird
import Logging

/// `/bim/user` and `/bim/iam/bim/user`. Whoever may manage users may do it all; others may look at themselves.
struct UserRoutes: Sendable {
    /// The built-in identity provider, and the only one so far.
    static let iamid = "bim"
    static let defaultPageSize = 50
    /// Of `GET /bim/user`.
    static let maximumPageSize = 1000

    let identities: any IdentityRepository
    let environment: APIEnvironment
    let authenticator: Authenticator
    let wake: @Sendable () -> Void

    init(_ dependencies: APIDependencies, authenticator: Authenticator) {
        identities = dependencies.identities
        environment = dependencies.environment
        wake = dependencies.wake
        self.authenticator = authenticator
    }

    var routes: [APIRoute] {
        let admin = Permission.userAdmin
        let user = "/bim/iam/bim/user/{userid}"
        return [
            .caller(.get, "/bim/rpc/user/current") { request, context in
                try request.refuseQuery()
                return Response(json: context.caller.user.json)
            },
            .caller(.get, "/bim/user", requires: admin) { request, _ in try await list(request) },
            .caller(.post, "/bim/iam/bim/user", requires: admin, action: .createUser) { try await create($0, $1) },
            .caller(.get, user) { try await read($0, $1) },
            .caller(.put, "\(user)/profile", requires: admin, action: .updateUserProfile) {
                try await updateProfile($0, $1)
            },
            .caller(.put, "\(user)/permissions", requires: admin, action: .updateUserPermissions) {
                try await setPermissions($0, $1)
            },
            .caller(.delete, user, requires: admin, action: .deleteUser) { try await delete($0, $1) },
        ]
    }

    private func list(_ request: Request) async throws -> Response {
        var query = QueryReader(request)
        let wanted = UserQuery(
            searchText: query.text("searchText", limit: 255),
            size: query.integer("size", in: 1...Self.maximumPageSize) ?? Self.defaultPageSize,
            offset: query.integer("offset", in: 0...Int(Int32.max)) ?? 0)
        let faults = query.finish()
        guard faults.isEmpty else { throw DomainError.invalid(faults) }
        return Response(json: try await identities.users(wanted).json)
    }

    private func create(_ request: Request, _ context: CallerContext) async throws -> Response {
        let wanted = try UserRequest.read(try await request.jsonBody().value, with: QueryReader(request).finish())
        let user = try await identities.insertUser(
            iamid: Self.iamid, userid: wanted.userid, profile: wanted.profile, permissions: wanted.permissions,
            by: context.origin, now: environment.now())
        context.logger.info("user made", metadata: ["user.id": "\(user.id)"])
        return Response(json: .members(["newUser": user.json]))
    }

    private func read(_ request: Request, _ context: CallerContext) async throws -> Response {
        let userid = try UserPath(context).userid(with: QueryReader(request).finish())
        let caller = context.caller.user
        if caller.iamid != Self.iamid || caller.userid != userid { try context.caller.require(.userAdmin) }
        return Response(json: try await existing(userid).json)
    }

    private func updateProfile(_ request: Request, _ context: CallerContext) async throws -> Response {
        let json = try await request.jsonBody().value
        let (userid, faults) = UserPath(context).parsed
        let change = try ProfileRequest.read(json, with: faults + QueryReader(request).finish())
        let user = try await identities.updateProfile(
            of: try await existing(userid).id, change, by: context.origin, now: environment.now())
        authenticator.forgetAll()
        context.logger.info("user's profile changed", metadata: ["user.id": "\(user.id)"])
        wake()
        return Response(json: user.json)
    }

    private func setPermissions(_ request: Request, _ context: CallerContext) async throws -> Response {
        let json = try await request.jsonBody().value
        let (userid, faults) = UserPath(context).parsed
        let permissions = try PermissionsRequest.read(json, with: faults + QueryReader(request).finish())
        let user = try await identities.setPermissions(
            of: try await existing(userid).id, to: permissions, by: context.origin, now: environment.now())
        authenticator.forgetAll()
        context.logger.info("user's permissions changed", metadata: ["user.id": "\(user.id)"])
        return Response(json: user.json)
    }

    private func delete(_ request: Request, _ context: CallerContext) async throws -> Response {
        let body = try await request.optionalJSONBody()
        let (userid, faults) = UserPath(context).parsed
        let all = faults + QueryReader(request).finish()
        if let body { try FieldReader.root(body).finish(with: all) }
        guard all.isEmpty else { throw DomainError.invalid(all) }
        let user = try await existing(userid)
        try await identities.deleteUser(user.id, by: context.origin, now: environment.now())
        authenticator.forgetAll()
        context.logger.info("user deleted", metadata: ["user.id": "\(user.id)"])
        wake()
        return Response(
            json: .members(["success": .bool(true), "id": .integer(user.id.value), "userid": .string(user.userid)]))
    }

    private func existing(_ userid: String) async throws(DomainError) -> User {
        guard let user = try await identities.user(iamid: Self.iamid, userid: userid) else {
            throw DomainError(.notFound, "No user found with userid \(FieldReader.printable(userid)).")
        }
        return user
    }
}

/// The `{userid}` of a path.
struct UserPath {
    private let text: String

    init(_ context: CallerContext) { text = context.parameters.get("userid") ?? "" }

    /// Tells `faults` and its own together.
    func userid(with faults: [InputFault]) throws(DomainError) -> String {
        let (userid, own) = parsed
        guard own.isEmpty, faults.isEmpty else { throw .invalid(own + faults) }
        return userid
    }

    /// The userid and no fault, or an empty one and one.
    var parsed: (userid: String, faults: [InputFault]) {
        guard let userid = FormCoding.decode(text, plusIsSpace: false) else {
            return ("", [InputFault("userid", "is not well encoded")])
        }
        return (userid, [])
    }
}
