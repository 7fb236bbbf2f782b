import Domain
import Foundation
import HTTPTypes
import TestSupport
import Testing

@testable import API

/// One request a route, and its answers: 200 with the permission and 403 without, unless told otherwise.
struct PermissionRow: Sendable, CustomStringConvertible {
    var method: HTTPRequest.Method
    /// As the route's own: `/integrations/{id}`.
    var path: String
    var uri: String
    var body: String?
    /// Without it the answer is 403; `nil` where every caller is let in.
    var permission: Permission?
    /// For those who are let in.
    var status = 200
    /// Whether the route answers callers nobody knows, and with what.
    var strangers: Int?

    var description: String { "\(method) \(uri)" }
    var route: String { "\(method) \(path)" }

    init(
        _ method: HTTPRequest.Method, _ path: String, at uri: String? = nil, _ body: String? = nil,
        needs permission: Permission? = nil, status: Int = 200, strangers: Int = 401
    ) {
        self.method = method
        self.path = path
        self.uri = uri ?? path
        self.body = body
        self.permission = permission
        self.status = status
        self.strangers = strangers
    }

    /// Every route has its row here; those of a resource stand together.
    static var all: [PermissionRow] { system + keys + users + audit + integrations + dataSources }

    static var system: [PermissionRow] {
        ["/healthz", "/readyz", "/metrics", "/openapi.yaml"].map { PermissionRow(.get, $0, strangers: 200) }
    }

