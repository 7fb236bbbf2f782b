import Testing

@testable import Sandbox

struct SandboxTLSTests {
    @Test func `a file that is no certificate is named`() {
        let error = #expect(throws: SandboxTLSError.self) {
            try SandboxTLS(certificate: "/nonexistent/server.pem", key: "/nonexistent/server.key")
        }
        #expect(error?.description == "/nonexistent/server.pem: no PEM certificate can be read from the file.")
    }
}
