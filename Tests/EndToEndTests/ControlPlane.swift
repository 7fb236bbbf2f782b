import Foundation
import Synchronization

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// A caller of the REST API who has been given nothing but an address and a key.
struct ControlPlane: Sendable {
    static let key = "end-to-end-administrator-key"

    let address: String

    struct Answer: Sendable {
        var status: Int
        var body: Data

        /// A member of the answer's object that is a string.
        subscript(name: String) -> String? {
            (try? JSONSerialization.jsonObject(with: body) as? [String: Any])?[name] as? String
        }

        /// A member of the `config` of an integration.
        func config(_ name: String) -> String? {
            let object = try? JSONSerialization.jsonObject(with: body) as? [String: Any]
            return (object?["config"] as? [String: Any])?[name] as? String
        }
    }

    /// - Throws: `URLError` when the server dies before it answers.
    func send(
        _ method: String, _ path: String, _ body: [String: Any]? = nil, idempotencyKey: String? = nil
    ) async throws -> Answer {
        guard let url = URL(string: address + path) else { throw URLError(.badURL) }
        var request = URLRequest(url: url)
        request.httpMethod = method
        request.timeoutInterval = 60
        request.setValue(Self.key, forHTTPHeaderField: "Authorization")
        if let idempotencyKey { request.setValue(idempotencyKey, forHTTPHeaderField: "Idempotency-Key") }
        if let body {
            // The same bytes each time, as an Idempotency-Key asks.
            request.setValue("application/json", forHTTPHeaderField: "Content-Type")
            request.httpBody = try JSONSerialization.data(withJSONObject: body, options: .sortedKeys)
        }
        let session = URLSession(configuration: .ephemeral)
        defer { session.invalidateAndCancel() }
        let (data, response) = try await session.data(for: request)
        guard let http = response as? HTTPURLResponse else { throw URLError(.badServerResponse) }
        return Answer(status: http.statusCode, body: data)
    }

    /// The status once no change is under way; `deleted` when the integration is gone.
    func settledStatus(_ id: String) async throws -> String {
        while true {
            let answer = try await send("GET", "/integrations/\(id)/status?wait=30")
            guard answer.status == 200, let status = answer["status"] else { return "deleted" }
            if !["creating", "editing", "deleting"].contains(status) { return status }
        }
    }

    /// The same without waiting.
    func status(_ id: String) async throws -> String {
        try await send("GET", "/integrations/\(id)/status")["status"] ?? "deleted"
    }
}
