import Domain
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import API

/// The API on a new database and an AWS that does as told; time stands still until it is moved.
final class RequestStage: Sendable {
    static let adminKey = "admin-key-0000000000000000000000000000000000"
    static let secret = "SecretAccessKeyThatNobodyMaySee000000000"

    let store: TemporaryStore
    let audit: any AuditRepository
    let aws: FakeAccessGrantsService
    let changes = IntegrationChanges()
    private let clock: any Clock<Duration>
    private let wakes = Mutex(0)
    private let time = Mutex(Fixtures.now)
    private let randomCount = Mutex<UInt8>(0)

    var now: Date { time.withLock(\.self) }
    func advance(by seconds: TimeInterval) { time.withLock { $0.addTimeInterval(seconds) } }

    var integrations: any IntegrationRepository { store.integrations }
    var identities: any IdentityRepository { store.identities }
    var dataSources: any DataSourceRepository { store.dataSources }
    /// How often the worker was given something to do.
    var wakeCount: Int { wakes.withLock(\.self) }

    init(
        aws: FakeAccessGrantsService = FakeAccessGrantsService(),
        audit: (any AuditRepository)? = nil, clock: any Clock<Duration> = ContinuousClock()
    ) async throws {
        self.aws = aws
        self.clock = clock
        store = try await TemporaryStore()
        self.audit = audit ?? store.audit
        try await addKey(Self.adminKey, userid: "admin", Set(Permission.allCases))
    }

    @discardableResult
    func addKey(
        _ key: String, userid: String, _ permissions: Set<Permission>, expiresAt: Date? = nil
    ) async throws -> APIKey {
        let user = try await identities.insertUser(
            iamid: "bim", userid: userid, profile: .init(name: userid), permissions: permissions, now: now)
        return try await identities.insertKey(
            Credential.hash(key), user: user.id, name: "test", expiresAt: expiresAt, now: now)
    }

    /// Integration 1, as `Body.integration()` asks for it.
    func addCreatingIntegration() async throws {
        _ = try await integrations.insert(
            Fixtures.newIntegration(Fixtures.configuration(path: "s3://research/"), now: now), answer: nil)
    }

    /// The worker's part for integration 1.
    func finishCreation() async throws {
        var integration = try #require(await integrations.integration(IntegrationID(1), includingDeleted: true))
        integration.locationWasMade(Fixtures.made(), at: integration.configuration.path, now: now)
        try await integrations.save(integration)
    }

    func addEnabledIntegration() async throws {
        try await addCreatingIntegration()
        try await finishCreation()
    }

    private func nextRandom(_ count: Int) -> [UInt8] {
        let value = randomCount.withLock { number in
            number += 1
            return number
        }
        return Array(repeating: value, count: count)
    }

    var dependencies: APIDependencies {
        APIDependencies(
            integrations: integrations, dataSources: dataSources, identities: identities, audit: audit,
            validator: IntegrationValidator(service: aws), drift: FakeDriftInspector(),
            externalIDs: FixedExternalIDSource(), changes: changes, wake: { self.wakes.withLock { $0 += 1 } },
            environment: APIEnvironment(
                now: { self.now }, clock: clock, randomBytes: { self.nextRandom($0) }))
    }

    func run<Value>(_ body: @Sendable (any TestClientProtocol) async throws -> Value) async throws -> Value {
        try await Application(router: apiRouter(dependencies)).test(.router, body)
    }
}

/// An answer with its body read by Foundation, not by our reader.
struct Answer {
    var status: Int
    var headers: HTTPFields
    var text: String
    var json: Any?

    init(_ response: TestResponse) {
        status = response.status.code
        headers = response.headers
        text = String(buffer: response.body)
        json = try? JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
    }

    var members: [String: Any] { json as? [String: Any] ?? [:] }
    var message: String? { members["message"] as? String }

    /// `path: message` of every fault.
    var faults: [String]? {
        (members["validation"] as? [[String: String]])?.map { "\($0["path"] ?? "?"): \($0["message"] ?? "?")" }
    }

    /// As hapi's boom spells them.
    private static let reasons = [
        400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
        409: "Conflict", 412: "Precondition Failed", 413: "Request Entity Too Large", 415: "Unsupported Media Type",
        422: "Unprocessable Entity", 500: "Internal Server Error", 503: "Service Unavailable",
    ]

    /// What is wrong with its shape as an error; empty when it is right.
    var shapeFaults: [String] {
        var faults: [String] = []
        if members["statusCode"] as? Int != status { faults.append("statusCode") }
        if members["error"] as? String != Self.reasons[status] { faults.append("error") }
        if message == nil { faults.append("message") }
        let id = headers[.requestID]
        if id == nil || members["requestId"] as? String != id { faults.append("requestId") }
        if status == 401, headers[.wwwAuthenticate] != "Bearer" { faults.append("www-authenticate") }
        return faults
    }
}

extension TestClientProtocol {
    func send(
        _ method: HTTPRequest.Method, _ uri: String, _ body: String? = nil, key: String? = RequestStage.adminKey,
        headers: [(String, String)] = []
    ) async throws -> Answer {
        try await send(method, uri, bytes: body.map { Array($0.utf8) }, key: key, headers: headers)
    }

    func send(
        _ method: HTTPRequest.Method, _ uri: String, bytes: [UInt8]?, key: String? = RequestStage.adminKey,
        headers: [(String, String)] = []
    ) async throws -> Answer {
        var fields = HTTPFields()
        if let key { fields[.authorization] = key }
        if bytes != nil { fields[.contentType] = "application/json" }
        for (name, value) in headers { fields[try #require(HTTPField.Name(name))] = value }
        return Answer(
            try await execute(uri: uri, method: method, headers: fields, body: bytes.map { ByteBuffer(bytes: $0) }))
    }
}

/// Request bodies as text, member by member.
enum Body {
    static let config: [(String, String)] = [
        ("name", #""research""#), ("awsAccountId", #""123456789012""#), ("awsRegion", #""eu-west-1""#),
        ("awsLocationRole", #""arn:aws:iam::123456789012:role/access-grants-location""#),
        ("awsLocationPath", #""s3://research/""#), ("authenticationType", #""auto""#),
    ]

    /// - Parameter changes: raw JSON by member; `nil` leaves it out.
    static func config(_ changes: [String: String?] = [:]) -> String {
        let members =
            config.filter { changes[$0.0] == nil }
            + changes.sorted { $0.key < $1.key }.compactMap { key, value in
                value.map { (key, $0) }
            }
        return "{" + members.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}"
    }

    static func integration(_ changes: [String: String?] = [:], type: String = #""Native S3""#) -> String {
        #"{"type":\#(type),"autoBootstrap":false,"config":\#(config(changes))}"#
    }

    static func accessKey(secret: String = RequestStage.secret) -> String {
        integration([
            "authenticationType": #""accessKey""#, "awsAccessKeyId": #""AKIAIOSFODNN7EXAMPLE""#,
            "awsSecretAccessKey": "\"\(secret)\"",
        ])
    }
}
