import Domain
import Foundation
import HTTPTypes
import TestSupport
import Testing

@testable import API

/// The contract's *Users* section, and who may call it.
@Suite struct UserRouteTests {
    static let users = "/bim/iam/bim/user"
    private static let arn = "arn:aws:iam::123456789012:role/ada"
    private static let newUser = #"{"userid":"new","profile":{"name":"New"}}"#

    /// Who calls.
    private enum Role: String, CaseIterable {
        case nobody, plain, auditor, userAdmin, everythingElse

        var permissions: Set<Permission> {
            switch self {
            case .nobody, .plain: []
            case .auditor: [.audit]
            case .userAdmin: [.userAdmin]
            case .everythingElse: Set(Permission.allCases).subtracting([.userAdmin])
            }
        }
    }

    /// What is called, how each role is answered, and what the audit log says of a refusal.
    private struct Row {
        var method: HTTPRequest.Method
        var path: String
        var body: String?
        var statuses: [Int]
        var refused: (action: AuditAction, target: AuditTarget)?

        init(
            _ method: HTTPRequest.Method, _ path: String, sending body: String? = nil, _ statuses: [Int],
            _ refused: (AuditAction, AuditTarget)? = nil
        ) {
            (self.method, self.path, self.body, self.statuses, self.refused) = (method, path, body, statuses, refused)
        }
    }

