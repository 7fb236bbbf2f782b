import Foundation
import HTTPTypes
import Logging
import SigV4
import Synchronization
import Transport
import XML

@testable import Sandbox

/// A sandbox that serves for the length of a test, and a client that signs what it sends.
struct SandboxClient {
    static let start = Date(timeIntervalSince1970: 1_795_226_400)

    let port: Int
    let clock: TestClock
    var credentials = AWSCredentials(
        accessKeyID: SandboxDefaults.adminAccessKeyID,
        secretAccessKey: Secret(SandboxDefaults.adminSecretAccessKey))
    var region = SandboxDefaults.region
    private let transport: CurlTransport

    /// Runs `body` beside a sandbox on a free port of the loopback interface.
    static func run(
        directory: String? = nil, users: [SandboxUser] = [], faults: Bool = false, throttleRate: Int? = nil,
        bucketDomain: String? = nil, clock: TestClock = TestClock(),
        _ body: (SandboxClient) async throws -> Void
    ) async throws {
        var logger = Logger(label: "sandbox")
        logger.logLevel = .critical
        let sandbox = try await Sandbox(
            configuration: SandboxConfiguration(
                directory: directory, users: users, bucketDomain: bucketDomain, faultsEnabled: faults,
                throttleRate: throttleRate, clock: { clock.now }),
            logger: logger)
        let serving = Task { try await sandbox.run() }  // Ended below, and awaited there.
        do {
            guard let port = await sandbox.boundPort else { throw NotListening() }
            let transport = try CurlTransport()
            defer { transport.shutdown() }
            try await body(SandboxClient(port: port, clock: clock, transport: transport))
        } catch {
            serving.cancel()
            _ = await serving.result
            throw error
        }
        serving.cancel()
        _ = await serving.result
        try sandbox.close()
    }

    struct NotListening: Error {}

    private init(port: Int, clock: TestClock, transport: CurlTransport) {
        self.port = port
        self.clock = clock
        self.transport = transport
    }

    func with(_ credentials: AWSCredentials) -> SandboxClient {
        var client = self
        client.credentials = credentials
        return client
    }

    func at(_ region: String) -> SandboxClient {
        var client = self
        client.region = region
        return client
    }

    /// Sends a request as it is.
    func sendUnsigned(
        _ method: HTTPRequest.Method, _ target: String, headers: HTTPFields = [:], body: [UInt8] = []
    ) async throws -> DocumentResponse {
        try await transport.send(
            DocumentRequest(request(method, target, headers), body: body, timeout: .seconds(300)))
    }

    func request(_ method: HTTPRequest.Method, _ target: String, _ headers: HTTPFields = [:]) -> HTTPRequest {
        HTTPRequest(
            method: method, scheme: "http", authority: "127.0.0.1:\(port)", path: target, headerFields: headers)
    }

    func send(
        _ method: HTTPRequest.Method, _ target: String, headers: HTTPFields = [:], body: String = ""
    ) async throws -> DocumentResponse {
        try await send(method, target, headers: headers, bytes: Array(body.utf8))
    }

    func send(
        _ method: HTTPRequest.Method, _ target: String, headers: HTTPFields = [:], bytes: [UInt8],
        payload: PayloadHash? = nil, signedAt date: Date? = nil
    ) async throws -> DocumentResponse {
        let signer = Signer(credentials: credentials, region: region, service: "s3")
        let signed = signer.sign(
            request(method, target, headers), payload: payload ?? .body(bytes), at: date ?? clock.now)
        return try await transport.send(DocumentRequest(signed, body: bytes, timeout: .seconds(300)))
    }

    /// A call of STS.
    func sts(_ form: String) async throws -> DocumentResponse {
        let signer = Signer(credentials: credentials, region: region, service: "sts")
        let request = request(.post, "/", [.contentType: "application/x-www-form-urlencoded; charset=utf-8"])
        let bytes = Array(form.utf8)
        return try await transport.send(
            DocumentRequest(signer.sign(request, payload: .body(bytes), at: clock.now), body: bytes))
    }

    /// A role's session.
    func assuming(_ role: String, parameters: String = "") async throws -> SandboxClient {
        let answer = try await sts(
            "Action=AssumeRole&Version=2011-06-15&RoleArn=\(URIEncoding.encode(role))&RoleSessionName=test\(parameters)"
        )
        return with(try Self.credentials(XMLReader.read(answer.body).child("AssumeRoleResult")))
    }

    static func credentials(_ result: XMLElement?) throws -> AWSCredentials {
        guard let credentials = result?.child("Credentials"), let id = credentials["AccessKeyId"],
            let secret = credentials["SecretAccessKey"]
        else { throw NotListening() }
        return AWSCredentials(
            accessKeyID: id, secretAccessKey: Secret(secret), sessionToken: credentials["SessionToken"])
    }
}

/// A clock that stands still until a test moves it.
final class TestClock: Sendable {
    private let date = Mutex(SandboxClient.start)

    var now: Date { date.withLock { $0 } }

    func advance(by seconds: Double) { date.withLock { $0 += seconds } }
}

extension DocumentResponse {
    var text: String { String(decoding: body, as: UTF8.self) }

    /// `200`, or `403 AccessDenied` where the body is an error document of either form.
    var summary: String {
        guard let document = try? XMLReader.read(body) else { return "\(status.code)" }
        let code = document.name == "Error" ? document["Code"] : document["Error", "Code"]
        return code.map { "\(status.code) \($0)" } ?? "\(status.code)"
    }

    var keys: [String] {
        (try? XMLReader.read(body))?.children("Contents").compactMap { $0["Key"] } ?? []
    }
}
