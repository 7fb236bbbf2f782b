import Domain
import Foundation
import Logging
import Store
import TestSupport

@testable import Worker

/// A store with an integration, data sources and people, an AWS, a clock and a worker that can be killed and started
/// again. What should be there is kept beside it, in a model of its own.
final class GrantStage {
    static let path = "s3://research/"
    static let noon = Fixtures.now

    struct Access: Hashable {
        var dataSource: Int
        var user: Int
    }

    /// What was asked for.
    struct Model {
        var principals: [[Grantee]] = []
        var levels: [Access: AccessLevel] = [:]
        var disabled: Set<Int> = []
        var prefixes: [DataPrefix] = []

        /// Those of people who are subscribed; the administrator, who owns everything, has no principal.
        var desired: Set<GrantKey> {
            var keys: Set<GrantKey> = []
            for (access, level) in levels where !disabled.contains(access.dataSource) {
                for grantee in principals[access.user] {
                    keys.insert(
                        GrantKey(
                            prefixes[access.dataSource], at: Fixtures.path(GrantStage.path), for: grantee, level))
                }
            }
            return keys
        }
    }

    let clock = ManualClock()
    let metrics = StoreMetrics()
    let aws: SimulatedAWS
    let crash = Crash()
    let store: SQLiteStore
    var options = GrantOptions()
    private(set) var model = Model()
    private(set) var integration: IntegrationID
    private(set) var dataSources: [DataSourceID] = []
    private(set) var users: [UserID] = []
    private let admin: UserID
    private let directory: URL
    private var reconciler: GrantReconciler?

