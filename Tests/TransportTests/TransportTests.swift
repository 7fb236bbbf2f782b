import HTTPTypes
import Testing
import Transport

func transport(connectionsPerHost: Int = 64) throws -> CurlTransport {
    try CurlTransport(CurlTransport.Options(proxy: .none, connectionsPerHost: connectionsPerHost))
}

func document(
    _ server: WireServer, _ method: HTTPRequest.Method = .get, _ path: String = "/", fields: HTTPFields = [:],
    body: String = "", timeout: Duration = .seconds(300), limit: Int = DocumentRequest.standardResponseLimit
) -> DocumentRequest {
    DocumentRequest(
        HTTPRequest(method: method, scheme: "http", authority: server.authority, path: path, headerFields: fields),
        body: Array(body.utf8), timeout: timeout, responseLimit: limit)
}

@Suite struct ExchangeTests {
    struct Exchange: Sendable {
        var method: HTTPRequest.Method
        var body: String
        var answer: String
    }

    @Test(arguments: [
        Exchange(method: .get, body: "", answer: "got"),
        Exchange(method: .head, body: "", answer: ""),
        Exchange(method: .post, body: "<Request/>", answer: "<Result/>"),
        Exchange(method: .post, body: "", answer: "made of nothing"),
        Exchange(method: .put, body: "put", answer: ""),
        Exchange(method: .put, body: "", answer: "empty"),
        Exchange(method: .delete, body: "", answer: ""),
        Exchange(method: .patch, body: "patch", answer: "patched"),
    ])
    func `method, body and answer arrive as they are`(_ exchange: Exchange) async throws {
        try await WireServer.run { _ in
            .ok(exchange.answer)
        } _: { server in
            let transport = try transport()
            let response = try await transport.send(document(server, exchange.method, "/a", body: exchange.body))
            #expect(response.status == .ok)
            #expect(String(decoding: response.body, as: UTF8.self) == exchange.answer)
            let request = try #require(server.requests.first)
            #expect(request.line == "\(exchange.method.rawValue) /a HTTP/1.1")
            #expect(String(decoding: request.body, as: UTF8.self) == exchange.body)
            let names = request.fields.map { $0.prefix { $0 != ":" }.lowercased() }
            #expect(!names.contains("expect"))
            #expect(!names.contains("content-type"))
            let hasLength = [.post, .put, .patch].contains(exchange.method)
            #expect(names.filter { $0 == "content-length" }.count == (hasLength ? 1 : 0))
            transport.shutdown()
        }
    }

    @Test func `a body with every byte value arrives whole in both directions`() async throws {
        let text = String(String.UnicodeScalarView((0..<0x800).compactMap { Unicode.Scalar($0) }))
        let body = String(repeating: text, count: 200)
        try await WireServer.run {
            .ok(String(decoding: $0.body, as: UTF8.self))
        } _: { server in
            let response = try await transport().send(document(server, .put, body: body))
            #expect(response.body == Array(body.utf8))
        }
    }

