import Foundation
import HTTPTypes
import Testing
import Transport

/// libcurl reads the environment of the process, so each test has a process of its own.
@Suite struct ProxyTests {
    /// Sets the variables, sends a GET for `url` through the environment's proxy, and gives what the proxy saw.
    private static func seen(
        _ names: [String], noProxy: String? = nil, scheme: String, authority: String
    ) async throws -> (line: String?, error: TransportError?) {
        for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
            unsetenv(name)
        }
        for name in ["no_proxy", "NO_PROXY"] { unsetenv(name) }
        var result: (line: String?, error: TransportError?) = (nil, nil)
        try await WireServer.run { request in
            request.line.hasPrefix("CONNECT")
                ? .close("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n") : .ok("from the proxy")
        } _: { proxy in
            for name in names { setenv(name, "http://\(proxy.authority)", 1) }
            if let noProxy { setenv("NO_PROXY", noProxy, 1) }
            let transport = try CurlTransport()
            defer { transport.shutdown() }
            do throws(TransportError) {
                _ = try await transport.send(
                    DocumentRequest(
                        HTTPRequest(method: .get, scheme: scheme, authority: authority, path: "/path?query=1")))
            } catch {
                result.error = error
            }
            result.line = proxy.requests.first?.line
        }
        return result
    }

    @Test func `plain HTTP goes to http_proxy in absolute form`() async {
        await #expect(processExitsWith: .success) {
            let (line, error) = try await ProxyTests.seen(["http_proxy"], scheme: "http", authority: "aws.invalid")
            #expect(line == "GET http://aws.invalid/path?query=1 HTTP/1.1")
            #expect(error == nil)
        }
    }

    @Test func `HTTP_PROXY in capitals is no proxy, because a CGI request could set it`() async {
        await #expect(processExitsWith: .success) {
            let (line, error) = try await ProxyTests.seen(["HTTP_PROXY"], scheme: "http", authority: "aws.invalid")
            #expect(line == nil)
            guard case .resolve? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    @Test func `TLS goes through a tunnel that HTTPS_PROXY opens`() async {
        await #expect(processExitsWith: .success) {
            let (line, error) = try await ProxyTests.seen(["HTTPS_PROXY"], scheme: "https", authority: "aws.invalid")
            #expect(line == "CONNECT aws.invalid:443 HTTP/1.1")
            #expect(error != nil)
            #expect(error?.mayHaveReachedServer == false)
        }
    }

    @Test func `a proxy for one scheme is none for the other`() async {
        await #expect(processExitsWith: .success) {
            let (line, error) = try await ProxyTests.seen(["http_proxy"], scheme: "https", authority: "aws.invalid")
            #expect(line == nil)
            #expect(error != nil)
        }
    }

    @Test func `a host in NO_PROXY is asked directly`() async {
        await #expect(processExitsWith: .success) {
            try await WireServer.run { _ in
                .ok()
            } _: { server in
                let (line, error) = try await ProxyTests.seen(
                    ["http_proxy", "ALL_PROXY"], noProxy: "127.0.0.1,.invalid", scheme: "http",
                    authority: server.authority)
                #expect(line == nil)
                #expect(error == nil)
                #expect(server.requests.map(\.line) == ["GET /path?query=1 HTTP/1.1"])
            }
        }
    }

    @Test func `a transport without proxy asks nobody but the host`() async {
        await #expect(processExitsWith: .success) {
            setenv("http_proxy", "http://127.0.0.1:1", 1)
            try await WireServer.run { _ in
                .ok()
            } _: { server in
                let transport = try CurlTransport(.init(proxy: .none))
                defer { transport.shutdown() }
                #expect(try await transport.send(document(server)).status == .ok)
            }
        }
    }
}
