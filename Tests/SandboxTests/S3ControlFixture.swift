import Foundation
import GRDB
import SigV4
import Synchronization
import Testing
import XML

@testable import Sandbox

/// S3 Access Grants on a database in memory, in a world of a few accounts, roles and buckets.
final class AccessGrantsFixture: Sendable {
    static let account = "111122223333"
    static let otherAccount = "444455556666"
    static let region = "eu-west-1"
    static let role = "arn:aws:iam::111122223333:role/vend"
    static let analyst = "arn:aws:iam::111122223333:role/team/analyst"
    static let outsider = "arn:aws:iam::444455556666:role/outsider"
    static let administrator = CallerFixture(account: account, principalARN: "arn:aws:iam::111122223333:user/admin")
    static let start: Milliseconds = 1_795_226_400_123

    let queue: DatabaseQueue
    let limits: AccessGrantsLimits
    let surroundings: WorldFixture
    private let clock = Mutex(AccessGrantsFixture.start)
    private let counter = Mutex(0)

    init(limits: AccessGrantsLimits = AccessGrantsLimits(), surroundings: WorldFixture = WorldFixture()) throws {
        queue = try DatabaseQueue()
        self.limits = limits
        self.surroundings = surroundings
        try queue.write { try $0.execute(sql: AccessGrantsSchema.sql) }
    }

    func advance(by milliseconds: Milliseconds) { clock.withLock { $0 += milliseconds } }

    /// What one request answers, as `status code` for an error.
    func send(
        _ operation: AccessGrantsOperation, _ target: String = "", query: [(String, String)] = [], body: String = "",
        as caller: CallerFixture = administrator, account: String = account, region: String = region
    ) throws -> AccessGrantsAnswer {
        let id = counter.withLock {
            $0 += 1
            return $0
        }
        return try queue.write { database in
            try AccessGrantsCall(
                route: AccessGrantsRoute(operation: operation, target: target), account: account, region: region,
                caller: caller, query: AccessGrantsQuery(query), body: Array(body.utf8), now: clock.withLock { $0 },
                limits: limits, store: AccessGrantsStore(database: database), surroundings: surroundings,
                makeID: { "00000000-0000-4000-8000-\(String(1_000_000_000_000 + id).dropFirst())" }
            ).answer()
        }
    }

    /// The document of a request that must succeed.
    func document(
        _ operation: AccessGrantsOperation, _ target: String = "", query: [(String, String)] = [], body: String = "",
        as caller: CallerFixture = administrator, account: String = account
    ) throws -> XMLElement {
        try XMLReader.read(
            try send(operation, target, query: query, body: body, as: caller, account: account).body)
    }

    /// The error of a request that must fail; nil where it did not.
    func failure(
        _ operation: AccessGrantsOperation, _ target: String = "", query: [(String, String)] = [], body: String = "",
        as caller: CallerFixture = administrator, account: String = account, region: String = region
    ) throws -> AccessGrantsError? {
        do {
            _ = try send(operation, target, query: query, body: body, as: caller, account: account, region: region)
            return nil
        } catch let error as AccessGrantsError {
            return error
        }
    }

    func makeInstance(account: String = account, as caller: CallerFixture = administrator) throws {
        _ = try send(.createInstance, as: caller, account: account)
    }

    /// The id of a new location.
    @discardableResult
    func makeLocation(_ scope: String, role: String = role) throws -> String {
        let document = try document(.createLocation, body: Self.location(scope, role: role))
        return try #require(document["AccessGrantsLocationId"])
    }

    /// The id of a new grant.
    @discardableResult
    func makeGrant(
        _ location: String, _ subPrefix: String?, _ permission: String = "READ", to grantee: String = analyst,
        kind: String = "IAM", more: String = ""
    ) throws -> String {
        let document = try document(
            .createGrant, body: Self.grant(location, subPrefix, permission, to: grantee, kind: kind, more: more))
        return try #require(document["AccessGrantId"])
    }

