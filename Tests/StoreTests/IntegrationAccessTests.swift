import Domain
import Foundation
import Store
import TestSupport
import Testing

/// What a change of an integration means to its data sources and their grants.
@Suite struct IntegrationAccessTests {
    /// A data source whose owner AWS knows as a role.
    private struct Scene {
        let directory: TemporaryDirectory
        let store: SQLiteStore
        var integration: Integration
        let viewer = DataSourceViewer.everything(UserID(1))
        let source = DataSourceKey.id(DataSourceID(1))

        init() async throws {
            directory = try TemporaryDirectory()
            store = try await SQLiteStore.open(at: directory.file("sluice.db"), keys: MasterKeys(current: MasterKey()))
            _ = try await store.identities.insertUser(
                iamid: "bim", userid: "ann",
                profile: User.Profile(
                    name: "Ann",
                    externalUserIDs: ExternalUserIDs(iamPrincipalARN: "arn:aws:iam::123456789012:role/ann")),
                permissions: [], by: .system, now: Fixtures.now)
            let repositories = Repositories(
                integrations: store.integrations, identities: store.identities, directory: nil)
            integration = try await repositories.enabled()
            _ = try await store.dataSources.insert(
                [try Self.raw(at: integration.configuration.path)], of: integration.id, for: viewer, answer: nil,
                by: .system, now: Fixtures.now)
            _ = try await store.grants.plan(limit: 10, now: Fixtures.now)
        }

        static func raw(at path: LocationPath, name: String = "raw") throws -> NewDataSource {
            let prefix = try DataPrefix("raw/", under: path)
            return NewDataSource(name: name, prefix: prefix, scope: prefix.scope(under: path))
        }

        mutating func save(_ change: (inout Integration) throws -> Void) async throws {
            try change(&integration)
            integration = try await store.integrations.save(integration)
        }

        /// Scopes of the grants, once planned.
        func scopes() async throws -> [String] {
            _ = try await store.grants.plan(limit: 10, now: Fixtures.now)
            return try await store.grants.grants(of: integration.id, after: nil, limit: 10).map(\.key.scope)
        }
    }

    @Test func `when the location has another path, so have the grants and the data sources`() async throws {
        var scene = try await Scene()
        #expect(try await scene.scopes() == ["s3://research/raw/*"])
        let (old, new) = (scene.integration.configuration.path, Fixtures.path("s3://archive/2026/"))
        try await scene.save {
            try $0.requestEdit(
                to: Fixtures.configuration(path: "s3://archive/2026/"), validation: Fixtures.passed, now: Fixtures.now)
        }
        #expect(try await scene.scopes() == ["s3://research/raw/*"], "there is no other location yet")
        try await scene.save { $0.locationWasMade(Fixtures.made("s3://archive/2026/"), at: new, now: Fixtures.now) }
        #expect(try await scene.scopes() == ["s3://archive/2026/raw/*"])
        try await scene.save { $0.grantsHaveMoved(now: Fixtures.now) }
        try await scene.save { $0.locationIsGone(at: old, now: Fixtures.now) }
        #expect(scene.integration.status == .enabled)
        let preview = try await scene.store.dataSources.preview(
            [try Scene.raw(at: new, name: "other")], of: scene.integration.id, for: scene.viewer)
        #expect(preview.overlaps.first.map(\.name) == ["raw"])
    }

    @Test(arguments: [true, false])
    func `with its integration a data source is disabled, and the audit log says so`(_ isForced: Bool) async throws {
        var scene = try await Scene()
        let path = scene.integration.configuration.path
        if isForced {
            try await scene.save { try $0.forceDeletion(now: Fixtures.now) }
        } else {
            try await scene.save { try $0.requestDeletion(validation: nil, now: Fixtures.now) }
            #expect(try await scene.scopes() == [])
            try await scene.save { $0.locationIsGone(at: path, now: Fixtures.now) }
        }
        #expect(scene.integration.status == (isForced ? .disabled : .deleted))
        let view = try await scene.store.dataSources.dataSource(scene.source, for: scene.viewer)
        #expect(view?.dataSource.isDisabled == true)
        #expect(view?.dataSource.revision == 2)
        var query = AuditQuery()
        query.action = AuditAction.disableDataSource.rawValue
        let events = try await scene.store.audit.events(query, after: 0, limit: 10)
        #expect(events.map(\.targetID) == ["1"])
        #expect(events.map(\.origin) == [.system])
    }

    @Test func `the census tells wanted from active and refused, and what keeps the others`() async throws {
        let scene = try await Scene()
        let store = scene.store
        let path = scene.integration.configuration.path
        func count() async throws -> GrantCensus.Location? {
            try await store.grants.census(of: scene.integration.id).locations[path]
        }
        #expect(try await count() == .init(total: 1, wanted: 1))
        let rules = GrantRules()
        let claimed = try await store.grants.claim(
            [GrantClaim(integrationID: scene.integration.id, limit: 9)], now: Fixtures.now, rules: rules)
        let denied = AWSProblem(kind: .refused, code: "AccessDenied", message: "no", action: "s3:CreateAccessGrant")
        _ = try await store.grants.record(
            claimed.map {
                GrantReport(id: $0.id, before: nil, outcome: .failed(denied, during: .create), jitter: 0)
            }, now: Fixtures.now, rules: rules)
        let refused = try await count()
        #expect(refused?.refused == 1)
        #expect(refused?.reason?.hasPrefix(denied.summary) == true)
        #expect(refused?.delay == nil)
    }
}
