import HTTPTypes
import Testing
import Transport

@Suite struct FailureTests {
    @Test func `a refused connection reached no server`() async throws {
        let port = try await WireServer.refusingPort()
        let error = await #expect(throws: TransportError.self) {
            try await transport().send(
                DocumentRequest(HTTPRequest(method: .post, scheme: "http", authority: "127.0.0.1:\(port)", path: "/")))
        }
        guard case .connect? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error?.mayHaveReachedServer == false)
    }

    @Test func `a refused connection reached no server, even where the handle has sent something before`() async throws
    {
        try await WireServer.run { _ in
            .ok()
        } _: { server in
            let transport = try transport()
            _ = try await transport.send(document(server, .post, body: "x"))
            let port = try await WireServer.refusingPort()
            let error = await #expect(throws: TransportError.self) {
                try await transport.send(
                    DocumentRequest(
                        HTTPRequest(method: .post, scheme: "http", authority: "127.0.0.1:\(port)", path: "/")))
            }
            #expect(error?.mayHaveReachedServer == false)
        }
    }

    @Test func `a host name that cannot be has no address`() async throws {
        let error = await #expect(throws: TransportError.self) {
            try await transport().send(
                DocumentRequest(HTTPRequest(method: .get, scheme: "http", authority: "name.invalid", path: "/")))
        }
        guard case .resolve? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test(arguments: [
        "", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nha",
    ])
    func `an answer that ends early is a lost connection`(_ bytes: String) async throws {
        try await WireServer.run { _ in
            .close(bytes)
        } _: { server in
            let error = await #expect(throws: TransportError.self) {
                try await transport().send(document(server, .post, body: "x"))
            }
            guard case .connectionLost(_, requestSent: true)? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    @Test(arguments: ["SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 99 Low\r\n\r\n", "\0\0\0\0\r\n\r\n"])
    func `bytes that are no HTTP are told apart and may follow a request`(_ bytes: String) async throws {
        try await WireServer.run { _ in
            .close(bytes)
        } _: { server in
            let error = await #expect(throws: TransportError.self) {
                try await transport().send(document(server, .post, body: "x"))
            }
            guard case .malformedResponse? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(error?.mayHaveReachedServer == true)
        }
    }

    @Test(arguments: [(9, true), (10, true), (11, false)])
    func `an answer may be as long as the limit and not a byte longer`(_ length: Int, _ fits: Bool) async throws {
        try await WireServer.run { _ in
            .ok(String(repeating: "x", count: length))
        } _: { server in
            let transport = try transport()
            if fits {
                #expect(try await transport.send(document(server, limit: 10)).body.count == length)
            } else {
                await #expect(throws: TransportError.tooLarge(limit: 10)) {
                    try await transport.send(document(server, limit: 10))
                }
            }
            // The limit of one request is not the next one's.
            #expect(try await transport.send(document(server)).body.count == length)
        }
    }

    @Test func `a header without end is refused`() async throws {
        let fields = (0..<80).map { "X-\($0): \(String(repeating: "x", count: 1000))" }
        try await WireServer.run { _ in
            .ok(fields: fields)
        } _: { server in
            await #expect(throws: TransportError.tooLarge(limit: 64 << 10)) {
                try await transport().send(document(server))
            }
        }
    }

    @Test(arguments: [
        HTTPRequest(method: .get, scheme: "ftp", authority: "h", path: "/"),
        HTTPRequest(method: .get, scheme: nil, authority: "h", path: "/"),
        HTTPRequest(method: .get, scheme: "http", authority: nil, path: "/"),
        HTTPRequest(method: .get, scheme: "http", authority: "user@h", path: "/"),
        HTTPRequest(method: .get, scheme: "http", authority: "h/x", path: "/"),
        HTTPRequest(method: .get, scheme: "http", authority: "h", path: "x"),
        HTTPRequest(method: .get, scheme: "http", authority: "h", path: "/#x"),
        HTTPRequest(method: .get, scheme: "http", authority: "h", path: "/a b"),
        HTTPRequest(method: .get, scheme: "http", authority: "h", path: "/a\r\nX: y"),
    ])
    func `what is no HTTP request is not sent`(_ head: HTTPRequest) async throws {
        let error = await #expect(throws: TransportError.self) { try await transport().send(DocumentRequest(head)) }
        guard case .malformedRequest? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }
}

