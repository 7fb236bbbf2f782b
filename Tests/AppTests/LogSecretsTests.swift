import Foundation
import HTTPTypes
import Logging
import ServiceLifecycle
import Synchronization
import Testing
import Transport

@testable import App

/// The server and its embedded AWS, logging everything, while callers do right and wrong with secrets.
@Suite struct LogSecretsTests {
    private static let bootstrapKey = "canary-bootstrap-key-0123456789abcdefghij"
    private static let masterKey = Data((0..<32).map { UInt8($0 ^ 0x5A) }).base64EncodedString()

    @Test func `the recorder sees messages and metadata of every level`() {
        let recorder = LogRecorder()
        var logger = recorder.logger
        logger[metadataKey: "own"] = "canary-1"
        logger.trace("canary-2", metadata: ["given": ["nested": "canary-3"]])
        #expect(recorder.lines.count == 1)
        #expect(["canary-1", "canary-2", "canary-3"].allSatisfy { recorder.lines.joined().contains($0) })
        #expect(LogSecretsTests.suspicious(in: ["info a b c=\(String(repeating: "a1/", count: 60))"]).count == 1)
        #expect(LogSecretsTests.suspicious(in: ["info Authorization: AWS4-HMAC-SHA256 Credential=A"]).count == 1)
    }

    @Test func `settings that are printed tell no secret`() async throws {
        let settings = try await settings(endpoint: "http://127.0.0.1:1", folder: URL(filePath: "/nowhere"))
        var dumped = ""
        dump((settings, [settings]), to: &dumped)
        for text in ["\(settings)", String(reflecting: settings), String(describing: [settings]), dumped] {
            #expect(text.contains("http://127.0.0.1:1"))
            for secret in [Self.bootstrapKey, Self.masterKey, "sandbox-admin-secret"] {
                #expect(!text.contains(secret), "\(text)")
            }
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func `no line holds a secret, whatever is asked and whatever fails`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sluice-log-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let recorder = LogRecorder()
        let canaries = Mutex<[String]>([])
        let aws = try await EmbeddedAWS(directory: nil, faults: true, logger: recorder.logger)
        let sandbox = ServiceGroup(services: [aws], logger: recorder.logger)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await sandbox.run() }
            let endpoint = try await aws.address.description
            let (addresses, ready) = AsyncStream.makeStream(of: ServerAddress.self)
            let server = Server(
                settings: try await settings(endpoint: endpoint, folder: folder), metrics: PrometheusRegistry(),
                logger: recorder.logger)
            let group = try await server.group(signals: []) { address in
                ready.yield(address)
                ready.finish()
            }
            tasks.addTask {
                defer { ready.finish() }
                try await group.run()
            }
            for await address in addresses {
                let callers = try Callers(server: address.description, sandbox: endpoint, key: Self.bootstrapKey)
                let secrets = try await callers.perform()
                canaries.withLock { $0 = secrets }
            }
            await group.triggerGracefulShutdown()
            await sandbox.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        let secrets = canaries.withLock(\.self) + [Self.bootstrapKey, Self.masterKey]
        #expect(secrets.count > 10)
        for line in recorder.lines {
            let told = secrets.filter { line.contains($0) }
            #expect(told == [], "\(line)")
        }
        #expect(Self.suspicious(in: recorder.lines) == [])
        // What must be there, or nothing was proved.
        for text in ["a step towards AWS failed", "an integration changed its status", "API key made"] {
            #expect(recorder.lines.contains { $0.contains(text) }, "no line says: \(text)")
        }
    }

    /// Lines with what belongs to signatures, or with a word so long that only a session token can be it.
    private static func suspicious(in lines: [String]) -> [String] {
        lines.filter { line in
            line.contains("AWS4-HMAC-SHA256") || line.lowercased().contains("x-amz-security-token")
                || line.split { !($0.isLetter || $0.isNumber || "+/=-_".contains($0)) }.contains { $0.count >= 120 }
        }
    }

    private func settings(endpoint: String, folder: URL) async throws -> Settings {
        let environment = EmbeddedAWS.environment(
            endpoint: endpoint,
            over: [
                Setting.httpPort.environmentName: "0",
                Setting.database.environmentName: folder.appending(path: "sluice.db").path,
                Setting.bootstrapAPIKey.environmentName: Self.bootstrapKey,
                Setting.masterKey.environmentName: Self.masterKey,
            ])
        return try Settings(try await SettingSources(environment: environment), environment: environment)
    }
}

/// Those who ask, and what they must not find in a log.
private struct Callers {
    private static let adminSecret = "sandbox-admin-secret-key-do-not-use-elsewhere"
    private static let wrongSecret = "canary-wrong-secret-0123456789ABCDEFGHIJ"
    private static let junk = "canary-junk-0123456789-secret"

    let key: String
    private let transport = Result { try CurlTransport(.init(proxy: .none)) }
    private let server: String
    private let sandbox: String

    init(server: String, sandbox: String, key: String) throws {
        self.key = key
        self.server = String(server.dropFirst("http://".count))
        self.sandbox = String(sandbox.dropFirst("http://".count))
    }

    /// Everything, in order.
    /// - Returns: the secrets that were used.
    func perform() async throws -> [String] {
        let made = try await useKeys()
        try await sendMalformed()
        try await useIntegrations()
        try transport.get().shutdown()
        return made + [Self.adminSecret, Self.wrongSecret, Self.junk, "canary-header", "canary-form", "canary-query"]
    }