    @Test func `header fields go round, repeated and empty ones included`() async throws {
        let fields: HTTPFields = [
            .authorization: "AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-1/s3/aws4_request",
            .contentType: "application/xml", .acceptLanguage: "", .userAgent: "sluice",
        ]
        let answered = ["x-amz-request-id:  0A1B  ", "Set-Cookie: a=1", "Set-Cookie: b=2", "X-Empty:"]
        try await WireServer.run { _ in
            .ok(fields: answered)
        } _: { server in
            let response = try await transport().send(document(server, fields: fields))
            let request = try #require(server.requests.first)
            #expect(
                Set(request.fields).isSuperset(of: [
                    "Host: \(server.authority)",
                    "Authorization: AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-1/s3/aws4_request",
                    "Content-Type: application/xml", "Accept-Language:", "User-Agent: sluice",
                ]))
            #expect(request.fields.filter { $0.lowercased().hasPrefix("host:") }.count == 1)
            #expect(
                response.headerFields.map { "\($0.name.canonicalName)=\($0.value)" } == [
                    "content-length=0", "x-amz-request-id=0A1B", "set-cookie=a=1", "set-cookie=b=2", "x-empty=",
                ])
        }
    }

    @Test(arguments: [
        "/a/../b//c", "/./", "/..", "//", "/%2e%2E/x", "/a%20b%C3%A9", "/?x=%2F&y", "/a?b=c/../d&e=?", "/*'()!~",
        "/v20180820/tags/arn%3Aaws%3As3%3A/default",
    ])
    func `a request target stays as it is`(_ path: String) async throws {
        try await WireServer.run { _ in
            .ok()
        } _: { server in
            _ = try await transport().send(document(server, .get, path))
            #expect(server.requests.map(\.line) == ["GET \(path) HTTP/1.1"])
        }
    }

    @Test(arguments: [200, 204, 301, 307, 400, 403, 404, 409, 500, 503])
    func `every status is an answer and no redirect is followed`(_ code: Int) async throws {
        try await WireServer.run { request in
            let body = code == 204 ? "" : "Content-Length: 2\r\n"
            return .keepAlive(
                "HTTP/1.1 \(code) Some Phrase\r\nLocation: /elsewhere\r\n\(body)\r\n\(code == 204 ? "" : "ab")")
        } _: { server in
            let response = try await transport().send(document(server))
            #expect(response.status.code == code)
            #expect(response.body == (code == 204 ? [] : Array("ab".utf8)))
            #expect(server.requests.count == 1)
        }
    }

    @Test func `an interim answer is skipped, chunks are joined and a trailer is dropped`() async throws {
        let bytes =
            "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
            + "Trailer: X-After\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\nX-After: 1\r\n\r\n"
        try await WireServer.run { _ in
            .keepAlive(bytes)
        } _: { server in
            let response = try await transport().send(document(server))
            #expect(
                response
                    == DocumentResponse(
                        status: .ok, headerFields: [.transferEncoding: "chunked", .trailer: "X-After"],
                        body: Array("abcde".utf8)))
        }
    }
}

@Suite struct ConnectionTests {
    @Test func `requests one after another share a connection`() async throws {
        try await WireServer.run { _ in
            .ok("x")
        } _: { server in
            let transport = try transport()
            for method in [HTTPRequest.Method.get, .post, .head, .put, .delete, .get] {
                _ = try await transport.send(document(server, method))
            }
            #expect(server.accepted == 1)
            #expect(server.requests.map(\.position) == Array(0..<6))
        }
    }

    @Test func `1,000 requests at once are all answered, over no more connections than allowed`() async throws {
        try await WireServer.run {
            .ok($0.line)
        } _: { server in
            let transport = try transport(connectionsPerHost: 32)
            let answers = try await withThrowingTaskGroup(of: String.self) { group in
                for number in 0..<1000 {
                    group.addTask {
                        let method: HTTPRequest.Method = number.isMultiple(of: 2) ? .get : .post
                        let response = try await transport.send(
                            document(server, method, "/\(number)", timeout: .seconds(300)))
                        return String(decoding: response.body, as: UTF8.self)
                    }
                }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(answers == Set((0..<1000).map { "\($0.isMultiple(of: 2) ? "GET" : "POST") /\($0) HTTP/1.1" }))
            #expect(server.accepted <= 32)
            #expect(server.requests.count == 1000)
        }
    }

    @Test(arguments: [HTTPRequest.Method.post, .put, .delete])
    func `what may have been done on a connection that then died is not sent again`(
        _ method: HTTPRequest.Method
    ) async throws {
        try await WireServer.run {
            $0.position == 0 ? .ok() : .close("")
        } _: { server in
            let transport = try transport()
            _ = try await transport.send(document(server))
            let error = await #expect(throws: TransportError.self) {
                try await transport.send(document(server, method, "/once", body: method == .delete ? "" : "x"))
            }
            guard case .connectionLost(_, requestSent: true)? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(error?.mayHaveReachedServer == true)
            #expect(server.requests.map(\.line) == ["GET / HTTP/1.1", "\(method.rawValue) /once HTTP/1.1"])
        }
    }

    @Test(arguments: [HTTPRequest.Method.get, .head])
    func `what changes nothing is sent again when a reused connection died`(
        _ method: HTTPRequest.Method
    ) async throws {
        try await WireServer.run {
            $0.position == 0 ? .ok() : .close("")
        } _: { server in
            let transport = try transport()
            _ = try await transport.send(document(server))
            let response = try await transport.send(document(server, method, "/again"))
            #expect(response.status == .ok)
            #expect(server.requests.map(\.connection) == [0, 0, 1])
        }
    }

    @Test func `a connection the server closed after its answer is not used again`() async throws {
        try await WireServer.run { _ in
            .close("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        } _: { server in
            let transport = try transport()
            for _ in 0..<3 { _ = try await transport.send(document(server, .post, body: "x")) }
            #expect(server.requests.map(\.connection) == [0, 1, 2])
        }
    }
}
