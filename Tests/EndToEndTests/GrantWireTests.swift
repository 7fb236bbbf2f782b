import AWS
import Domain
import Foundation
import Logging
import Sandbox
import Store
import Synchronization
import TestSupport
import Testing
import Transport
import Worker

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// The worker with the real store and the real AWS clients, on a sandbox over the wire.
@Suite(.serialized) struct GrantWireTests {
    @Test(.timeLimit(.minutes(10)))
    func `a thousand grants are made with a call each, many at once`() async throws {
        let stage = try await WireStage(
            SandboxConfiguration(faultsEnabled: true, latency: .milliseconds(20)), dataSources: 1000)
        try await stage.run(givingFirst: true) { () async throws in
            let took = try await stage.settle()
            let calls = try await stage.calls()
            print("1,000 grants, 20 ms a call: \(took), \(calls), \(stage.metrics.counts)")
            #expect(calls["CreateAccessGrant"] == 1000)
            #expect(calls.values.reduce(0, +) <= 1020)
            #expect(try await stage.faults() == [])
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func `throttled at a hundred calls a second, none is lost and few calls are in vain`() async throws {
        let stage = try await WireStage(
            SandboxConfiguration(faultsEnabled: true, throttleRate: 100), dataSources: 500)
        try await stage.run(givingFirst: true) { () async throws in
            let took = try await stage.settle()
            let calls = try await stage.calls().values.reduce(0, +)
            print("500 grants at 100 calls a second: \(took), \(calls) calls")
            #expect(calls <= 650)
            #expect(try await stage.faults() == [])
        }
    }

    /// What can happen to a call on the wire.
    static let faults = [
        #"{"delayMilliseconds": 900}"#, #"{"dropBefore": true}"#, #"{"dropAfter": true}"#,
        #"{"status": 400, "code": "InvalidRequest"}"#, #"{"status": 403, "code": "AccessDenied"}"#,
        #"{"status": 409, "code": "OperationAborted"}"#, #"{"status": 429, "code": "TooManyRequestsException"}"#,
        #"{"status": 500, "code": "InternalError"}"#, #"{"status": 503, "code": "SlowDown"}"#,
        #"{"status": 503, "code": "ServiceUnavailable"}"#,
    ]

    @Test(.timeLimit(.minutes(10)), arguments: ["CreateAccessGrant", "DeleteAccessGrant", "ListAccessGrants"])
    func `whatever happens to a call on the wire, the end is right`(_ operation: String) async throws {
        let stage = try await WireStage(SandboxConfiguration(faultsEnabled: true), dataSources: 3, isHasty: true)
        try await stage.run { () async throws in
            for fault in Self.faults {
                // A list is only asked for after a lost answer.
                let lost = #"{"operation": "CreateAccessGrant", "dropAfter": true, "count": 1}"#
                let rule = "{\"operation\": \"\(operation)\", \"count\": 2, \(fault.dropFirst())"
                let rules = operation == "ListAccessGrants" ? [lost, rule] : [rule]
                try await stage.setFaults("[\(rules.joined(separator: ","))]")
                try await stage.giveAll()
                try await stage.settle()
                #expect(try await stage.faults() == [], "\(fault)")
                try await stage.setFaults("[\(rules.joined(separator: ","))]")
                try await stage.revokeAll()
                try await stage.settle()
                #expect(try await stage.faults() == [], "\(fault), revoked")
            }
        }
    }
}

/// A sandbox, a store with one integration of it, and the worker.
final class WireStage: Sendable {
    static let path = Fixtures.path("s3://\(SandboxDefaults.bucket)/")
    private static let reader = Grantee(.iam, "arn:aws:iam::210987654321:role/reader")

    let metrics = StoreMetrics()
    private let sandbox: Sandbox
    private let transport: CurlTransport
    private let store: SQLiteStore
    private let directory: URL
    private let options: GrantOptions
    private let count: Int
    private let state = Mutex(State())
    private let progress = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    private struct State {
        var service: AWSAccessGrantsService?
        var reconciler: GrantReconciler?
        var address = ""
        var integration = IntegrationID(0)
        var dataSources: [DataSource] = []
        var reader = UserID(0)
        var desired: Set<GrantKey> = []
    }

    /// - Parameter isHasty: deadlines and waits of a fraction of a second.
    init(_ configuration: SandboxConfiguration, dataSources: Int, isHasty: Bool = false) async throws {
        count = dataSources
        sandbox = try await Sandbox(configuration: configuration, logger: WireStage.quiet)
        transport = try CurlTransport(CurlTransport.Options(proxy: .none))
        directory = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        store = try await SQLiteStore.open(
            at: directory.appending(path: "sluice.db").path, keys: MasterKeys(current: MasterKey()), metrics: metrics)
        var options = GrantOptions()
        if isHasty {
            options.callDeadline = 0.4
            options.rules.lease = 3
            options.rules.uncertainty = 4
            options.rules.base = 0.02
        }
        self.options = options
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// Runs sandbox and worker while `body` runs; `givingFirst`, the worker finds everything given when it starts.
    func run(givingFirst: Bool = false, _ body: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.sandbox.run() }
            let reconciler = try await setUp()
            if givingFirst { try await giveAll() }
            group.addTask { try await reconciler.run() }
            do { try await body() } catch { Issue.record(error) }
            group.cancelAll()
            while let result = await group.nextResult() { _ = result }
        }
        transport.shutdown()
        try sandbox.close()
        try await store.close()
    }

    private func setUp() async throws -> GrantReconciler {
        let address = "http://127.0.0.1:\(try #require(await sandbox.boundPort))"
        let runtime = AWSRuntime(
            transport: transport, endpoints: EndpointConfiguration(all: try #require(CustomEndpoint(address))))
        let service = AWSAccessGrantsService(
            runtime,
            auto: StaticCredentialsProvider(
                accessKeyID: SandboxDefaults.adminAccessKeyID, revealed: SandboxDefaults.adminSecretAccessKey))
        let admin = try await store.identities.insertUser(
            iamid: "bim", userid: "admin", profile: User.Profile(name: "Admin"), permissions: [], by: .system,
            now: Date()
        ).id
        let reader = try await store.identities.insertUser(
            iamid: "bim", userid: "reader",
            profile: User.Profile(name: "Reader", externalUserIDs: ExternalUserIDs([Self.reader])), permissions: [],
            by: .system, now: Date()
        ).id
        let integration = try await enabled(service, admin)
        let origin = AuditOrigin(actor: .init(user: admin, userid: "admin", keyID: 1))
        let new = try (0..<count).map { number in
            let prefix = try DataPrefix("p\(number)/", under: Self.path)
            return NewDataSource(name: "p\(number)", prefix: prefix, scope: prefix.scope(under: Self.path))
        }
        let inserted = try await store.dataSources.insert(
            new, of: integration, for: .everything(admin), answer: nil, by: origin, now: Date())
        guard case .inserted(let registration) = inserted else { preconditionFailure("no key was given") }
        let reconciler = GrantReconciler(
            repository: store.grants, integrations: store.integrations, service: service, options: options,
            logger: Self.quiet, announce: { [progress] _ in progress.continuation.yield() })
        state.withLock { state in
            state.service = service
            state.reconciler = reconciler
            state.address = address
            state.integration = integration
            state.dataSources = registration.dataSources
            state.reader = reader
        }
        try await send("DELETE", "/_sandbox/calls")
        return reconciler
    }

    private var configuration: IntegrationConfiguration {
        get throws {
            IntegrationConfiguration(
                name: "wire", locationRole: try IAMRoleARN(SandboxDefaults.locationRole), path: Self.path,
                connection: Fixtures.connection(
                    account: try #require(AWSAccountID(SandboxDefaults.account)),
                    region: try #require(AWSRegion(SandboxDefaults.region))))
        }
    }

    private func enabled(_ service: AWSAccessGrantsService, _ admin: UserID) async throws -> IntegrationID {
        let configuration = try configuration
        let inserted = try await store.integrations.insert(
            Fixtures.newIntegration(configuration, by: admin, now: Date()), answer: nil, by: .system)
        guard case .inserted(var integration) = inserted else { preconditionFailure("no key was given") }
        let location = try await service.createLocation(
            at: Self.path, role: configuration.locationRole, configuration.connection, deadline: .seconds(5))
        integration.locationWasMade(
            .init(locationID: location.id, arn: location.arn, role: configuration.locationRole), at: Self.path,
            now: Date())
        return try await store.integrations.save(integration).id
    }

    // MARK: What people ask for

    func giveAll() async throws {
        let (dataSources, reader) = state.withLock { ($0.dataSources, $0.reader) }
        for dataSource in dataSources {
            _ = try await store.dataSources.setAccess(
                to: dataSource.id, of: reader, state: .subscribed, level: .read, by: .system, admin: reader,
                now: Date())
        }
        state.withLock { state in
            state.desired = Set(
                dataSources.map { GrantKey($0.prefix, at: Self.path, for: Self.reader, .read) })
        }
    }

    func revokeAll() async throws {
        let (dataSources, reader) = state.withLock { ($0.dataSources, $0.reader) }
        for dataSource in dataSources {
            _ = try await store.dataSources.revokeAccess(
                to: dataSource.id, of: reader, by: .system, now: Date())
        }
        state.withLock { $0.desired = [] }
    }

    /// Wakes the worker and waits until it has nothing to do.
    @discardableResult
    func settle() async throws -> Duration {
        let start = ContinuousClock.now
        state.withLock(\.reconciler)?.wake()
        var commits = progress.stream.makeAsyncIterator()
        while try await !isSettled { _ = await commits.next() }
        return start.duration(to: .now)
    }

    private var isSettled: Bool {
        get async throws {
            let desired = state.withLock(\.desired)
            guard try await store.grants.schedule().isEmpty else { return false }
            let records = try await store.grants.grants(
                of: state.withLock(\.integration), after: nil, limit: 10_000)
            return Set(records.map(\.key)) == desired && records.allSatisfy { $0.step == .settled }
        }
    }

    /// What AWS has and should not have, or the other way round; empty when all is right.
    func faults() async throws -> [String] {
        let (service, desired) = state.withLock { ($0.service, $0.desired) }
        try await setFaults("[]")
        var found: [AWSGrant] = []
        var page: String?
        repeat {
            let next = try await service?.grants(page: page, configuration.connection, deadline: .seconds(10))
            found += next?.grants ?? []
            page = next?.next
        } while page != nil
        let scopes = found.map(\.scope)
        guard scopes.count == desired.count, Set(scopes) == Set(desired.map(\.scope)) else {
            return ["AWS has \(scopes.sorted())"]
        }
        return []
    }

    // MARK: The sandbox

    func setFaults(_ rules: String) async throws { try await send("PUT", "/_sandbox/faults", Data(rules.utf8)) }

    func calls() async throws -> [String: Int] {
        let data = try await send("GET", "/_sandbox/calls")
        return try JSONDecoder().decode([String: Int].self, from: data).filter { $0.key.contains("Grant") }
    }

    @discardableResult
    private func send(_ method: String, _ path: String, _ body: Data? = nil) async throws -> Data {
        var request = URLRequest(url: try #require(URL(string: state.withLock(\.address) + path)))
        request.httpMethod = method
        request.httpBody = body
        return try await URLSession.shared.data(for: request).0
    }
}
