import Domain
import Foundation
import HTTPTypes
import TestSupport
import Testing

@testable import API

/// What each route that changes something leaves in the audit log.
@Suite struct AuditedRouteTests {
    /// A request that is accepted, and the row it leaves for each thing it changes: action and target.
    private struct Row {
        var route: String
        var uri: String
        var body: String?
        var expected: [String]

        init(_ route: String, at uri: String? = nil, _ body: String? = nil, leaves expected: [String]) {
            self.route = route
            self.uri = uri ?? String(route.split(separator: " ")[1])
            self.body = body
            self.expected = expected
        }
    }

    private static let users = "/bim/iam/bim/user"

    private static var table: [Row] { keys + people + integrations + dataSources }

    private static var keys: [Row] {
        [
            Row("POST /bim/apikey/authenticate", leaves: ["token.create token 1"]),
            Row("POST /bim/apikey", #"{"name":"k"}"#, leaves: ["apiKey.create apiKey 3"]),
            Row("POST /bim/apikey/s3", #"{"name":"k"}"#, leaves: ["apiKey.create apiKey 3"]),
            Row("DELETE /bim/apikey/{keyid}", at: "/bim/apikey/2", leaves: ["apiKey.revoke apiKey 2"]),
        ]
    }

    private static var people: [Row] {
        [
            Row("POST \(users)", #"{"userid":"new","profile":{"name":"N"}}"#, leaves: ["user.create user new"]),
            Row(
                "PUT \(users)/{userid}/profile", at: "\(users)/ada/profile", #"{"name":"A"}"#,
                leaves: ["user.updateProfile user ada"]),
            Row(
                "PUT \(users)/{userid}/permissions", at: "\(users)/ada/permissions", #"{"permissions":["AUDIT"]}"#,
                leaves: ["user.updatePermissions user ada"]),
            Row("DELETE \(users)/{userid}", at: "\(users)/ada", leaves: ["user.delete user ada"]),
        ]
    }

    private static var integrations: [Row] {
        let other = Body.integration(["name": #""other""#, "awsLocationPath": #""s3://other/""#])
        let renamed = Body.integration(["name": #""renamed""#])
        let one = "/integrations/{id}"
        return [
            Row("POST /integrations", other, leaves: ["integration.create integration 2"]),
            Row("POST /integrations", at: "/integrations?dryRun=true", other, leaves: []),
            Row("PUT \(one)", at: "/integrations/1", renamed, leaves: ["integration.edit integration 1"]),
            Row("DELETE \(one)", at: "/integrations/1", leaves: ["integration.delete integration 1"]),
            Row(
                "DELETE \(one)", at: "/integrations/1?force=true",
                leaves: ["integration.delete integration 1", "dataSource.disable dataSource 1"]),
            Row("POST \(one)/validate", at: "/integrations/1/validate", leaves: ["integration.validate integration 1"]),
            Row("POST /integrations/scripts/create", other, leaves: []),
            Row("POST \(one)/scripts/edit", at: "/integrations/1/scripts/edit", renamed, leaves: []),
            Row("POST \(one)/scripts/delete", at: "/integrations/1/scripts/delete", leaves: []),
        ]
    }

    private static var dataSources: [Row] {
        let registration = Body.registration(Body.entry("new", "new/"))
        let (one, handler) = ("/dataSource/{id}", "/native-s3/handler")
        return [
            Row("POST \(handler)", registration, leaves: ["dataSource.create dataSource 2"]),
            Row("POST \(handler)", at: "\(handler)?dryRun=true", registration, leaves: []),
            Row("PUT \(one)", at: "/dataSource/1", #"{"description":"d"}"#, leaves: ["dataSource.update dataSource 1"]),
            Row("DELETE \(one)", at: "/dataSource/1", leaves: ["dataSource.disable dataSource 1"]),
            Row(
                "POST /dataSource/bulkRefreshViews", #"{"dataSourceIds":[1]}"#,
                leaves: ["dataSource.refresh dataSource 1"]),
            Row(
                "POST \(one)/access", at: "/dataSource/1/access", Body.access(2, "expert"),
                leaves: ["access.grant access 1/2"]),
            Row(
                "DELETE \(one)/access/{profileId}", at: "/dataSource/1/access/2", leaves: ["access.revoke access 1/2"]),
        ]
    }

    /// User 2 is ada with key 2, subscribed to data source 1 of integration 1.
    private func stage() async throws -> RequestStage {
        let stage = try await RequestStage()
        try await stage.addKey("ada-key", userid: "ada", [])
        try await stage.addIntegration()
        try await stage.register([("one", "one/")])
        try await stage.subscribe(UserID(2), to: DataSourceID(1), as: .subscribed)
        return stage
    }

    @Test func `every route that may change something has a row here, and names what it does`() async throws {
        let dependencies = try await RequestStage().dependencies
        let authenticator = Authenticator(dependencies.identities, now: dependencies.environment.now)
        let routes = apiRoutes(dependencies, authenticator).filter { $0.method != .get }
        #expect(Set(routes.map { "\($0.method) \($0.path)" }) == Set(Self.table.map(\.route)))
        for route in routes {
            guard case .caller = route.handler else { continue }
            let changes = Self.table.contains { $0.route == "\(route.method) \(route.path)" && !$0.expected.isEmpty }
            #expect((route.action != .read) == changes, "\(route.method) \(route.path)")
        }
    }

    @Test func `an accepted request leaves a row for each thing it changes, with who asked and from where`()
        async throws
    {
        for row in Self.table {
            let stage = try await stage()
            let last = try await stage.audit.events(AuditQuery(), after: 0, limit: 1000).last?.id ?? 0
            let method = try #require(HTTPRequest.Method(String(row.route.split(separator: " ")[0])))
            let answer = try await stage.run { try await $0.send(method, row.uri, row.body) }
            let about = Comment(rawValue: "\(method) \(row.uri): \(answer.text.prefix(300))")
            #expect(answer.status == 200, about)
            let events = try await stage.audit.events(AuditQuery(), after: last, limit: 1000)
            #expect(
                events.map { "\($0.action) \($0.targetType) \($0.targetID)" } == row.expected,
                about)
            let origin = AuditOrigin(
                actor: .init(user: UserID(1), userid: "admin", keyID: 1), requestID: answer.headers[.requestID])
            for event in events {
                #expect(event.origin == origin && event.outcome == .succeeded && event.at == stage.now, about)
            }
        }
    }

    @Test func `a data source's whole life is told row by row`() async throws {
        let stage = try await stage()
        let last = try await stage.audit.events(AuditQuery(), after: 0, limit: 1000).last?.id ?? 0
        try await stage.run { client in
            for (method, uri, body) in [
                (.post, "/native-s3/handler", Body.registration(Body.entry("a", "a/"), Body.entry("b", "b/"))),
                (.post, "/dataSource/2/access", Body.access(2, "subscribed", "WRITE")),
                (.post, "/dataSource/2/access", Body.access(2, "subscribed", "WRITE")),
                (.delete, "/dataSource/2", nil), (.put, "/dataSource/2", #"{"deleted":false}"#),
                (.delete, "/dataSource/2", nil), (.delete, "/dataSource/2", nil), (.delete, "/dataSource/2", nil),
            ] as [(HTTPRequest.Method, String, String?)] {
                _ = try await client.send(method, uri, body)
            }
            let lines = try await client.send(.get, "/audit?after=\(last)").text.split(separator: "\n")
            let shown = try lines.map { line in
                let event = try JSONReader.read(Array(line.utf8))
                return "\(event["action"]?.text ?? "") \(event["target"]?["id"]?.text ?? "")"
            }
            #expect(
                shown == [
                    "dataSource.create 2", "dataSource.create 3", "access.grant 2/2", "dataSource.disable 2",
                    "dataSource.restore 2", "dataSource.disable 2", "dataSource.delete 2",
                ])
        }
        let end = try await stage.audit.verify(after: .start, limit: 1000)
        guard case .whole = end else { return #expect(Bool(false), "the chain is broken: \(end)") }
    }
}