    static func location(_ scope: String, role: String = role, more: String = "") -> String {
        """
        <CreateAccessGrantsLocationRequest xmlns="http://awss3control.amazonaws.com/doc/2018-08-20/">\
        <IAMRoleArn>\(role)</IAMRoleArn><LocationScope>\(scope)</LocationScope>\(more)\
        </CreateAccessGrantsLocationRequest>
        """
    }

    static func grant(
        _ location: String, _ subPrefix: String?, _ permission: String = "READ", to grantee: String = analyst,
        kind: String = "IAM", more: String = ""
    ) -> String {
        let configuration = subPrefix.map {
            "<AccessGrantsLocationConfiguration><S3SubPrefix>\($0)</S3SubPrefix></AccessGrantsLocationConfiguration>"
        }
        return """
            <CreateAccessGrantRequest xmlns="http://awss3control.amazonaws.com/doc/2018-08-20/">\
            <AccessGrantsLocationId>\(location)</AccessGrantsLocationId>\(configuration ?? "")\
            <Grantee><GranteeType>\(kind)</GranteeType><GranteeIdentifier>\(grantee)</GranteeIdentifier></Grantee>\
            <Permission>\(permission)</Permission>\(more)</CreateAccessGrantRequest>
            """
    }

    static func policy(_ document: String) -> String {
        let text = document.replacing("\"", with: "&#34;")
        return """
            <PutAccessGrantsInstanceResourcePolicyRequest><Policy>\(text)</Policy>\
            </PutAccessGrantsInstanceResourcePolicyRequest>
            """
    }
}

struct CallerFixture: AccessGrantsCaller {
    var account: String
    var principalARN: String
    var directory: [Grantee] = []
    var applicationARN: String?
    /// Actions its own policies refuse.
    var refused: Set<String> = []

    var identities: [Grantee] { [Grantee(kind: .iam, trusted: principalARN)] + directory }

    func allows(_ action: String, on resource: String) -> Bool { !refused.contains(action) }

    static let analyst = CallerFixture(
        account: AccessGrantsFixture.account, principalARN: AccessGrantsFixture.analyst)
    static let outsider = CallerFixture(
        account: AccessGrantsFixture.otherAccount, principalARN: AccessGrantsFixture.outsider)
}

/// Buckets `lake` and `logs` in the fixture's Region and `far` in another; two accounts' principals.
final class WorldFixture: AccessGrantsSurroundings {
    let sessions = Mutex<[DataAccessSession]>([])
    let roles: Mutex<[String: LocationRole]>

    init() {
        let trusted = LocationRole(createdAt: 0, maximumSessionDuration: 7200, trustsAccessGrants: true)
        let untrusting = LocationRole(createdAt: 0, maximumSessionDuration: 3600, trustsAccessGrants: false)
        roles = Mutex([
            AccessGrantsFixture.role: trusted,
            "arn:aws:iam::111122223333:role/other": trusted,
            "arn:aws:iam::444455556666:role/outsider": trusted,
            "arn:aws:iam::111122223333:role/untrusting": untrusting,
            "arn:aws:iam::111122223333:role/fresh": LocationRole(
                createdAt: AccessGrantsFixture.start, maximumSessionDuration: 3600, trustsAccessGrants: true),
        ])
    }

    func bucket(_ name: String, _ database: Database) -> (owner: String, region: String)? {
        switch name {
        case "lake", "logs": (AccessGrantsFixture.account, AccessGrantsFixture.region)
        case "far": (AccessGrantsFixture.account, "us-east-1")
        default: nil
        }
    }

    func role(_ arn: String, _ database: Database) -> LocationRole? { roles.withLock { $0[arn] } }

    func principalExists(_ arn: IAMPrincipalARN, _ database: Database) -> Bool? {
        guard arn.account == AccessGrantsFixture.account else { return nil }
        return ["analyst", "vend", "admin", "other"].contains(arn.name)
    }

    func vend(_ session: DataAccessSession, _ database: Database) -> AWSCredentials {
        sessions.withLock { $0.append(session) }
        return AWSCredentials(
            accessKeyID: "ASIA", secretAccessKey: Secret("secret"), sessionToken: "token",
            expiration: Date(timeIntervalSince1970: 1_795_230_000))
    }
}
