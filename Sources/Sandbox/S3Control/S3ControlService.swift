import GRDB
import HTTPTypes
import S3Server
import SigV4

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// S3 Control: brings a verified request to its Access Grants operation, in one transaction.
struct S3ControlService: Sendable {
    let database: SandboxDatabase
    let limits: AccessGrantsLimits

    /// - Parameter path: as on the wire.
    /// - Throws: `S3Error`.
    static func route(method: HTTPRequest.Method, path: String) throws(S3Error) -> AccessGrantsRoute {
        do {
            return try AccessGrantsRoute(method: method.rawValue, path: path) {
                URIEncoding.decode($0, plusIsSpace: false)
            }
        } catch {
            throw S3Error(error)
        }
    }

    /// - Parameter hostAccount: the account id in front of the host, which must agree with the header
    ///   [our decision: AWS documents no answer to a disagreement].
    /// - Throws: `S3Error`, or what the database throws.
    func answer(
        _ route: AccessGrantsRoute, _ request: S3ControlRequest, caller: Caller, hostAccount: String?
    ) async throws -> AccessGrantsAnswer {
        guard let account = request.headers[.accountID] ?? hostAccount, AccountID.isValid(account) else {
            throw S3Error.invalidRequest("Missing required header for this request: x-amz-account-id")
        }
        guard hostAccount == nil || hostAccount == account else {
            throw S3Error.invalidRequest("The account id of the host differs from x-amz-account-id")
        }
        let work: @Sendable (Database) throws -> AccessGrantsAnswer = { database in
            try AccessGrantsCall(
                route: route, account: account, region: request.region, caller: caller,
                query: AccessGrantsQuery(request.query.items.map { ($0.name, $0.value) }), body: request.body,
                now: Timestamp.milliseconds(request.now), limits: limits,
                store: AccessGrantsStore(database: database),
                surroundings: SandboxSurroundings(now: Timestamp.milliseconds(request.now)),
                makeID: { UUID().uuidString.lowercased() }
            ).answer()
        }
        do {
            return route.operation.isReadOnly ? try await database.read(work) : try await database.write(work)
        } catch let error as AccessGrantsError {
            throw S3Error(error)
        }
    }
}

struct S3ControlRequest: Sendable {
    let headers: HTTPFields
    let query: QueryItems
    let body: [UInt8]
    let region: String
    let now: Date
}

/// What S3 Access Grants asks of the sandbox's other services.
private struct SandboxSurroundings: AccessGrantsSurroundings {
    let now: Milliseconds

    func bucket(_ name: String, _ database: Database) throws -> (owner: String, region: String)? {
        try S3Transaction(database).buckets.bucket(name).map { ($0.account, $0.region) }
    }

    func role(_ arn: String, _ database: Database) throws -> LocationRole? {
        guard let role = try IdentityStore(database: database).role(arn) else { return nil }
        let service = PolicyDocument.Principal(service: "access-grants.s3.amazonaws.com")
        let decision = PolicyDocument(role.trustPolicy)?.decision(
            "sts:AssumeRole", on: nil, principal: service, context: ["aws:sourceaccount": role.account])
        return LocationRole(
            createdAt: role.createdAt, maximumSessionDuration: role.maximumSession,
            trustsAccessGrants: decision == .allowed)
    }

    func principalExists(_ arn: IAMPrincipalARN, _ database: Database) throws -> Bool? {
        let identities = IdentityStore(database: database)
        guard try identities.hasAccount(arn.account) else { return nil }
        return try identities.hasPrincipal(arn.text)
    }

    func vend(_ session: DataAccessSession, _ database: Database) throws -> AWSCredentials {
        try IdentityStore(database: database).issue(
            SessionIssue(
                roleARN: session.roleARN, name: "access-grants-\(UUID().uuidString.lowercased())",
                duration: session.duration,
                scope: SessionScope(target: session.scope, permission: session.permission)),
            now: now)
    }
}

extension S3Error {
    init(_ error: AccessGrantsError) {
        self.init(error.code, error.status, error.message)
    }
}

extension HTTPField.Name {
    static let accountID = Self(known: "x-amz-account-id")
    static let sandboxFault = Self(known: "x-sandbox-fault")
    static let amzRetryAfter = Self(known: "x-amz-retry-after")
    static let expectedBucketOwner = Self(known: "x-amz-expected-bucket-owner")
}
