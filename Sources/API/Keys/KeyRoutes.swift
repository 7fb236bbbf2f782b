import Domain
import HTTPTypes
import Hummingbird
import Logging

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// API keys, and the tokens made of them.
struct KeyRoutes: Sendable {
    static let tokenSeconds: TimeInterval = 24 * 60 * 60

    let identities: any IdentityRepository
    let environment: APIEnvironment
    let authenticator: Authenticator

    init(_ dependencies: APIDependencies, authenticator: Authenticator) {
        identities = dependencies.identities
        environment = dependencies.environment
        self.authenticator = authenticator
    }

    var routes: [APIRoute] {
        [
            .open(.post, "/bim/apikey/authenticate") { try await authenticate($0, $1) },
            .caller(.get, "/bim/apikey") { try await list($0, $1) },
            .caller(.post, "/bim/apikey", action: .createAPIKey) { try await create($0, $1) },
            .caller(.post, "/bim/apikey/s3", action: .createAPIKey) { try await createS3($0, $1) },
            .caller(.delete, "/bim/apikey/{keyid}", action: .revokeAPIKey) { try await revoke($0, $1) },
        ]
    }

    private func authenticate(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        try request.refuseQuery()
        let credential = try await AuthenticationRequest.credential(request)
        let authenticated = try await authenticator.authenticate(credential)
        let now = environment.now()
        // What a token is exchanged for ends with it; otherwise it could be renewed for ever.
        let expiry = min(now.addingTimeInterval(Self.tokenSeconds), authenticated.expiresAt ?? .distantFuture)
        let token = Credential.make(random: environment.randomBytes)
        try await identities.insertToken(
            Credential.hash(token.reveal()), keyID: authenticated.caller.keyID, expiresAt: expiry,
            by: context.origin(of: authenticated.caller), now: now)
        return Response(
            json: .members([
                "token": .string(token.reveal()), "tokenExpiration": .string(Timestamp.text(expiry)),
            ]))
    }

    /// The caller's own keys; with `USER_ADMIN`, everybody's.
    private func list(_ request: Request, _ context: CallerContext) async throws -> Response {
        try request.refuseQuery()
        let caller = context.caller.user
        let isForAll = caller.permissions.contains(.userAdmin)
        let keys = try await identities.keys(of: isForAll ? nil : caller.id)
        return Response(json: .array(keys.map { $0.json() }))
    }

    private func create(_ request: Request, _ context: CallerContext) async throws -> Response {
        let now = environment.now()
        let wanted = try KeyRequest.read(
            try await request.jsonBody().value, now: now, with: QueryReader(request).finish())
        let owner = try await owner(of: wanted, context.caller)
        let secret = Credential.make(random: environment.randomBytes)
        let key = try await identities.insertKey(
            Credential.hash(secret.reveal()), user: owner.id, name: wanted.name, expiresAt: wanted.expiresAt,
            by: context.origin, now: now)
        context.logger.info("API key made", metadata: ["key.id": "\(key.id)", "user.id": "\(owner.id)"])
        return Response(json: key.json(secret: secret))
    }

    /// A key pair for the gateway: signatures in place of the key itself.
    private func createS3(_ request: Request, _ context: CallerContext) async throws -> Response {
        let now = environment.now()
        let wanted = try KeyRequest.read(
            try await request.jsonBody().value, now: now, with: QueryReader(request).finish())
        let owner = try await owner(of: wanted, context.caller)
        let pair = Credential.makeS3KeyPair(random: environment.randomBytes)
        let key = try await identities.insertS3Key(
            pair, user: owner.id, name: wanted.name, expiresAt: wanted.expiresAt, by: context.origin, now: now)
        context.logger.info("S3 key pair made", metadata: ["key.id": "\(key.id)", "user.id": "\(owner.id)"])
        return Response(json: key.json(s3Secret: pair.secretAccessKey))
    }

    private func owner(of wanted: KeyRequest, _ caller: Caller) async throws -> User {
        guard let userid = wanted.userid, userid != caller.user.userid else { return caller.user }
        try caller.require(.userAdmin)
        guard let user = try await identities.user(iamid: "bim", userid: userid) else {
            throw DomainError(.notFound, "No user found with userid \(FieldReader.printable(userid)).")
        }
        return user
    }

    private func revoke(_ request: Request, _ context: CallerContext) async throws -> Response {
        let body = try await request.optionalJSONBody()
        var faults = QueryReader(request).finish()
        let id = context.parameters.get("keyid")?.decimalInteger ?? 0
        if id < 1 { faults.append(InputFault("keyid", "must be a whole number from 1")) }
        if let body { try FieldReader.root(body).finish(with: faults) }
        guard faults.isEmpty else { throw DomainError.invalid(faults) }
        let key = try await identities.key(id)
        if key?.userID != context.caller.user.id { try context.caller.require(.userAdmin) }
        guard try await identities.revokeKey(id, by: context.origin, now: environment.now()) else {
            throw DomainError(.notFound, "No API key found with ID \(id).")
        }
        authenticator.forgetAll()
        context.logger.info("API key revoked", metadata: ["key.id": "\(id)"])
        return Response(json: .members(["success": .bool(true), "keyid": .integer(id)]))
    }
}