    @discardableResult
    private func send(
        _ method: HTTPRequest.Method, _ path: String, _ body: String? = nil, authorization: String? = nil,
        type: String = "application/json", expecting status: Int = 200, at authority: String? = nil
    ) async throws -> [String: Any] {
        var head = HTTPRequest(method: method, scheme: "http", authority: authority ?? server, path: path)
        head.headerFields[.authorization] = authorization ?? key
        if body != nil { head.headerFields[.contentType] = type }
        let answer = try await transport.get().send(
            DocumentRequest(head, body: Array((body ?? "").utf8), timeout: .seconds(70)))
        let text = String(decoding: answer.body, as: UTF8.self)
        #expect(answer.status.code == status, "\(method) \(path): \(text)")
        return (try? JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any]) ?? [:]
    }

    private func useKeys() async throws -> [String] {
        let made = try await send(.post, "/bim/apikey", #"{"name":"canary"}"#)
        let apiKey = try #require(made["apikey"] as? String)
        var tokens: [String] = []
        for (body, type) in [
            (#"{"apikey":"\#(apiKey)"}"#, "application/json"),
            ("apikey=\(apiKey)", "application/x-www-form-urlencoded"), (nil, ""),
        ] {
            let answer = try await send(
                .post, "/bim/apikey/authenticate", body, authorization: "Bearer \(apiKey)", type: type)
            tokens.append(try #require(answer["token"] as? String))
        }
        for token in tokens { try await send(.get, "/bim/rpc/user/current", authorization: "Bearer \(token)") }
        try await send(
            .post, "/bim/apikey/authenticate", #"{"apikey":"\#(Self.junk)"}"#, expecting: 401)
        let id = try #require(made["keyid"] as? Int)
        try await send(.delete, "/bim/apikey/\(id)")
        for gone in [apiKey, tokens[0], "Basic canary-header", "Bearer canary-header"] {
            try await send(.get, "/integrations", authorization: gone, expecting: 401)
        }
        return [apiKey] + tokens
    }

    private func sendMalformed() async throws {
        let junk = Self.junk
        for path in ["/integrations", "/bim/apikey", "/bim/apikey/authenticate"] {
            try await send(.post, path, #"{"apikey":"\#(junk)"#, expecting: 400)
            try await send(.post, path, #"{"\#(junk)":{"awsSecretAccessKey":"\#(junk)"}}"#, expecting: 400)
            try await send(.post, path, #"["\#(junk)"]"#, expecting: 400)
            try await send(.post, path, "\(junk)", type: "text/plain", expecting: 415)
        }
        try await send(
            .post, "/bim/apikey/authenticate", "apikey=canary-form%zz", type: "application/x-www-form-urlencoded",
            expecting: 400)
        try await send(.get, "/integrations?apikey=canary-query", expecting: 400)
        try await send(.get, "/nothing/\(junk)", expecting: 404)
        try await send(.delete, "/integrations/1", #"{"awsSecretAccessKey":"\#(junk)"}"#, expecting: 400)
    }

    private func integration(_ name: String, secret: String = adminSecret, role: String? = nil) -> String {
        let assumed = role.map { #","awsRoleToAssume":"\#($0)""# } ?? ""
        return """
            {"type":"Native S3","autoBootstrap":false,"config":{"name":"\(name)","awsAccountId":"123456789012",\
            "awsRegion":"us-east-1","awsLocationRole":"arn:aws:iam::123456789012:role/access-grants-location",\
            "awsLocationPath":"s3://sandbox-data/\(name)/","authenticationType":"accessKey",\
            "awsAccessKeyId":"AKIASANDBOXADMIN0000","awsSecretAccessKey":"\(secret)"\(assumed)}}
            """
    }

    private func settled(_ id: String, _ wanted: String) async throws {
        let answer = try await send(.get, "/integrations/\(id)/status?wait=60")
        #expect(answer["status"] as? String == wanted)
    }

    /// Makes, edits and deletes integrations while AWS refuses, fails and hangs up.
    private func useIntegrations() async throws {
        for target in ["/integrations", "/integrations?dryRun=true"] {
            let isDry = target.contains("?")
            try await send(.post, target, integration("sales", secret: Self.wrongSecret), expecting: isDry ? 200 : 422)
        }
        try await fail("CreateAccessGrantsLocation", #""count":4,"status":503,"code":"SlowDown""#)
        let role = "arn:aws:iam::123456789012:role/sluice"
        let made = try await send(.post, "/integrations", integration("sales", role: role))
        let id = try #require(made["id"] as? String)
        try await settled(id, "enabled")
        try await send(.put, "/integrations/\(id)", integration("sales", secret: Self.wrongSecret), expecting: 422)
        try await fail("CreateAccessGrantsLocation", #""count":1,"dropAfter":true"#)
        try await send(.put, "/integrations/\(id)", integration("research", secret: "<REDACTED>", role: role))
        try await settled(id, "enabled")
        try await fail("*", #""count":30,"status":403,"code":"AccessDenied","message":"no""#)
        try await send(.post, "/integrations/\(id)/validate")
        try await send(.delete, "/integrations/\(id)", expecting: 422)
        try await fail("DeleteAccessGrantsLocation", #""count":4,"status":500,"code":"InternalError""#)
        try await send(.post, "/integrations/\(id)/scripts/delete")
        try await send(.delete, "/integrations/\(id)")
        try await settled(id, "deleted")
    }

    private func fail(_ operation: String, _ effect: String) async throws {
        try await send(
            .put, "/_sandbox/faults", #"[{"operation":"\#(operation)",\#(effect)}]"#, expecting: 204, at: sandbox)
    }
}
