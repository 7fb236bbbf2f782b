import Domain
import Foundation
import HTTPTypes
import HummingbirdTesting
import TestSupport
import Testing

@testable import API

/// `POST /bim/apikey/authenticate`, and how long what it gives is good for.
@Suite struct AuthenticationTests {
    private static let day: TimeInterval = 24 * 60 * 60
    private static let path = "/bim/apikey/authenticate"
    private static let refused = "The API key or token is unknown, revoked or expired."

    /// How a key is handed over.
    enum Form: CaseIterable, Sendable {
        case json, form, bareHeader, bearerHeader

        func send(_ key: String, _ client: any TestClientProtocol) async throws -> Answer {
            switch self {
            case .json: try await client.send(.post, path, #"{"apikey":"\#(key)"}"#, key: nil)
            case .form:
                try await client.send(
                    .post, path, "ignored=1&apikey=\(key)", key: nil,
                    headers: [("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")])
            case .bareHeader: try await client.send(.post, path, key: key)
            case .bearerHeader: try await client.send(.post, path, key: "Bearer \(key)")
            }
        }
    }

    private func isLetIn(_ token: String, _ client: any TestClientProtocol) async throws -> Bool {
        let answer = try await client.send(.get, "/bim/rpc/user/current", key: token)
        #expect([200, 401].contains(answer.status))
        return answer.status == 200
    }

    @Test(arguments: Form.allCases)
    func `a key gives a token for a day, however it comes`(_ form: Form) async throws {
        let stage = try await RequestStage()
        try await stage.run { client in
            let answer = try await form.send(RequestStage.adminKey, client)
            #expect(answer.status == 200)
            #expect(Set(answer.members.keys) == ["token", "tokenExpiration"])
            #expect(answer.members["tokenExpiration"] as? String == "2026-01-02T00:00:00.000Z")
            let token = try #require(answer.members["token"] as? String)
            #expect(token.count == 43)
            for header in [token, "Bearer \(token)", "bearer  \(token) "] { #expect(try await isLetIn(header, client)) }
            stage.advance(by: Self.day - 0.001)
            #expect(try await isLetIn(token, client))
            stage.advance(by: 0.001)
            #expect(try await !isLetIn(token, client))
            #expect(try await isLetIn(RequestStage.adminKey, client))
        }
    }

    @Test(arguments: Form.allCases)
    func `a wrong, an expired and a revoked key give none`(_ form: Form) async throws {
        let stage = try await RequestStage()
        try await stage.addKey("expired", userid: "expired", [], expiresAt: stage.now)
        let revoked = try await stage.addKey("revoked", userid: "revoked", [])
        _ = try await stage.identities.revokeKey(revoked.id)
        try await stage.run { client in
            for key in ["wrong", "expired", "revoked", "\(RequestStage.adminKey)x"] {
                let answer = try await form.send(key, client)
                #expect(answer.status == 401, "\(key)")
                #expect(answer.message == Self.refused)
                #expect(answer.shapeFaults == [])
            }
        }
    }

    @Test func `a key in the body goes before the header's`() async throws {
        let stage = try await RequestStage()
        try await stage.run { client in
            let wrong = try await client.send(.post, Self.path, #"{"apikey":"wrong"}"#, key: RequestStage.adminKey)
            #expect(wrong.status == 401)
            let right = try await client.send(
                .post, Self.path, #"{"apikey":"\#(RequestStage.adminKey)"}"#, key: "Bearer wrong")
            #expect(right.status == 200)
            #expect(try await client.send(.post, Self.path, key: nil).status == 401)
        }
    }

    @Test func `a token ends with its key`() async throws {
        let stage = try await RequestStage()
        let soon = stage.now.addingTimeInterval(3600)
        try await stage.addKey("short", userid: "short", [], expiresAt: soon)
        try await stage.addKey("long", userid: "long", [])
        try await stage.run { client in
            let short = try await Form.json.send("short", client)
            #expect(short.members["tokenExpiration"] as? String == "2026-01-01T01:00:00.000Z")
            let shortToken = try #require(short.members["token"] as? String)
            let longToken = try #require(
                try await Form.json.send("long", client).members["token"] as? String)
            stage.advance(by: 3600)
            #expect(try await !isLetIn(shortToken, client))
            #expect(try await isLetIn(longToken, client))
            // Key 3 is the long one; its owner may revoke it, and is out at once.
            #expect(try await client.send(.delete, "/bim/apikey/3", key: longToken).status == 200)
            #expect(try await !isLetIn(longToken, client))
            #expect(try await !isLetIn("long", client))
        }
    }

    @Test func `a token made of a token lasts no longer than it`() async throws {
        let stage = try await RequestStage()
        try await stage.run { client in
            let first = try await Form.json.send(RequestStage.adminKey, client)
            stage.advance(by: 3600)
            let token = try #require(first.members["token"] as? String)
            let second = try await Form.bearerHeader.send(token, client)
            #expect(second.status == 200)
            #expect(second.members["tokenExpiration"] as? String == first.members["tokenExpiration"] as? String)
        }
    }

    @Test func `a key revoked by another process is out within a second`() async throws {
        let stage = try await RequestStage()
        let key = try await stage.addKey("other", userid: "other", [])
        try await stage.run { client in
            #expect(try await isLetIn("other", client))
            _ = try await stage.identities.revokeKey(key.id)
            stage.advance(by: 1)
            #expect(try await !isLetIn("other", client))
        }
    }
}
