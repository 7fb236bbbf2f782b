import HTTPTypes
import NIOCore
import Synchronization
import Testing

@testable import Transport

/// Object bodies over the wire.
@Suite struct StreamingTransportTests {
    private func request(
        _ server: WireServer, _ path: String = "/", method: HTTPRequest.Method = .get, body: ObjectUpload = .none
    ) -> ObjectRequest {
        ObjectRequest(HTTPRequest(method: method, scheme: "http", authority: server.authority, path: path), body: body)
    }

    /// Runs `body` with a transport that is shut down afterwards.
    private func run(
        _ options: StreamingTransport.Options = .init(), _ body: (StreamingTransport) async throws -> Void
    ) async throws {
        let transport = try StreamingTransport(options)
        do { try await body(transport) } catch {
            await transport.shutdown()
            throw error
        }
        await transport.shutdown()
    }

    @Test(arguments: [
        "/", "/a/../b", "/./a//b/", "/a%2Fb%20c?x=%2F&y&z=", "/%E2%82%AC", "/~a-b_c.d", "/a%00b", "/%25",
        "/;:@&=$,'()*!?a=b?c",
    ])
    func `a path and query go out as they are, with the host as it is given`(_ path: String) async throws {
        try await WireServer.run { _ in
            .ok("answer", fields: ["ETag: \"e\""])
        } _: { server in
            try await run { transport in
                let answer = try await transport.send(request(server, path))
                #expect(answer.status == .ok && answer.headerFields[.eTag] == "\"e\"")
                #expect(try await answer.body.collect(upTo: 100) == Array("answer".utf8))
            }
            #expect(server.requests.map(\.line) == ["GET \(path) HTTP/1.1"])
            #expect(server.requests.first?.fields.filter { $0.lowercased().hasPrefix("host:") }.count == 1)
        }
    }

    private struct Parts: AsyncIteratorProtocol {
        var parts: [String]
        var failure: (any Error)?

        mutating func next() async throws -> ByteBuffer? {
            if parts.isEmpty {
                if let failure { throw failure }
                return nil
            }
            return ByteBuffer(string: parts.removeFirst())
        }
    }

    @Test func `a stream goes out whole, with its length`() async throws {
        try await WireServer.run { _ in
            .ok()
        } _: { server in
            try await run { transport in
                let body = ObjectUpload.stream(length: 6) { Parts(parts: ["abc", "def"]) }
                _ = try await transport.send(request(server, "/x", method: .put, body: body))
            }
            #expect(server.requests.map(\.body) == [Array("abcdef".utf8)])
            let fields = server.requests.first?.fields.map { $0.lowercased() } ?? []
            #expect(fields.contains("content-length: 6") && !fields.contains { $0.hasPrefix("transfer-encoding") })
        }
    }

    private struct Broken: Error, Equatable {}

