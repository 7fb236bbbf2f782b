import API
import Domain
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Store
import TestSupport
import Testing

/// The API on the real store: what a request costs in commits, each of which is a disk's round trip.
@Suite struct CommitTests {
    private struct Step {
        var method: HTTPRequest.Method
        var path: String
        var body: String?
        var idempotencyKey: String?
        var commits: Int
        var status = HTTPResponse.Status.ok
    }

    private static let key = "administrator-key"

    private static func integration(_ name: String) -> String {
        """
        {"type":"Native S3","autoBootstrap":false,"config":{"name":"\(name)","awsAccountId":"123456789012",\
        "awsRegion":"eu-west-1","awsLocationRole":"arn:aws:iam::123456789012:role/access-grants-location",\
        "awsLocationPath":"s3://\(name)/","authenticationType":"auto"}}
        """
    }

    @Test func `a change costs one commit, and what changes nothing costs none`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sluice-commits-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let metrics = StoreMetrics()
        let store = try await SQLiteStore.open(
            at: folder.appending(path: "sluice.db").path, keys: MasterKeys(current: MasterKey()), metrics: metrics)
        let user = try await store.identities.insertUser(
            iamid: "bim", userid: "admin", profile: .init(name: "Admin"), permissions: Set(Permission.allCases),
            now: Fixtures.now)
        _ = try await store.identities.insertKey(
            Credential.hash(Self.key), user: user.id, name: "test", expiresAt: nil, now: Fixtures.now)
        for name in ["first", "second"] {
            let configuration = Fixtures.configuration(name: name, path: "s3://\(name)/")
            let inserted = try await store.integrations.insert(Fixtures.newIntegration(configuration), answer: nil)
            guard case .inserted(var integration) = inserted else { preconditionFailure("no key was given") }
            integration.locationWasMade(Fixtures.made(), at: configuration.path, now: Fixtures.now)
            try await store.integrations.save(integration)
        }
        let steps = [
            Step(method: .post, path: "/integrations", body: Self.integration("research"), commits: 1),
            Step(
                method: .post, path: "/integrations", body: Self.integration("sales"), idempotencyKey: "k", commits: 1),
            Step(
                method: .post, path: "/integrations", body: Self.integration("sales"), idempotencyKey: "k", commits: 0),
            Step(
                method: .post, path: "/integrations?dryRun=true", body: Self.integration("other"), commits: 0),
            Step(method: .get, path: "/integrations", commits: 0),
            Step(method: .get, path: "/integrations/1/status", commits: 0),
            Step(method: .put, path: "/integrations/1", body: Self.integration("first"), commits: 1),
            Step(method: .delete, path: "/integrations/1", commits: 0, status: .conflict),
            Step(method: .delete, path: "/integrations/2", commits: 1),
            Step(method: .post, path: "/bim/apikey", body: #"{"name":"second"}"#, commits: 1),
            Step(method: .post, path: "/bim/apikey/authenticate", commits: 1),
            Step(method: .delete, path: "/bim/apikey/2", commits: 1),
        ]
        let dependencies = APIDependencies(
            integrations: store.integrations, dataSources: store.dataSources, identities: store.identities,
            audit: store.audit, validator: IntegrationValidator(service: FakeAccessGrantsService()),
            drift: FakeDriftInspector(), externalIDs: store.externalIDs,
            changes: IntegrationChanges(), wake: {}, environment: APIEnvironment(now: { Fixtures.now }))
        try await Application(router: apiRouter(dependencies)).test(.router) { client in
            for step in steps {
                var headers: HTTPFields = [.authorization: Self.key, .contentType: "application/json"]
                if let key = step.idempotencyKey, let name = HTTPField.Name("Idempotency-Key") { headers[name] = key }
                let before = metrics.counts.commits
                let answer = try await client.execute(
                    uri: step.path, method: step.method, headers: headers,
                    body: step.body.map { ByteBuffer(string: $0) })
                #expect(answer.status == step.status, "\(step): \(String(buffer: answer.body))")
                #expect(metrics.counts.commits - before == step.commits, "\(step)")
            }
        }
        try await store.close()
    }
}
