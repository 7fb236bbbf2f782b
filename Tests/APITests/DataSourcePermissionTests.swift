import Domain
import Foundation
import HTTPTypes
import HummingbirdTesting
import TestSupport
import Testing

@testable import API

/// Role × endpoint × owner: the exact answer of each cell.
struct DataSourcePermissionTests {
    /// What a caller is to the data source, in the order of the tables' columns.
    private enum Relation: Int, CaseIterable {
        case none, subscribed, expert, owner

        var state: SubscriptionState? {
            switch self {
            case .none: nil
            case .subscribed: .subscribed
            case .expert: .expert
            case .owner: .owner
            }
        }
    }

    /// The global permissions of a caller; the tables' rows.
    private enum Role: Int, CaseIterable {
        case nobody, applicationAdmin, createS3DataSource, governance, userAdmin, audit, everything

        var permissions: Set<Permission> {
            switch self {
            case .nobody: []
            case .applicationAdmin: [.applicationAdmin]
            case .createS3DataSource: [.createS3DataSource]
            case .governance: [.governance]
            case .userAdmin: [.userAdmin]
            case .audit: [.audit]
            case .everything: Set(Permission.allCases)
            }
        }
    }

    private struct Endpoint {
        var method: HTTPRequest.Method
        /// `ID`, `NAME` and `TABLE` stand for the data source's.
        var path: String
        var body: String?
        /// A row a role, a column a relation.
        var statuses: [[Int]]
        /// Of a 403.
        var forbidden = ""
        /// What the audit log says of a 403: action and target.
        var refusal = ""
    }

    private static let manage = "This needs the permission GOVERNANCE, or to own the data source."
    private static let give = "This needs the permission GOVERNANCE or USER_ADMIN, or to own the data source."

    /// Whoever sees it may.
    private static let seeing = [
        [404, 200, 200, 200],  // nobody
        [404, 200, 200, 200],  // APPLICATION_ADMIN
        [404, 200, 200, 200],  // CREATE_S3_DATASOURCE
        [200, 200, 200, 200],  // GOVERNANCE
        [200, 200, 200, 200],  // USER_ADMIN
        [404, 200, 200, 200],  // AUDIT
        [200, 200, 200, 200],  // all
    ]
    private static let managing = [
        [404, 403, 403, 200],  // nobody
        [404, 403, 403, 200],  // APPLICATION_ADMIN
        [404, 403, 403, 200],  // CREATE_S3_DATASOURCE
        [200, 200, 200, 200],  // GOVERNANCE
        [403, 403, 403, 200],  // USER_ADMIN
        [404, 403, 403, 200],  // AUDIT
        [200, 200, 200, 200],  // all
    ]
    private static let giving = [
        [404, 403, 403, 200],  // nobody
        [404, 403, 403, 200],  // APPLICATION_ADMIN
        [404, 403, 403, 200],  // CREATE_S3_DATASOURCE
        [200, 200, 200, 200],  // GOVERNANCE
        [200, 200, 200, 200],  // USER_ADMIN
        [404, 403, 403, 200],  // AUDIT
        [200, 200, 200, 200],  // all
    ]
    private static let registering = [
        [403, 403, 403, 403],  // nobody
        [403, 403, 403, 403],  // APPLICATION_ADMIN
        [200, 200, 200, 200],  // CREATE_S3_DATASOURCE
        [403, 403, 403, 403],  // GOVERNANCE
        [403, 403, 403, 403],  // USER_ADMIN
        [403, 403, 403, 403],  // AUDIT
        [200, 200, 200, 200],  // all
    ]
    private static let everybody = Array(repeating: Array(repeating: 200, count: 4), count: 7)

    private static let endpoints = [
        Endpoint(
            method: .post, path: "/native-s3/handler", body: Body.registration(Body.entry("new NAME", "new/NAME/")),
            statuses: registering, forbidden: "This needs the permission CREATE_S3_DATASOURCE.",
            refusal: "dataSource.create dataSource "),
        Endpoint(
            method: .post, path: "/native-s3/handler?dryRun=true",
            body: Body.registration(Body.entry("dry NAME", "dry/NAME/")), statuses: registering,
            forbidden: "This needs the permission CREATE_S3_DATASOURCE.",
            refusal: "dataSource.create dataSource "),
        Endpoint(method: .get, path: "/native-s3/handler/ID", statuses: seeing),
        Endpoint(method: .get, path: "/dataSource", statuses: everybody),
        Endpoint(method: .get, path: "/dataSource/ID", statuses: seeing),
        Endpoint(method: .get, path: "/dataSource/name/NAME", statuses: seeing),
        Endpoint(method: .get, path: "/dataSource/sqlTableName/TABLE", statuses: seeing),
        Endpoint(
            method: .put, path: "/dataSource/ID", body: #"{"description":"x"}"#, statuses: managing,
            forbidden: manage, refusal: "dataSource.update dataSource ID"),
        Endpoint(
            method: .delete, path: "/dataSource/ID", statuses: managing, forbidden: manage,
            refusal: "dataSource.disable dataSource ID"),
        Endpoint(
            method: .post, path: "/dataSource/bulkRefreshViews", body: #"{"dataSourceIds":[ID]}"#, statuses: managing,
            forbidden: manage, refusal: "dataSource.refresh dataSource "),
        Endpoint(
            method: .get, path: "/dataSource/ID/access", statuses: giving, forbidden: give,
            refusal: "read access ID"),
        Endpoint(
            method: .post, path: "/dataSource/ID/access", body: Body.access(2, "expert"), statuses: giving,
            forbidden: give, refusal: "access.grant access ID"),
        Endpoint(
            method: .delete, path: "/dataSource/ID/access/2", statuses: giving, forbidden: give,
            refusal: "access.revoke access ID/2"),
    ]