    /// - Parameter prefixes: of the data sources.
    init(prefixes: [String] = ["raw/"], people: Int = 1) async throws {
        aws = SimulatedAWS(clock: clock)
        directory = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let database = directory.appending(path: "sluice.db")
        try await Self.template.copy(to: database)
        store = try await SQLiteStore.open(at: database.path, keys: Self.keys, metrics: metrics)
        admin = try await store.identities.insertUser(
            iamid: "bim", userid: "admin", profile: User.Profile(name: "Admin"), permissions: [], by: .system,
            now: clock.now
        ).id
        integration = IntegrationID(0)
        integration = try await Self.enabled(in: store, aws, admin, clock.now)
        for number in 0..<people { try await addUser(number) }
        let new = try prefixes.map { text in
            let prefix = try DataPrefix(text, under: Fixtures.path(Self.path))
            return NewDataSource(name: text, prefix: prefix, scope: prefix.scope(under: Fixtures.path(Self.path)))
        }
        let owner = AuditOrigin(actor: .init(user: admin, userid: "admin", keyID: 1))
        let inserted = try await store.dataSources.insert(
            new, of: integration, for: .everything(admin), answer: nil, by: owner, now: clock.now)
        guard case .inserted(let registration) = inserted else { preconditionFailure("no key was given") }
        dataSources = registration.dataSources.map(\.id)
        model.prefixes = new.map(\.prefix)
        start()
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    private static let keys = MasterKeys(current: MasterKey())
    /// An empty database with the present schema.
    private static let template = TemplateFile { path in try await SQLiteStore.open(at: path, keys: keys).close() }

    private static func enabled(
        in store: SQLiteStore, _ aws: SimulatedAWS, _ admin: UserID, _ now: Date
    ) async throws -> IntegrationID {
        let configuration = Fixtures.configuration(path: path)
        let inserted = try await store.integrations.insert(
            Fixtures.newIntegration(configuration, by: admin, now: now), answer: nil, by: .system)
        guard case .inserted(var integration) = inserted else { preconditionFailure("no key was given") }
        let location = try await aws.createLocation(
            at: configuration.path, role: configuration.locationRole, configuration.connection, deadline: .seconds(1))
        integration.locationWasMade(
            .init(locationID: location.id, arn: location.arn, role: configuration.locationRole),
            at: configuration.path, now: now)
        return try await store.integrations.save(integration).id
    }

    // MARK: What people ask for

    private func addUser(_ number: Int) async throws {
        let grantee = Self.principal(number)
        let profile = User.Profile(name: "Reader \(number)", externalUserIDs: ExternalUserIDs([grantee]))
        let user = try await store.identities.insertUser(
            iamid: "bim", userid: "reader-\(number)", profile: profile, permissions: [], by: .system, now: clock.now)
        users.append(user.id)
        model.principals.append([grantee])
    }

    static func principal(_ number: Int) -> Grantee { Grantee(.iam, "arn:aws:iam::123456789012:user/reader-\(number)") }

    func give(_ dataSource: Int, to user: Int = 0, _ level: AccessLevel = .read) async throws {
        _ = try await store.dataSources.setAccess(
            to: dataSources[dataSource], of: users[user], state: .subscribed, level: level, by: .system, admin: admin,
            now: clock.now)
        model.levels[Access(dataSource: dataSource, user: user)] = level
    }

    func giveAll(_ level: AccessLevel = .read) async throws {
        for index in dataSources.indices { for user in users.indices { try await give(index, to: user, level) } }
    }

    func revoke(_ dataSource: Int, from user: Int = 0) async throws {
        guard model.levels.removeValue(forKey: Access(dataSource: dataSource, user: user)) != nil else { return }
        _ = try await store.dataSources.revokeAccess(
            to: dataSources[dataSource], of: users[user], by: .system, now: clock.now)
    }

    func setPrincipals(_ grantees: [Grantee], of user: Int) async throws {
        let change = ProfileChange(externalUserIDs: ExternalUserIDs(grantees))
        _ = try await store.identities.updateProfile(of: users[user], change, by: .system, now: clock.now)
        model.principals[user] = grantees
    }

    func setDisabled(_ isDisabled: Bool, _ dataSource: Int) async throws {
        guard model.disabled.contains(dataSource) != isDisabled else { return }
        if isDisabled {
            _ = try await store.dataSources.delete(
                dataSources[dataSource], revision: nil, by: .system, now: clock.now)
            model.disabled.insert(dataSource)
        } else {
            var change = DataSourceChange()
            change.isRestored = true
            _ = try await store.dataSources.update(
                dataSources[dataSource], change, revision: nil, by: .system, now: clock.now)
            model.disabled.remove(dataSource)
        }
    }

    func refresh() async throws { try await store.dataSources.refresh(dataSources, by: .system, now: clock.now) }

    func states(of dataSource: Int = 0) async throws -> [GrantState] {
        try await store.dataSources.access(to: dataSources[dataSource]).filter { $0.user.id != admin }.map(\.grant)
    }

    func records() async throws -> [GrantRecord] {
        try await store.grants.grants(of: integration, after: nil, limit: 100_000)
    }

    // MARK: The worker

    /// A new process.
    private func start() {
        let (crash, aws) = (crash, aws)
        let hook: FaultHook = { point in
            crash.pass(point)
            if crash.hasCrashed { aws.setCrashed(true) }
        }
        reconciler = GrantReconciler(
            repository: FaultPointGrantRepository(MortalGrantRepository(base: store.grants, crash: crash), hook: hook),
            integrations: store.integrations, service: FaultPointAccessGrantsService(aws, hook: hook), clock: clock,
            options: options, jitter: { 0.5 },
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    /// Works, at the time each thing is due, until nothing is due any more or `end` has come; `false` when the process
    /// died.
    func work(until end: Date = .distantFuture) async throws -> Bool {
        guard let reconciler else { preconditionFailure("it was started") }
        do {
            try await reconciler.takeOver()
            for _ in 0..<1000 {
                let next = try await reconciler.runUntilIdle()
                if crash.hasCrashed { return false }
                guard let next, next < end else { return true }
                clock.advance(to: next)
            }
        } catch {
            guard crash.hasCrashed else { throw error }
            return false
        }
        throw DomainError(.internal, "the worker never comes to an end")
    }

    func restart(after downtime: TimeInterval) {
        crash.arm(at: nil)
        aws.setCrashed(false)
        clock.advance(by: downtime)
        start()
    }

    /// Works to the end, from whatever there is, with an AWS that is well.
    func finish() async throws {
        aws.setFault { _, _ in nil }
        restart(after: 1)
        guard try await work() else { preconditionFailure("no crash is armed") }
    }

    /// What is wrong with the end that was reached; empty when it is right.
    func faults() async throws -> [String] {
        var faults: [String] = []
        let found = aws.grants.filter { !$0.id.hasPrefix("stranger") }
        var missing = model.desired
        for key in model.desired {
            let matching = aws.grants.filter {
                $0.scope == key.scope && $0.grantee == key.grantee && $0.permission == key.permission.rawValue
            }
            if matching.count > 1 { faults.append("twice: \(key)") }
            if matching.count == 1 { missing.remove(key) }
        }
        if !missing.isEmpty { faults.append("missing: \(missing)") }
        let left = found.filter { grant in
            !model.desired.contains {
                grant.scope == $0.scope && grant.grantee == $0.grantee && grant.permission == $0.permission.rawValue
            }
        }
        if !left.isEmpty { faults.append("left: \(left)") }
        let records = try await records()
        if Set(records.map(\.key)) != model.desired { faults.append("records: \(records.map(\.key.scope))") }
        let unsettled = records.filter { $0.step != .settled || $0.state.status != .active }
        if !unsettled.isEmpty { faults.append("unsettled: \(unsettled)") }
        if try await !store.grants.schedule().isEmpty { faults.append("something is due") }
        for index in dataSources.indices where !model.disabled.contains(index) {
            let rows = try await store.dataSources.access(to: dataSources[index]).filter { $0.user.id != admin }
            let expected = model.levels.keys.filter { $0.dataSource == index }.count
            if rows.count != expected { faults.append("\(rows.count) people, not \(expected)") }
            for row in rows where row.grant.status != .active && !row.user.profile.externalUserIDs.grantees.isEmpty {
                faults.append("\(row.user.userid): \(row.grant)")
            }
        }
        return faults
    }
}

/// A repository that a dead process can no longer write to.
struct MortalGrantRepository: GrantRepository {
    let base: any GrantRepository
    let crash: Crash

    private func beAlive() throws(DomainError) {
        guard !crash.hasCrashed else { throw DomainError(.unavailable, "crashed") }
    }

    func plan(limit: Int, now: Date) async throws(DomainError) -> Int {
        try beAlive()
        return try await base.plan(limit: limit, now: now)
    }

    func schedule() async throws(DomainError) -> [GrantsDue] {
        try beAlive()
        return try await base.schedule()
    }

    func claim(_ requests: [GrantClaim], now: Date, rules: GrantRules) async throws(DomainError) -> [GrantRecord] {
        try beAlive()
        return try await base.claim(requests, now: now, rules: rules)
    }

    func record(_ reports: [GrantReport], now: Date, rules: GrantRules) async throws(DomainError) -> GrantProgress {
        try beAlive()
        return try await base.record(reports, now: now, rules: rules)
    }

    func releaseLeases(now: Date) async throws(DomainError) {
        try beAlive()
        try await base.releaseLeases(now: now)
    }

    func census(of integration: IntegrationID) async throws(DomainError) -> GrantCensus {
        try await base.census(of: integration)
    }

    func grants(
        of integration: IntegrationID, after: GrantRecordID?, limit: Int
    ) async throws(DomainError) -> [GrantRecord] {
        try await base.grants(of: integration, after: after, limit: limit)
    }
}
