import AWS
import Domain
import Foundation
import Sandbox
import Store
import Testing
import Transport

/// The real binary on the embedded AWS, killed while a thousand grants are being changed.
@Suite(.serialized) struct GrantCrashTests {
    /// Of some 4,000: the first, where everything is planned and leased, and then ever further on.
    private static let points = [7, 1_300, 3_300]

    @Test(.timeLimit(.minutes(10)))
    func `killed at any point, a thousand grants come to the same end`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sluice-grants-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let sandbox = try await Program(["sandbox", "--port", "0"])
        defer { sandbox.kill() }
        let rehearsal = try GrantRehearsal(sandbox: sandbox.address, folder: folder)
        try await rehearsal.prepare()
        var killed = 0
        for point in Self.points {
            try await rehearsal.changeEverything()
            if try await rehearsal.work(killedAt: point) { killed += 1 }
            try await rehearsal.work(killedAt: nil)
            #expect(try await rehearsal.isRight(), "killed at \(point)")
        }
        print("killed while 1,000 grants were changed at \(killed) points")
        #expect(killed >= Self.points.count - 1)
    }
}

/// A thousand data sources of one owner, whose principal changes: each time a thousand grants are made and a thousand go.
private final class GrantRehearsal {
    private static let count = 1_000
    private static let owner = UserID(1)

    private let environment: [String: String]
    private let database: String
    private let aws: S3ControlClient
    private var principals = [SandboxDefaults.bob.arn, SandboxDefaults.alice.arn]
    private var scopes: [String] = []
    /// Beside the server's own; opened once there is a database.
    private var store: SQLiteStore?

    init(sandbox: String, folder: URL) throws {
        database = folder.appending(path: "sluice.db").path
        environment = [
            "AWS_ENDPOINT_URL": sandbox, "AWS_REGION": SandboxDefaults.region,
            "AWS_ACCESS_KEY_ID": SandboxDefaults.adminAccessKeyID,
            "AWS_SECRET_ACCESS_KEY": SandboxDefaults.adminSecretAccessKey,
            "SLUICE_BOOTSTRAP_API_KEY": ControlPlane.key, "SLUICE_DATABASE": database,
        ]
        let endpoints = try EndpointConfiguration(environment: ["AWS_ENDPOINT_URL": sandbox])
        aws = S3ControlClient(
            AWSRuntime(transport: try CurlTransport(), endpoints: endpoints),
            credentials: StaticCredentialsProvider(
                accessKeyID: SandboxDefaults.adminAccessKeyID, revealed: SandboxDefaults.adminSecretAccessKey),
            region: SandboxDefaults.region, account: SandboxDefaults.account)
    }

    /// The integration, by the API; then the data sources.
    func prepare() async throws {
        let program = try await Program(["serve", "--port", "0"], environment: environment)
        defer { program.kill() }
        let server = ControlPlane(address: program.address)
        let path = "s3://\(SandboxDefaults.bucket)/grants/"
        let answer = try await server.send(
            "POST", "/integrations",
            [
                "type": "Native S3", "autoBootstrap": false,
                "config": [
                    "name": "grants", "awsAccountId": SandboxDefaults.account, "awsRegion": SandboxDefaults.region,
                    "awsLocationRole": SandboxDefaults.locationRole, "awsLocationPath": path,
                    "authenticationType": "auto",
                ],
            ])
        #expect(try await server.settledStatus(answer["id"] ?? "") == "enabled")
        program.kill()
        let store = try await SQLiteStore.open(
            at: database, keys: try MasterKeys.load(masterKey: nil, databasePath: database))
        self.store = store
        let location = try LocationPath(path)
        let new = try (1...Self.count).map { number in
            let prefix = try DataPrefix("\(number)/", under: location)
            scopes.append("\(path)\(number)/*")
            return NewDataSource(name: "source-\(number)", prefix: prefix, scope: prefix.scope(under: location))
        }
        _ = try await store.dataSources.insert(
            new, of: IntegrationID(1), for: .everything(Self.owner), answer: nil, by: .system, now: Date())
        scopes.sort()
    }

    /// While no server runs: the owner is somebody else to AWS from now on.
    func changeEverything() async throws {
        principals.reverse()
        let change = ProfileChange(externalUserIDs: ExternalUserIDs(iamPrincipalARN: principals[0]))
        _ = try await store?.identities.updateProfile(of: Self.owner, change, by: .system, now: Date())
    }

    /// Runs a server until all is done, or it dies.
    ///
    /// - Returns: whether it was killed.
    @discardableResult
    func work(killedAt point: Int?) async throws -> Bool {
        var environment = environment
        if let point {
            environment["SLUICE_CRASH_AT"] = String(point)
            environment["SLUICE_CRASH_REHEARSAL"] = "1"
        }
        let program: Program
        do {
            program = try await Program(["serve", "--port", "0"], environment: environment)
        } catch let failure as Program.DidNotStart {
            #expect(failure.wasKilled, "\(failure.log)")
            return true
        }
        defer { program.kill() }
        while program.isRunning {
            // Reading what AWS has takes its time, so that the server gets to work in between.
            guard try await isRight() else { continue }
            let census = try await store?.grants.census(of: IntegrationID(1))
            let location = census?.locations.values.first
            if census?.unplanned == 0, location == .init(total: Self.count, wanted: Self.count, active: Self.count) {
                return false
            }
        }
        return true
    }

    /// Whether AWS has the thousand grants that are wanted, and no other.
    func isRight() async throws -> Bool {
        let page = try await aws.listAccessGrants(maxResults: 1000)
        guard page.nextToken == nil, page.items.count == Self.count else { return false }
        return page.items.allSatisfy { $0.grantee.identifier == principals[0] && $0.permission == .read }
            && page.items.map(\.scope).sorted() == scopes
    }
}
