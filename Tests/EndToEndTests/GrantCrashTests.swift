import AWS
import Domain
import Foundation
import Sandbox
import Store
import Testing

/// The real binary on the embedded AWS, killed while a thousand grants are being changed.
@Suite(.serialized) struct GrantCrashTests {
    /// Of some 4,000: the first, where everything is planned and leased, and then ever further on.
    private static let points = [7, 700, 1_300, 2_500, 3_300]

    @Test(.timeLimit(.minutes(10)))
    func `killed at any point, a thousand grants come to the same end`() async throws {
        let rehearsal = GrantRehearsal(try await CrashStage())
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
    private static let integration = IntegrationID(1)
    private static let server = "grants"

    private let stage: CrashStage
    private var principals = [SandboxDefaults.bob.arn, SandboxDefaults.alice.arn]
    private var scopes: [String] = []
    /// Beside the server's own; opened once there is a database.
    private var store: SQLiteStore?

    init(_ stage: CrashStage) { self.stage = stage }

    /// The integration, by the API; then the data sources.
    func prepare() async throws {
        let program = try await stage.serve(Self.server)
        defer { program.kill() }
        let server = ControlPlane(address: program.address)
        let path = "s3://\(SandboxDefaults.bucket)/grants/"
        let answer = try await server.send("POST", "/integrations", CrashStage.integration("grants", at: path))
        #expect(try await server.settledStatus(answer["id"] ?? "") == "enabled")
        program.kill()
        let database = stage.database(Self.server)
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
            new, of: Self.integration, for: .everything(Self.owner), answer: nil, by: .system, now: Date())
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
        let program =
            if let point { try await stage.serve(Self.server, killedAt: point) } else {
                try await stage.serve(Self.server)
            }
        guard let program else { return true }
        defer { program.kill() }
        while program.isRunning {
            if try await isAtRest(), try await isRight() { return false }
        }
        return true
    }

    /// Whether nothing is left to do, but to look at its time for what a create whose answer was lost may make late. To
    /// wait for that would take two minutes a round; so the next round finds such grants too.
    private func isAtRest() async throws -> Bool {
        guard let grants = store?.grants else { return false }
        // The cheap question first: whoever waits must not keep the server from its work.
        let census = try await grants.census(of: Self.integration)
        let location = census.locations.values.first
        guard census.unplanned == 0, location?.wanted == Self.count, location?.active == Self.count else {
            return false
        }
        let now = Date()
        return try await grants.grants(of: Self.integration, after: nil, limit: .max).allSatisfy { record in
            guard !record.isWanted else { return record.step == .settled }
            let isLater = record.schedule.nextAttemptAt.map { $0 > now } ?? false
            return record.step == .lookThenDelete && record.schedule.leasedUntil == nil && isLater
        }
    }

    /// Whether AWS has the thousand grants that are wanted, and no other.
    func isRight() async throws -> Bool {
        let page = try await stage.aws.listAccessGrants(maxResults: 1000)
        guard page.nextToken == nil, page.items.count == Self.count else { return false }
        return page.items.allSatisfy { $0.grantee.identifier == principals[0] && $0.permission == .read }
            && page.items.map(\.scope).sorted() == scopes
    }
}