    @Test func `a stream that fails leaves the server with less than was announced, and its error is thrown`()
        async throws
    {
        try await WireServer.run { _ in
            .ok()
        } _: { server in
            try await run { transport in
                let body = ObjectUpload.stream(length: 6) { Parts(parts: ["abc"], failure: Broken()) }
                await #expect(throws: Broken.self) {
                    _ = try await transport.send(request(server, "/x", method: .put, body: body))
                }
            }
            #expect(server.requests == [])
        }
    }

    /// What was done with an upload.
    private final class UploadLog: Sendable {
        struct Counts: Sendable, Equatable {
            var begun = 0
            var ended = 0
        }

        private let counted = Mutex(Counts())
        var counts: Counts { counted.withLock(\.self) }

        func begin() -> Int {
            counted.withLock { counts in
                counts.begun += 1
                return counts.begun
            }
        }

        func end() { counted.withLock { $0.ended += 1 } }
    }

    /// Three parts; the second comes when a gate is opened.
    private struct PausedParts: AsyncIteratorProtocol {
        let gate: Gate
        let log: UploadLog

        mutating func next() async throws -> ByteBuffer? {
            if log.begin() == 2 { await gate.wait() }
            log.end()
            return ByteBuffer(string: "abc")
        }
    }

    @Test(arguments: ["412 Precondition Failed", "200 OK"])
    func `once an answer that came before the body's end is given nothing of the body is being read`(
        status: String
    ) async throws {
        try await WireServer.run { request in
            .keepAlive("HTTP/1.1 \(status)\r\nContent-Length: 3\r\n\r\nno!")
        } _: { server in
            try await run { transport in
                let (gate, log, answered) = (Gate(), UploadLog(), UploadLog())
                var early = request(
                    server, method: .put, body: .stream(length: 9) { PausedParts(gate: gate, log: log) })
                early.head.headerFields[try #require(HTTPField.Name("X-Answer"))] = "early"
                let answer = Task { [early] in
                    let answer = try await transport.send(early)
                    answered.end()
                    return (answer, log.counts)
                }
                await gate.visited()
                // While these go back and forth, the early answer arrives.
                for _ in 0..<20 { _ = try await transport.send(request(server)).body.collect(upTo: 3) }
                #expect(answered.counts.ended == 0)
                gate.open()
                let (response, counts) = try await answer.value
                #expect(String(response.status.code) == status.prefix(3))
                #expect(counts == UploadLog.Counts(begun: 2, ended: 2))
                if response.status != .ok { #expect(try await response.body.collect(upTo: 3) == Array("no!".utf8)) }
                for _ in 0..<20 { _ = try await transport.send(request(server)).body.collect(upTo: 3) }
                #expect(log.counts == counts)
            }
        }
    }

    @Test func `redirects and errors are answers`() async throws {
        for status in ["301 Moved", "307 Temporary", "404 Not Found", "500 Oh"] {
            try await WireServer.run { _ in
                .keepAlive("HTTP/1.1 \(status)\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 1\r\n\r\nx")
            } _: { server in
                try await run { transport in
                    let answer = try await transport.send(request(server))
                    #expect(String(answer.status.code) == status.prefix(3))
                }
            }
        }
    }

    @Test func `a body cut short is an error, not an end`() async throws {
        try await WireServer.run { _ in
            .close("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        } _: { server in
            try await run { transport in
                let answer = try await transport.send(request(server))
                await #expect(throws: TransportError.self) { _ = try await answer.body.collect(upTo: 100) }
            }
        }
    }

    @Test func `nobody there, and a refused connection, are told apart from an answer`() async throws {
        let port = try await WireServer.refusingPort()
        try await run { transport in
            let head = HTTPRequest(method: .get, scheme: "http", authority: "127.0.0.1:\(port)", path: "/")
            let error = await #expect(throws: TransportError.self) { _ = try await transport.send(ObjectRequest(head)) }
            #expect(error?.mayHaveReachedServer == false, "\(String(describing: error))")
        }
    }

    @Test func `cancelling while the answer is awaited ends the transfer`() async throws {
        let gate = Gate()
        try await WireServer.run { _ in
            await gate.wait()
            return .close("")
        } _: { server in
            try await run { transport in
                let task = Task { try await transport.send(request(server)) }
                await gate.visited()
                task.cancel()
                let result = await task.result
                #expect(throws: TransportError.self) { _ = try result.get() }
                gate.open()
            }
        }
    }

    @Test(
        arguments: [
            ([:], "http", "s3.test", nil), (["http_proxy": "http://p:3128"], "http", "s3.test:80", "p:3128"),
            (["HTTP_PROXY": "http://p:3128"], "http", "s3.test", nil),
            (["HTTPS_PROXY": "p:3128"], "https", "s3.test", "p:3128"),
            (["ALL_PROXY": "p"], "https", "s3.test", "p:1080"),
            (["https_proxy": "https://p:1"], "https", "s3.test", nil),
            (["http_proxy": "p:1", "NO_PROXY": "other, .test"], "http", "s3.test:9000", nil),
            (["http_proxy": "p:1", "no_proxy": "127.0.0.1"], "http", "127.0.0.1:9000", nil),
            (["http_proxy": "p:1", "no_proxy": "::1"], "http", "[::1]:9000", nil),
            (["http_proxy": "p:1", "no_proxy": "3.test"], "http", "s3.test", "p:1"),
            (["http_proxy": "p:1", "no_proxy": "*"], "http", "s3.test", nil),
        ] as [([String: String], String, String, String?)])
    func `proxies are found as libcurl finds them`(
        environment: [String: String], scheme: String, authority: String, expected: String?
    ) {
        let proxy = ProxyRules(environment: environment).proxy(scheme: scheme, authority: authority)
        #expect(proxy.map { "\($0.host):\($0.port)" } == expected)
    }

    @Test func `a proxy's user and password are decoded`() {
        let rules = ProxyRules(environment: ["http_proxy": "http://us%20er:p%40ss@p:3128/"])
        #expect(rules.http?.credentials == "dXMgZXI6cEBzcw==")
        #expect(rules.http?.host == "p")
    }
}