    static var keys: [PermissionRow] {
        [
            .init(.post, "/bim/apikey/authenticate", #"{"apikey":"\#(RequestStage.adminKey)"}"#, strangers: 200),
            .init(.post, "/bim/apikey/authenticate", #"{"apikey":"wrong"}"#, status: 401),
            .init(.get, "/bim/apikey"),
            .init(.post, "/bim/apikey", #"{"name":"own"}"#),
            .init(.post, "/bim/apikey/s3", #"{"name":"own"}"#),
            .init(.post, "/bim/apikey/s3", #"{"name":"other's","userid":"admin"}"#, needs: .userAdmin),
            .init(.post, "/bim/apikey", #"{"name":"other's","userid":"admin"}"#, needs: .userAdmin),
            // Key 1 is the administrator's, and there is no key 99.
            .init(.delete, "/bim/apikey/{keyid}", at: "/bim/apikey/1", needs: .userAdmin),
            .init(.delete, "/bim/apikey/{keyid}", at: "/bim/apikey/99", needs: .userAdmin, status: 404),
        ]
    }

    static var users: [PermissionRow] {
        let admin = Permission.userAdmin
        let one = "/bim/iam/bim/user/{userid}"
        let other = "/bim/iam/bim/user/revoked"
        let new = #"{"userid":"new","profile":{"name":"New"}}"#
        return [
            .init(.get, "/bim/rpc/user/current"),
            .init(.get, "/bim/user", needs: admin),
            .init(.post, "/bim/iam/bim/user", new, needs: admin),
            .init(.post, "/bim/iam/bim/user", "{", needs: admin, status: 400),
            .init(.get, one, at: "/bim/iam/bim/user/caller"),
            .init(.get, one, at: other, needs: admin),
            .init(.get, one, at: "/bim/iam/bim/user/nobody", needs: admin, status: 404),
            .init(.put, one + "/profile", at: other + "/profile", #"{"name":"N"}"#, needs: admin),
            .init(.put, one + "/permissions", at: other + "/permissions", #"{"permissions":[]}"#, needs: admin),
            .init(.delete, one, at: other, needs: admin),
            .init(.delete, one, at: "/bim/iam/bim/user/caller", needs: admin, status: 409),
        ]
    }

    static var audit: [PermissionRow] { [.init(.get, "/audit", needs: .audit)] }

    static var integrations: [PermissionRow] {
        let admin = Permission.applicationAdmin
        let changed = Body.integration(["name": #""renamed""#])
        let other = Body.integration(["name": #""other""#, "awsLocationPath": #""s3://other/""#])
        let one = "/integrations/{id}"
        return [
            .init(.get, "/integrations", needs: admin),
            .init(.post, "/integrations", other, needs: admin),
            .init(.post, "/integrations", at: "/integrations?dryRun=true", other, needs: admin),
            .init(.post, "/integrations", "{", needs: admin, status: 400),
            .init(.get, one, at: "/integrations/1", needs: admin),
            .init(.get, one, at: "/integrations/9", needs: admin, status: 404),
            .init(.put, one, at: "/integrations/1", changed, needs: admin),
            .init(.put, one, at: "/integrations/9", changed, needs: admin, status: 404),
            .init(.delete, one, at: "/integrations/1", needs: admin),
            .init(.delete, one, at: "/integrations/9", needs: admin, status: 404),
            .init(.get, one + "/status", at: "/integrations/1/status", needs: admin),
            .init(.post, one + "/validate", at: "/integrations/1/validate", needs: admin),
            .init(.get, one + "/drift", at: "/integrations/1/drift", needs: admin),
            .init(.get, one + "/drift", at: "/integrations/1/drift?refresh=true", needs: admin),
            .init(.post, "/integrations/scripts/create", other, needs: admin),
            .init(.post, one + "/scripts/edit", at: "/integrations/1/scripts/edit", changed, needs: admin),
            .init(.post, one + "/scripts/delete", at: "/integrations/1/scripts/delete", needs: admin),
        ]
    }
}

extension PermissionRow {
    /// Of data sources that are not there; for others, `DataSourcePermissionTests` has each caller's answer.
    static var dataSources: [PermissionRow] {
        let body = Body.registration(Body.entry("raw", "raw/"))
        let one = "/dataSource/{id}"
        return [
            .init(.post, "/native-s3/handler", body, needs: .createS3DataSource),
            .init(.post, "/native-s3/handler", at: "/native-s3/handler?dryRun=true", body, needs: .createS3DataSource),
            .init(.get, "/native-s3/handler/{handlerId}", at: "/native-s3/handler/9", status: 404),
            .init(.get, "/dataSource"),
            .init(.get, one, at: "/dataSource/9", status: 404),
            .init(.get, "/dataSource/name/{name}", at: "/dataSource/name/x", status: 404),
            .init(.get, "/dataSource/sqlTableName/{sqlTableName}", at: "/dataSource/sqlTableName/x", status: 404),
            .init(.put, one, at: "/dataSource/9", "{}", status: 404),
            .init(.delete, one, at: "/dataSource/9", status: 404),
            .init(.post, "/dataSource/bulkRefreshViews", #"{"dataSourceIds":[9]}"#, status: 404),
            .init(.get, one + "/access", at: "/dataSource/9/access", status: 404),
            .init(.post, one + "/access", at: "/dataSource/9/access", Body.access(1, "owner"), status: 404),
            .init(.delete, one + "/access/{profileId}", at: "/dataSource/9/access/1", status: 404),
        ]
    }
}

@Suite struct PermissionTests {
    /// None, each alone, all.
    static let sets: [Set<Permission>] = [[]] + Permission.allCases.map { [$0] } + [Set(Permission.allCases)]

    @Test func `every route has a row`() async throws {
        let store = try await TemporaryStore()
        let dependencies = try await APIStage().dependencies(store)
        let authenticator = Authenticator(dependencies.identities, now: dependencies.environment.now)
        let routes = apiRoutes(dependencies, authenticator).map { "\($0.method) \($0.path)" }
        #expect(Set(PermissionRow.all.map(\.route)) == Set(routes))
    }

    @Test(arguments: sets)
    func `a caller gets exactly what the permissions say`(_ permissions: Set<Permission>) async throws {
        for row in PermissionRow.all {
            let isForbidden = row.permission.map { !permissions.contains($0) } ?? false
            let answer = try await answer(to: row, permissions)
            #expect(answer.status == (isForbidden ? 403 : row.status), "\(row): \(answer.text)")
            guard isForbidden, let permission = row.permission else { continue }
            #expect(answer.message == "This needs the permission \(permission.rawValue).", "\(row)")
            #expect(answer.shapeFaults == [], "\(row)")
        }
    }

    @Test(arguments: [nil, "unknown", "expired", "revoked"])
    func `whoever is not known is refused before anything else`(_ key: String?) async throws {
        for row in PermissionRow.all {
            let answer = try await answer(to: row, Set(Permission.allCases), key: key)
            #expect(answer.status == row.strangers, "\(row): \(answer.text)")
            if answer.status == 401 { #expect(answer.shapeFaults == [], "\(row)") }
        }
    }

    /// On a stage of its own, with integration 1 enabled.
    private func answer(
        to row: PermissionRow, _ permissions: Set<Permission>, key: String? = "caller"
    ) async throws -> Answer {
        let stage = try await RequestStage()
        try await stage.addKey("caller", userid: "caller", permissions)
        try await stage.addKey("expired", userid: "expired", permissions, expiresAt: stage.now)
        let revoked = try await stage.addKey("revoked", userid: "revoked", permissions)
        _ = try await stage.identities.revokeKey(revoked.id)
        try await stage.addEnabledIntegration()
        return try await stage.run { try await $0.send(row.method, row.uri, row.body, key: key) }
    }
}