    /// SELF is the caller's own userid, KEY the id of ada's key.
    private static let table: [Row] = [
        Row(.get, "/bim/rpc/user/current", [401, 200, 200, 200, 200]),
        Row(.get, "/bim/user", [401, 403, 403, 200, 403], (.read, AuditTarget(.user, ""))),
        Row(.post, users, sending: newUser, [401, 403, 403, 200, 403], (.createUser, AuditTarget(.user, ""))),
        Row(.post, users, sending: "[]", [401, 403, 403, 400, 403], (.createUser, AuditTarget(.user, ""))),
        Row(.get, "\(users)/SELF", [401, 200, 200, 200, 200]),
        Row(.get, "\(users)/ada", [401, 403, 403, 200, 403], (.read, AuditTarget(.user, "ada"))),
        Row(.get, "\(users)/nobody", [401, 403, 403, 404, 403], (.read, AuditTarget(.user, "nobody"))),
        Row(
            .put, "\(users)/SELF/profile", sending: "{}", [401, 403, 403, 200, 403],
            (.updateUserProfile, AuditTarget(.user, "SELF"))),
        Row(
            .put, "\(users)/ada/profile", sending: #"{"name":"A"}"#, [401, 403, 403, 200, 403],
            (.updateUserProfile, AuditTarget(.user, "ada"))),
        Row(
            .put, "\(users)/ada/permissions", sending: #"{"permissions":[]}"#, [401, 403, 403, 200, 403],
            (.updateUserPermissions, AuditTarget(.user, "ada"))),
        Row(.delete, "\(users)/ada", [401, 403, 403, 200, 403], (.deleteUser, AuditTarget(.user, "ada"))),
        Row(.delete, "\(users)/SELF", [401, 403, 403, 409, 403], (.deleteUser, AuditTarget(.user, "SELF"))),
        Row(.get, "/bim/apikey", [401, 200, 200, 200, 200]),
        Row(.post, "/bim/apikey", sending: #"{"name":"k"}"#, [401, 200, 200, 200, 200]),
        Row(.post, "/bim/apikey/s3", sending: #"{"name":"k"}"#, [401, 200, 200, 200, 200]),
        Row(
            .post, "/bim/apikey", sending: #"{"name":"k","userid":"ada"}"#, [401, 403, 403, 200, 403],
            (.createAPIKey, AuditTarget(.apiKey, ""))),
        Row(.delete, "/bim/apikey/KEY", [401, 403, 403, 200, 403], (.revokeAPIKey, AuditTarget(.apiKey, "KEY"))),
        Row(.get, "/audit", [401, 403, 200, 403, 200], (.read, AuditTarget(.auditLog, ""))),
    ]

    @Test func `each role gets its status on each route, and each refusal is one row of the audit log`() async throws {
        for row in Self.table {
            for (role, status) in zip(Role.allCases, row.statuses) {
                let stage = try await RequestStage()
                try await stage.addKey("the-key", userid: "caller", role.permissions)
                let key = try await stage.addKey("ada-key", userid: "ada", [.audit])
                func filled(_ text: String) -> String {
                    text.replacing("SELF", with: "caller").replacing("KEY", with: "\(key.id)")
                }
                let path = filled(row.path)
                let answer = try await stage.run { client in
                    try await client.send(row.method, path, row.body, key: role == .nobody ? nil : "the-key")
                }
                let about = Comment(rawValue: "\(role) \(row.method) \(row.path): \(answer.text.prefix(200))")
                #expect(answer.status == status, about)
                if status >= 400 { #expect(answer.shapeFaults == [], about) }
                let rows = try await stage.audit.events(AuditQuery(), after: 0, limit: 100)
                    .filter { $0.outcome == .refused }
                    .map { "\($0.action) \($0.targetType) \($0.targetID) \($0.outcome) \($0.origin)" }
                guard status == 403, let refused = row.refused else {
                    #expect(rows == [], about)
                    continue
                }
                let caller = try #require(try await stage.identities.user(iamid: "bim", userid: "caller"))
                let origin = AuditOrigin(
                    actor: .init(user: caller.id, userid: "caller", keyID: 2), requestID: answer.headers[.requestID])
                let target = "\(refused.target.type.rawValue) \(filled(refused.target.id))"
                #expect(rows == ["\(refused.action.rawValue) \(target) refused \(origin)"], about)
            }
        }
    }

    @Test func `a refusal stays one when the audit log cannot be written`() async throws {
        let stage = try await RequestStage(audit: InMemoryAuditRepository(failure: DomainError(.internal, "full")))
        try await stage.addKey("plain", userid: "plain", [])
        try await stage.run { client in
            let answer = try await client.send(.get, "/bim/user", key: "plain")
            #expect(answer.status == 403)
            #expect(answer.message == "This needs the permission USER_ADMIN.")
            #expect(try await client.send(.get, "/audit").status == 500)
        }
    }

    @Test func `a user's whole life`() async throws {
        let stage = try await RequestStage()
        try await stage.run { client in
            let created = try await client.send(
                .post, Self.users,
                """
                {"iamid":"bim","userid":"ada+1@example.com","profile":{"name":"Ada","email":"ada@example.com",
                "externalUserIds":{"awsIamPrincipalArn":"\(Self.arn)"}},"permissions":["GOVERNANCE","AUDIT","AUDIT"]}
                """)
            func user(_ permissions: String, _ profile: String) -> String {
                #"{"id":2,"iamid":"bim","userid":"ada+1@example.com","permissions":\#(permissions),"profile":{"id":2,"#
                    + #"\#(profile)},"createdAt":"2026-01-01T00:00:00.000Z","updatedAt":"2026-01-01T00:00:00.000Z"}"#
            }
            let profile =
                #""name":"Ada","email":"ada@example.com","externalUserIds":{"awsIamPrincipalArn":"\#(Self.arn)"}"#
            #expect(created.text == #"{"newUser":\#(user(#"["AUDIT","GOVERNANCE"]"#, profile))}"#)
            for path in ["ada+1@example.com", "ada%2B1%40example.com"] {
                let read = try await client.send(.get, "\(Self.users)/\(path)")
                #expect(read.text == user(#"["AUDIT","GOVERNANCE"]"#, profile))
            }
            let ada = "\(Self.users)/ada+1@example.com"
            let key = try await client.send(.post, "/bim/apikey", #"{"name":"k","userid":"ada+1@example.com"}"#)
            let adaKey = try #require(key.members["apikey"] as? String)

            let group = "c4a88d3f-5b9e-4f0a-8d7c-1b6e3a5f9c21"
            let changed = try await client.send(
                .put, "\(ada)/profile",
                #"{"id":2,"email":null,"externalUserIds":{"awsIdentityCenterGroupIds":["\#(group)","\#(group)"]}}"#)
            let shown = #""name":"Ada","email":null,"externalUserIds":{"awsIdentityCenterGroupIds":["\#(group)"]}"#
            #expect(changed.text == user(#"["AUDIT","GOVERNANCE"]"#, shown))

            #expect(try await client.send(.get, "/audit", key: adaKey).status == 200)
            let permissions = try await client.send(.put, "\(ada)/permissions", #"{"permissions":[]}"#)
            #expect(permissions.text == user("[]", shown))
            #expect(try await client.send(.get, "/audit", key: adaKey).status == 403, "at once")

            let page = try await client.send(.get, "/bim/user?searchText=ADA%2B&size=1")
            #expect(page.text == #"{"hits":[\#(user("[]", shown))],"count":1}"#)

            let deleted = try await client.send(.delete, ada)
            #expect(deleted.text == #"{"success":true,"id":2,"userid":"ada+1@example.com"}"#)
            #expect(try await client.send(.get, "/bim/rpc/user/current", key: adaKey).status == 401, "at once")
            #expect(try await client.send(.get, ada).message == "No user found with userid ada+1@example.com.")
        }
        #expect(stage.wakeCount == 2, "a changed profile and a deletion may change grants")
    }

    @Test func `somebody keeps the permission to manage users`() async throws {
        let stage = try await RequestStage()
        try await stage.run { client in
            let admin = "\(Self.users)/admin"
            let last = #""admin" is the last user with the permission USER_ADMIN: give it to another user first."#
            let demoted = try await client.send(.put, "\(admin)/permissions", #"{"permissions":["AUDIT"]}"#)
            #expect(demoted.status == 409 && demoted.message == last)
            let deleted = try await client.send(.delete, admin)
            #expect(deleted.message == "One cannot delete oneself: let another user do it.")
            try await stage.addKey("second", userid: "second", [.userAdmin])
            #expect(try await client.send(.delete, admin, key: "second").status == 200)
            let own = try await client.send(
                .put, "\(Self.users)/second/permissions", #"{"permissions":[]}"#, key: "second")
            #expect(own.status == 409)
        }
    }

    @Test func `the audit log is sent whole, in pages, up to the limit`() async throws {
        let events = (1...1203).map { id in
            AuditEvent(
                id: Int64(id), at: Fixtures.now, origin: .system, action: "read", targetType: "user", targetID: "",
                before: nil, after: nil, outcome: .refused, awsRequestID: nil, hash: Array(repeating: 255, count: 32))
        }
        let stage = try await RequestStage(audit: InMemoryAuditRepository(events))
        try await stage.run { client in
            for (query, ids) in [
                ("", 1...1000), ("?limit=1203", 1...1203), ("?limit=5000", 1...1203), ("?limit=1", 1...1),
                ("?limit=500", 1...500), ("?limit=501", 1...501), ("?after=1200", 1201...1203),
                ("?after=203&limit=1000", 204...1203),
            ] {
                let answer = try await client.send(.get, "/audit\(query)")
                #expect(answer.headers[.contentType] == "application/x-ndjson; charset=utf-8")
                #expect(answer.text.last == "\n")
                let lines = answer.text.split(separator: "\n")
                #expect(lines.count == ids.count, "\(query)")
                for (line, id) in zip(lines, ids) {
                    guard !line.hasPrefix(#"{"id":\#(id),"at":"2026-01-01T00:00:00.000Z","actor":null,"#) else {
                        continue
                    }
                    Issue.record("\(query) \(id): \(line)")
                }
            }
            let none = try await client.send(.get, "/audit?after=1203")
            #expect(none.status == 200 && none.text.isEmpty)
        }
    }
}
