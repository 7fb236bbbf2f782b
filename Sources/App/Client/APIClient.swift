import Domain
import HTTPTypes
import Transport

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A caller of Sluice's public API, as any other program would be.
struct APIClient: Sendable {
    private let scheme: String
    private let authority: String
    private let prefix: String
    private let key: Secret?
    private let transport: any DocumentTransport

    /// - Parameter url: `http://HOST[:PORT][/PATH]` or `https://…`.
    /// - Throws: `CommandFailure` when it is not.
    init(url: String, key: Secret?, transport: any DocumentTransport) throws(CommandFailure) {
        let parts = url.split(separator: "://", maxSplits: 1).map(String.init)
        guard parts.count == 2, ["http", "https"].contains(parts[0]), !parts[1].hasPrefix("/") else {
            throw CommandFailure("\"\(url)\" is not the address of a server: http://HOST:PORT is wanted.")
        }
        let slash = parts[1].firstIndex(of: "/") ?? parts[1].endIndex
        scheme = parts[0]
        authority = String(parts[1][..<slash])
        prefix = String(parts[1][slash...].reversed().drop { $0 == "/" }.reversed())
        self.key = key
        self.transport = transport
    }

    /// - Throws: `CommandFailure` when there is no answer; any answer is returned.
    func send(
        _ method: HTTPRequest.Method, _ path: String, body: [UInt8]? = nil, idempotencyKey: String? = nil,
        timeout: Duration = .seconds(70)
    ) async throws(CommandFailure) -> APIAnswer {
        var head = HTTPRequest(method: method, scheme: scheme, authority: authority, path: prefix + path)
        if let key { head.headerFields[.authorization] = key.reveal() }
        head.headerFields[.accept] = "application/json"
        if body != nil { head.headerFields[.contentType] = "application/json" }
        if let idempotencyKey, let name = HTTPField.Name("Idempotency-Key") { head.headerFields[name] = idempotencyKey }
        do {
            let answer = try await transport.send(DocumentRequest(head, body: body ?? [], timeout: timeout))
            return APIAnswer(status: answer.status.code, body: answer.body)
        } catch {
            throw CommandFailure("\(scheme)://\(authority) gave no answer: \(error)")
        }
    }
}

struct APIAnswer: Sendable, Equatable {
    var status: Int
    var body: [UInt8]

    var isSuccess: Bool { (200..<300).contains(status) }

    /// `null` when the body is not JSON.
    var json: JSONValue {
        (try? JSONDecoder().decode(JSONValue.self, from: Data(body))) ?? .null
    }
}

/// Why a command ends with exit code 1; the text is for standard error.
struct CommandFailure: Error, Sendable, Equatable, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
