import Foundation
import HTTPTypes
import Testing
import Transport

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}

@Suite(.enabled("python3 and openssl make and serve the certificates") { await TLSServers.shared != nil })
struct TLSTests {
    struct Case: Sendable {
        var certificate: String
        /// Whose certificate is trusted; `nil` for the system's authorities.
        var bundle: String?
    }

    private func post(_ authority: String, bundle: String?, http2: Bool = true) async throws -> DocumentResponse {
        let transport = try CurlTransport(.init(caBundle: bundle, proxy: .none, allowsHTTP2: http2))
        defer { transport.shutdown() }
        return try await transport.send(request(authority))
    }

    private func request(_ authority: String, _ body: String = "<Request/>") -> DocumentRequest {
        DocumentRequest(
            HTTPRequest(method: .post, scheme: "https", authority: authority, path: "/"), body: Array(body.utf8))
    }

    @Test func `a server is trusted by the authorities in the bundle`() async throws {
        let servers = try #require(await TLSServers.shared)
        let answer = try await post(servers.authority("valid"), bundle: servers.file("authority"))
        #expect(answer.status == .ok)
        #expect(answer.body == Array("<Request/>".utf8))
    }

    @Test(arguments: [
        Case(certificate: "valid", bundle: nil), Case(certificate: "valid", bundle: "stranger"),
        Case(certificate: "valid", bundle: "missing-file"), Case(certificate: "expired", bundle: "authority"),
        Case(certificate: "other-host", bundle: "authority"),
    ])
    func `a certificate of a stranger, of another host or of the past is refused before anything is sent`(
        _ testCase: Case
    ) async throws {
        let servers = try #require(await TLSServers.shared)
        let error = await #expect(throws: TransportError.self) {
            try await post(
                servers.authority(testCase.certificate), bundle: testCase.bundle.map { servers.file($0) })
        }
        guard case .tls? = error else {
            Issue.record("\(testCase): \(String(describing: error))")
            return
        }
        #expect(error?.mayHaveReachedServer == false)
    }

    @Test func `streams trust and refuse the same servers`() async throws {
        let servers = try #require(await TLSServers.shared)
        for (certificate, bundle, isTrusted) in [
            ("valid", "authority", true), ("valid", "stranger", false), ("expired", "authority", false),
            ("other-host", "authority", false),
        ] {
            let transport = try StreamingTransport(.init(caBundle: servers.file(bundle)))
            let authority = servers.authority(certificate)
            let head = HTTPRequest(method: .post, scheme: "https", authority: authority, path: "/")
            let answer = await Result {
                let answer = try await transport.send(ObjectRequest(head, body: .bytes(Array("<Request/>".utf8))))
                return try await answer.body.collect(upTo: 100)
            }
            await transport.shutdown()
            switch answer {
            case .success(let body): #expect(isTrusted && body == Array("<Request/>".utf8), "\(certificate)")
            case .failure(let error):
                #expect(!isTrusted, "\(certificate): \(error)")
                #expect((error as? TransportError)?.mayHaveReachedServer == false, "\(certificate): \(error)")
            }
        }
        let error = #expect(throws: TransportError.self) {
            try StreamingTransport(.init(caBundle: servers.file("missing-file")))
        }
        guard case .tls? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func `a refusal does not spoil the transport for trusted servers`() async throws {
        let servers = try #require(await TLSServers.shared)
        let transport = try CurlTransport(.init(caBundle: servers.file("authority"), proxy: .none))
        defer { transport.shutdown() }
        for _ in 0..<3 {
            await #expect(throws: TransportError.self) {
                try await transport.send(request(servers.authority("expired")))
            }
            #expect(try await transport.send(request(servers.authority("valid"))).status == .ok)
        }
    }

    @Test(.enabled(if: TLSServers.isNodeThere, "Node serves HTTP/2"), arguments: [(true, "2.0"), (false, "1.1")])
    func `HTTP/2 is spoken where both sides allow it`(_ isAllowed: Bool, _ version: String) async throws {
        let servers = try #require(await TLSServers.shared)
        let server = try await ScriptedServer(
            "node", "http2_server.js", [servers.file("valid"), servers.file("valid", "key")])
        let port = String(decoding: server.greeting, as: UTF8.self).prefix { $0.isNumber }
        let transport = try CurlTransport(
            .init(caBundle: servers.file("authority"), proxy: .none, allowsHTTP2: isAllowed))
        defer { transport.shutdown() }
        let protocolName = try #require(HTTPField.Name("x-protocol"))
        let connectionName = try #require(HTTPField.Name("x-connection"))
        var connections: Set<String?> = []
        for number in 0..<5 {
            let body = String(repeating: "\(number)", count: 100_000)
            let answer = try await transport.send(request("127.0.0.1:\(port)", body))
            #expect(answer.status == .ok)
            #expect(answer.body == Array(body.utf8))
            #expect(answer.headerFields[protocolName] == version)
            connections.insert(answer.headerFields[connectionName])
        }
        #expect(connections.count == 1)
        // The connection is used, and now many requests at once go through it.
        let transportForAll = transport
        try await withThrowingTaskGroup(of: String?.self) { group in
            for number in 0..<20 {
                group.addTask {
                    try await transportForAll.send(request("127.0.0.1:\(port)", "\(number)")).headerFields[protocolName]
                }
            }
            for try await answered in group { #expect(answered == version) }
        }
    }

    @Test func `a server that does not speak TLS is told apart`() async throws {
        try await WireServer.run { _ in
            .close("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        } _: { server in
            let error = await #expect(throws: TransportError.self) {
                try await post(server.authority, bundle: nil)
            }
            #expect(error?.mayHaveReachedServer == false)
            #expect(server.requests == [])
        }
    }
}
