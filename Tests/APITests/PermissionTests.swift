import Domain
import Foundation
import HTTPTypes
import TestSupport
import Testing

@testable import API

struct PermissionTests {
    /// A route, and the permission without which it answers 403.
    private static let guarded: [(HTTPRequest.Method, String, Permission?)] = [
        (.get, "/integrations", .applicationAdmin), (.post, "/integrations", .applicationAdmin),
        (.get, "/integrations/9", .applicationAdmin), (.put, "/integrations/9", .applicationAdmin),
        (.delete, "/integrations/9", .applicationAdmin), (.get, "/integrations/9/status", .applicationAdmin),
        (.post, "/integrations/9/validate", .applicationAdmin),
        (.post, "/integrations/scripts/create", .applicationAdmin),
        (.post, "/integrations/9/scripts/edit", .applicationAdmin),
        (.post, "/integrations/9/scripts/delete", .applicationAdmin),
        (.get, "/bim/apikey", nil), (.post, "/bim/apikey", nil), (.delete, "/bim/apikey/99", .userAdmin),
        (.get, "/bim/rpc/user/current", nil),
    ]

    @Test func `every route asks for its permission and for no other`() async throws {
        let stage = try await RequestStage()
        let sets = Permission.allCases.map { Set([$0]) } + [[], Set(Permission.allCases)]
        for (index, set) in sets.enumerated() { try await stage.addKey("key-\(index)", userid: "user-\(index)", set) }
        try await stage.addKey("expired", userid: "expired", Set(Permission.allCases), expiresAt: stage.now)
        let revoked = try await stage.addKey("revoked", userid: "revoked", Set(Permission.allCases))
        _ = try await stage.identities.revokeKey(revoked.id)
        try await stage.run { client in
            for (method, path, permission) in Self.guarded {
                for key in [nil, "unknown", "expired", "revoked"] {
                    let answer = try await client.send(method, path, key: key)
                    #expect(answer.status == 401, "\(method) \(path) \(key ?? "none")")
                    #expect(answer.shapeFaults == [])
                }
                for (index, set) in sets.enumerated() {
                    let answer = try await client.send(method, path, key: "key-\(index)")
                    let isForbidden = permission.map { !set.contains($0) } ?? false
                    #expect((answer.status == 403) == isForbidden, "\(method) \(path) \(set): \(answer.text)")
                    #expect(answer.status != 401 && answer.status < 500)
                    guard isForbidden, let permission else { continue }
                    #expect(answer.message == "This needs the permission \(permission.rawValue).")
                    #expect(answer.shapeFaults == [])
                }
            }
            for path in ["/healthz", "/readyz", "/metrics", "/openapi.yaml"] {
                #expect(try await client.send(.get, path, key: nil).status == 200)
            }
        }
    }
}