@Suite struct EndingTests {
    @Test func `a task cancelled before sends nothing`() async throws {
        try await WireServer.run { _ in
            .ok()
        } _: { server in
            let transport = try transport()
            let gate = Gate()
            let task = Task {
                await gate.wait()
                return try await transport.send(document(server, .post, body: "x"))
            }
            task.cancel()
            gate.open()
            await #expect(throws: TransportError.cancelled(requestSent: false)) { try await task.value }
            #expect(server.requests.isEmpty)
            #expect(try await transport.send(document(server)).status == .ok)
        }
    }

    @Test func `a task cancelled midway says that its request was sent`() async throws {
        let gate = Gate()
        try await WireServer.run { _ in
            await gate.wait()
            return .ok()
        } _: { server in
            defer { gate.open() }
            let transport = try transport()
            let task = Task { try await transport.send(document(server, .post, body: "x")) }
            await gate.visited()
            task.cancel()
            await #expect(throws: TransportError.cancelled(requestSent: true)) { try await task.value }
        }
    }

    @Test func `a task cancelled while it waits for a connection frees its place`() async throws {
        let gate = Gate()
        try await WireServer.run { request in
            if request.line.contains("held") { await gate.wait() }
            return .ok()
        } _: { server in
            defer { gate.open() }
            let transport = try transport(connectionsPerHost: 1)
            let held = Task { try await transport.send(document(server, .get, "/held")) }
            await gate.visited()
            let waiting = Task { try await transport.send(document(server, .post, "/waiting")) }
            waiting.cancel()
            await #expect(throws: TransportError.cancelled(requestSent: false)) { try await waiting.value }
            gate.open()
            #expect(try await held.value.status == .ok)
            #expect(try await transport.send(document(server, .get, "/after")).status == .ok)
            #expect(server.requests.map(\.line) == ["GET /held HTTP/1.1", "GET /after HTTP/1.1"])
        }
    }

    @Test func `the deadline bounds the whole exchange`() async throws {
        let gate = Gate()
        try await WireServer.run { _ in
            await gate.wait()
            return .ok()
        } _: { server in
            defer { gate.open() }
            await #expect(throws: TransportError.timeout(requestSent: true)) {
                try await transport().send(document(server, .post, body: "x", timeout: .milliseconds(200)))
            }
        }
    }

    @Test(arguments: [Duration.zero, .seconds(-1)])
    func `a deadline that has passed sends nothing`(_ timeout: Duration) async throws {
        try await WireServer.run { _ in
            .ok()
        } _: { server in
            await #expect(throws: TransportError.timeout(requestSent: false)) {
                try await transport().send(document(server, timeout: timeout))
            }
            #expect(server.accepted == 0)
        }
    }

    @Test func `the deadline also bounds the wait for a free connection`() async throws {
        let gate = Gate()
        try await WireServer.run { _ in
            await gate.wait()
            return .ok()
        } _: { server in
            defer { gate.open() }
            let transport = try transport(connectionsPerHost: 1)
            let held = Task { try await transport.send(document(server)) }
            await gate.visited()
            await #expect(throws: TransportError.timeout(requestSent: false)) {
                try await transport.send(document(server, .post, timeout: .milliseconds(50)))
            }
            gate.open()
            #expect(try await held.value.status == .ok)
        }
    }

    @Test func `a shutdown ends what is under way, and later sends fail at once`() async throws {
        let gate = Gate()
        try await WireServer.run { _ in
            await gate.wait()
            return .ok()
        } _: { server in
            defer { gate.open() }
            let transport = try transport(connectionsPerHost: 4)
            let tasks = (0..<4).map { _ in Task { try await transport.send(document(server, .post, body: "x")) } }
            await gate.visited(by: 4)
            transport.shutdown()
            for task in tasks {
                await #expect(throws: TransportError.shutDown(requestSent: true)) { try await task.value }
            }
            await #expect(throws: TransportError.shutDown(requestSent: false)) {
                try await transport.send(document(server))
            }
            transport.shutdown()
        }
    }

    @Test func `shutdowns and sends may come from everywhere at once`() async throws {
        try await WireServer.run { _ in
            .ok()
        } _: { server in
            for _ in 0..<20 {
                let transport = try transport()
                await withTaskGroup { group in
                    for number in 0..<20 {
                        group.addTask {
                            if number.isMultiple(of: 5) {
                                transport.shutdown()
                            } else {
                                // Any outcome will do, as long as there is one.
                                _ = try? await transport.send(document(server))
                            }
                        }
                    }
                }
            }
        }
    }
}