    /// A data source for each cell, so that none sees what another did; user 2 is subscribed to each.
    @Test func `each role may do with each endpoint what the contract says, as owner and not`() async throws {
        let stage = try await RequestStage()
        try await stage.addKey("other", userid: "other", [])
        try await stage.addIntegration()
        var users: [[UserID]] = []
        for role in Role.allCases {
            var row: [UserID] = []
            for relation in Relation.allCases {
                let key = try await stage.addKey("\(role)-\(relation)", userid: "\(role)-\(relation)", role.permissions)
                row.append(key.userID)
            }
            users.append(row)
        }
        for (number, endpoint) in Self.endpoints.enumerated() {
            try await check(endpoint, number, users, stage)
        }
    }

    private func check(
        _ endpoint: Endpoint, _ number: Int, _ users: [[UserID]], _ stage: RequestStage
    ) async throws {
        for role in Role.allCases {
            let names = Relation.allCases.map { "cell_\(number)_\(role)_\($0)".lowercased() }
            let ids = try await stage.register(names.map { ($0, "\($0)/") })
            for (relation, id) in zip(Relation.allCases, ids) {
                try await stage.subscribe(UserID(2), to: id, as: .subscribed)
                guard let state = relation.state else { continue }
                try await stage.subscribe(users[role.rawValue][relation.rawValue], to: id, as: state)
            }
            let logged = try await stage.audit.events(AuditQuery(), after: 0, limit: .max).count
            let refusals = try await stage.run { client -> [String] in
                var refusals: [String] = []
                for (relation, id) in zip(Relation.allCases, ids) {
                    let name = names[relation.rawValue]
                    let fill = { (text: String) in
                        text.replacing("ID", with: id.description).replacing("NAME", with: name)
                            .replacing("TABLE", with: name)
                    }
                    let body = endpoint.body?.replacing("NAME", with: name).replacing("[ID]", with: "[\(id)]")
                    let answer = try await client.send(
                        endpoint.method, fill(endpoint.path), body, key: "\(role)-\(relation)")
                    let cell = Comment(
                        rawValue: "\(endpoint.method) \(endpoint.path) \(role) \(relation): \(answer.text)")
                    #expect(answer.status == endpoint.statuses[role.rawValue][relation.rawValue], cell)
                    switch answer.status {
                    case 403:
                        #expect(answer.message == endpoint.forbidden, cell)
                        refusals.append(endpoint.refusal.replacing("ID", with: id.description))
                    case 404: #expect(answer.message == Self.notFound(endpoint, id, name), cell)
                    default: break
                    }
                    #expect(answer.status == 200 || answer.shapeFaults == [], cell)
                    let anonymous = try await client.send(endpoint.method, fill(endpoint.path), body, key: nil)
                    #expect(anonymous.status == 401)
                }
                return refusals
            }
            let rows = try await stage.audit.events(AuditQuery(), after: Int64(logged), limit: .max)
                .filter { $0.outcome == .refused }
            #expect(rows.map { "\($0.action) \($0.targetType) \($0.targetID)" } == refusals)
        }
    }

    private static func notFound(_ endpoint: Endpoint, _ id: DataSourceID, _ name: String) -> String {
        switch endpoint.path {
        case "/dataSource/name/NAME": "No data source found with the name \(name)."
        case "/dataSource/sqlTableName/TABLE": "No data source found with the sqlTableName \(name)."
        default: "No data source found with ID \(id)."
        }
    }

    @Test func `what was revoked or belongs to others is not found, and is in no search`() async throws {
        let stage = try await RequestStage()
        let key = try await stage.addKey("reader", userid: "reader", [])
        try await stage.addIntegration()
        try await stage.register([("revoked", "r/"), ("seen", "s/"), ("others", "o/")])
        try await stage.subscribe(key.userID, to: DataSourceID(1), as: .owner, .write)
        try await stage.subscribe(key.userID, to: DataSourceID(2), as: .subscribed)
        _ = try await stage.dataSources.revokeAccess(
            to: DataSourceID(1), of: key.userID, by: .system, now: stage.now)
        try await stage.run { client in
            for id in [1, 3] {
                #expect(try await client.send(.get, "/dataSource/\(id)", key: "reader").status == 404)
                #expect(try await client.send(.delete, "/dataSource/\(id)", key: "reader").status == 404)
            }
            let page = try await client.send(.get, "/dataSource?nameOnly=true", key: "reader")
            #expect(
                page.text
                    == #"{"hits":[{"id":2,"name":"seen"}],"count":1,"isCountExact":true,"nextCursor":null}"#)
            // Of several, those that are not there are told first; nothing is done.
            let refresh = try await client.send(
                .post, "/dataSource/bulkRefreshViews", #"{"dataSourceIds":[1,2,3]}"#, key: "reader")
            #expect(refresh.status == 404)
            #expect(refresh.message == "No data sources found with the IDs 1, 3.")
        }
        #expect(stage.wakeCount == 0)
    }
}
