import Domain
import Foundation
import Logging
import Store
import Synchronization
import TestSupport
import Testing

@testable import Worker

/// Comparing with AWS, on the real store.
@Suite struct DriftTests {
    private final class Scene: Sendable {
        let clock = ManualClock()
        let aws: SimulatedAWS
        let store: SQLiteStore
        let grants: GrantReconciler
        let drift: DriftLook
        /// On one Access Grants instance.
        let integrations: [Integration]
        var integration: Integration { integrations[0] }
        /// Not of Sluice.
        let otherLocation = "stranger-1"
        private let directory: URL
        let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

        /// Each on a path of its own, with that many grants.
        ///
        /// - Parameter connections: of each integration.
        init(
            grants count: Int = 3, quota: Int = 100_000, connections: [AWSConnection] = [Fixtures.connection()]
        ) async throws {
            directory = FileManager.default.temporaryDirectory.appending(path: "sluice-drift-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            aws = SimulatedAWS(clock: clock)
            store = try await SQLiteStore.open(
                at: directory.appending(path: "sluice.db").path, keys: MasterKeys(current: MasterKey()))
            aws.addStranger(1, scope: "s3://elsewhere/")
            try await Self.addOwner(store, clock.now)
            var integrations: [Integration] = []
            for (number, connection) in connections.enumerated() {
                let name = number == 0 ? "research" : "research-\(number)"
                let configuration = Fixtures.configuration(name: name, path: "s3://\(name)/", connection: connection)
                integrations.append(try await Self.integration(configuration, store, aws, clock.now))
            }
            self.integrations = integrations
            var options = GrantOptions()
            options.rules.quota = quota
            grants = GrantReconciler(
                repository: store.grants, integrations: store.integrations, service: aws, clock: clock,
                options: options, jitter: { 0 }, logger: quiet)
            drift = DriftLook(
                grants: store.grants, drift: store.drift, service: aws, clock: clock,
                quotas: AccessGrantsQuotas(grants: quota), logger: quiet)
            for integration in integrations { try await register(count, in: integration) }
            _ = try await grants.runUntilIdle()
        }

        deinit { try? FileManager.default.removeItem(at: directory) }

        private static func addOwner(_ store: SQLiteStore, _ now: Date) async throws {
            _ = try await store.identities.insertUser(
                iamid: "bim", userid: "ann",
                profile: User.Profile(
                    name: "Ann",
                    externalUserIDs: ExternalUserIDs(iamPrincipalARN: "arn:aws:iam::123456789012:role/ann")),
                permissions: [], by: .system, now: now)
        }

        private static func integration(
            _ configuration: IntegrationConfiguration, _ store: SQLiteStore, _ aws: SimulatedAWS, _ now: Date
        ) async throws -> Integration {
            let inserted = try await store.integrations.insert(
                Fixtures.newIntegration(configuration, now: now), answer: nil, by: .system)
            guard case .inserted(var integration) = inserted else { preconditionFailure("no key was given") }
            let path = integration.configuration.path
            let location = try await aws.createLocation(
                at: path, role: Fixtures.locationRole, integration.activeConnection, deadline: .seconds(1))
            integration.locationWasMade(
                .init(locationID: location.id, arn: location.arn, role: Fixtures.locationRole), at: path, now: now)
            return try await store.integrations.save(integration)
        }

        private func register(_ count: Int, in integration: Integration) async throws {
            let path = integration.configuration.path
            let new = try (1...count).map { number in
                let prefix = try DataPrefix("raw-\(number)/", under: path)
                let place = integration.id == self.integration.id ? "" : "\(integration.id) "
                return NewDataSource(name: "\(place)raw-\(number)", prefix: prefix, scope: prefix.scope(under: path))
            }
            _ = try await store.dataSources.insert(
                new, of: integration.id, for: .everything(UserID(1)), answer: nil, by: .system, now: clock.now)
        }

        func key(_ number: Int, _ identifier: String = "arn:aws:iam::123456789012:role/ann") -> GrantKey {
            GrantKey(
                location: integration.configuration.path, subPrefix: "raw-\(number)/*", isObject: false,
                grantee: Grantee(.iam, identifier), permission: .read)
        }

        /// As somebody else makes it.
        @discardableResult
        func make(_ key: GrantKey, at location: String? = nil) async throws -> AWSGrant {
            let own = integration.locations.first?.made?.locationID ?? ""
            return try await aws.createGrant(
                key, locationID: location ?? own, integration.activeConnection, deadline: .seconds(1)
            ).value
        }

        func remove(_ id: String) async throws {
            _ = try await aws.deleteGrant(id: id, integration.activeConnection, deadline: .seconds(1))
        }

        func inAWS() async throws -> [AWSGrant] {
            try await aws.grants(page: nil, integration.activeConnection, deadline: .seconds(1)).grants
                .sorted { ($0.scope, $0.grantee.identifier) < ($1.scope, $1.grantee.identifier) }
        }
    }

    @Test func `what agrees is left alone`() async throws {
        let scene = try await Scene()
        let before = try await scene.inAWS()
        #expect(before.map(\.scope) == ["s3://research/raw-1/*", "s3://research/raw-2/*", "s3://research/raw-3/*"])
        scene.aws.setFault { _, _ in nil }
        let report = try await scene.drift.look(at: scene.integration)
        #expect(report == DriftReport(checkedAt: report.checkedAt))
        #expect(scene.aws.calls == ["ListAccessGrants"])
        #expect(try await scene.drift.report(of: scene.integration.id) == report.inMilliseconds)
        #expect(try await scene.drift.usage(beside: scene.integration.id) == GrantUsage(used: 3, quota: 100_000))
        _ = try await scene.grants.runUntilIdle()
        #expect(try await scene.inAWS() == before)
    }

    @Test func `what is missing is made again`() async throws {
        let scene = try await Scene()
        let gone = try await scene.inAWS()[1]
        try await scene.remove(gone.id)
        let report = try await scene.drift.look(at: scene.integration)
        #expect(report == DriftReport(checkedAt: report.checkedAt, missing: 1))
        _ = try await scene.grants.runUntilIdle()
        let after = try await scene.inAWS()
        #expect(after.map(\.scope) == ["s3://research/raw-1/*", "s3://research/raw-2/*", "s3://research/raw-3/*"])
        #expect(after[1].id != gone.id)
        #expect(try await scene.drift.look(at: scene.integration).missing == 0)
    }

    @Test func `what Sluice never made is told and stays`() async throws {
        let scene = try await Scene()
        let foreign = try await scene.make(scene.key(1, "arn:aws:iam::123456789012:role/stranger"))
        try await scene.make(scene.key(2, "arn:aws:iam::123456789012:role/stranger"), at: scene.otherLocation)
        let report = try await scene.drift.look(at: scene.integration)
        #expect(
            report
                == DriftReport(checkedAt: report.checkedAt, foreignCount: 1, foreign: [ForeignGrant(foreign)]))
        #expect(try await scene.drift.report(of: scene.integration.id) == report.inMilliseconds)
        #expect(try await scene.drift.usage(beside: scene.integration.id).used == 5)
        _ = try await scene.grants.runUntilIdle()
        #expect(try await scene.inAWS().count == 5)
    }

    @Test func `what Sluice made and nothing asks for any more is removed`() async throws {
        let scene = try await Scene()
        let left = try await scene.make(scene.key(9))
        // As after the database was brought back from a copy, but for the audit log.
        try await scene.store.audit.append(
            AuditEntry(
                at: scene.clock.now, origin: .system, action: .createAccessGrant,
                target: AuditTarget(.accessGrant, left.id)))
        let report = try await scene.drift.look(at: scene.integration)
        #expect(report == DriftReport(checkedAt: report.checkedAt, leftOver: 1))
        _ = try await scene.grants.runUntilIdle()
        #expect(try await scene.inAWS().count == 3)
        #expect(try await scene.drift.look(at: scene.integration).leftOver == 0)
    }

    @Test func `a grant that the list has not shown yet is not made twice`() async throws {
        let scene = try await Scene()
        let made = try await scene.inAWS()
        // Changed while the pages were read: the list is older than the record.
        scene.aws.hideFromLists(made[0].id)
        let report = try await scene.drift.look(at: scene.integration)
        #expect(report == DriftReport(checkedAt: report.checkedAt))
        #expect(try await scene.store.grants.schedule() == [])
    }

    @Test func `a page that cannot be read is asked for again, and at last told as it is`() async throws {
        let scene = try await Scene()
        scene.aws.setFault { index, _ in index < 2 ? .refused(.throttled, code: "SlowDown") : nil }
        #expect(try await scene.drift.look(at: scene.integration).missing == 0)
        scene.aws.setFault { _, _ in .refused(.refused, code: "AccessDenied") }
        await #expect(
            throws: DomainError(.unprocessable, "s3:ListAccessGrants was refused: AccessDenied: as told.")
        ) { try await scene.drift.look(at: scene.integration) }
    }

    @Test func `one list serves all integrations on an instance`() async throws {
        let scene = try await Scene(grants: 5, connections: Array(repeating: Fixtures.connection(), count: 4))
        let (missing, foreign) = (scene.integrations[1], scene.integrations[2])
        let gone = try #require(try await scene.inAWS().first { $0.scope == "s3://research-1/raw-4/*" })
        try await scene.remove(gone.id)
        let stranger = try await scene.make(
            scene.key(1, "arn:aws:iam::123456789012:role/stranger"), at: foreign.locations[0].made?.locationID)
        scene.aws.setPageSize(6)
        scene.aws.setFault { _, _ in nil }
        let reports = await scene.drift.look(at: scene.integrations)
        let calls = scene.aws.calls
        #expect(calls.count(where: { $0 == "ListAccessGrants" }) == 4, "20 grants, 6 a page")
        #expect(calls.count(where: { $0 == "GetAccessGrant" }) == 1)
        #expect(calls.count == 5)
        for integration in scene.integrations {
            let report = try #require(try reports[integration.id]?.get())
            var expected = DriftReport(checkedAt: report.checkedAt)
            if integration.id == missing.id { expected.missing = 1 }
            if integration.id == foreign.id { expected.add(foreign: ForeignGrant(stranger)) }
            #expect(report == expected)
            #expect(try await scene.drift.report(of: integration.id) == report.inMilliseconds)
        }
    }

    @Test func `instances are listed apart`() async throws {
        let elsewhere = Fixtures.connection(region: try #require(AWSRegion("us-east-1")))
        let scene = try await Scene(connections: [Fixtures.connection(), elsewhere, elsewhere])
        scene.aws.setFault { _, _ in nil }
        let reports = await scene.drift.look(at: scene.integrations)
        #expect(scene.aws.calls == ["ListAccessGrants", "ListAccessGrants"])
        #expect(reports.count == 3)
    }

    @Test func `whose credentials may not list is told so, and the others are served`() async throws {
        let role = Fixtures.connection(roleToAssume: Fixtures.locationRole)
        let scene = try await Scene(connections: [Fixtures.connection(), role, Fixtures.connection(), role])
        scene.aws.setFault { index, _ in index == 0 ? .refused(.refused, code: "AccessDenied") : nil }
        let reports = await scene.drift.look(at: scene.integrations)
        let refused = DomainError(.unprocessable, "s3:ListAccessGrants was refused: AccessDenied: as told.")
        for (number, integration) in scene.integrations.enumerated() {
            let failure: DomainError? =
                if case .failure(let error) = reports[integration.id] { error } else { nil }
            #expect(failure == (number.isMultiple(of: 2) ? refused : nil))
        }
        #expect(scene.aws.calls == ["ListAccessGrants", "ListAccessGrants"])
        // Nobody's credentials help when AWS is not well.
        scene.aws.setFault { _, _ in .refused(.throttled, code: "SlowDown") }
        #expect(await scene.drift.look(at: scene.integrations).values.allSatisfy { (try? $0.get()) == nil })
        #expect(scene.aws.calls.count == 5)
    }

    @Test func `the recurring check compares all that are due, those with a failed edit too, by one list`() async throws
    {
        let scene = try await Scene(connections: Array(repeating: Fixtures.connection(), count: 6))
        var edited = scene.integrations[5]
        try edited.requestEdit(
            to: Fixtures.configuration(name: "edited", path: "s3://edited/"), validation: Fixtures.passed,
            now: scene.clock.now)
        edited = try await scene.store.integrations.save(edited)
        edited.beginAttempt(at: Fixtures.path("s3://edited/"), now: scene.clock.now, lease: 30)
        edited.attemptFailed(
            at: Fixtures.path("s3://edited/"),
            AWSProblem(
                kind: .refused, code: "AccessDenied", message: "no", action: "s3:CreateAccessGrantsLocation",
                mayHaveSucceeded: false), now: scene.clock.now, delay: 1, patience: 0)
        edited = try await scene.store.integrations.save(edited)
        #expect(edited.status == .editError)
        let check = RecurringCheck(
            repository: scene.store.integrations, service: scene.aws, drift: scene.drift, clock: scene.clock,
            interval: 900, logger: scene.quiet)
        for _ in 0..<2 {
            scene.clock.advance(by: 1_000)
            scene.aws.setFault { _, _ in nil }
            await check.checkDue()
            #expect(scene.aws.calls.count(where: { $0 == "ListAccessGrants" }) == 1)
            for integration in scene.integrations {
                let report = try await scene.drift.report(of: integration.id)
                #expect(report?.checkedAt ?? .distantPast > scene.clock.now.addingTimeInterval(-10))
            }
        }
        let after = try await scene.store.integrations.integration(edited.id, includingDeleted: false)
        #expect(after?.report == edited.report)
        #expect(after?.revision == edited.revision)
    }

    @Test func `a full instance is not asked for more, and room is used as soon as there is some`() async throws {
        let scene = try await Scene(grants: 3, quota: 2)
        #expect(try await scene.inAWS().count == 2)
        let refused = try await scene.store.grants.grants(of: scene.integration.id, after: nil, limit: 9)
            .filter { $0.state.status == .quotaExceeded }
        #expect(refused.count == 1)
        #expect(
            refused.first?.state.message?.hasPrefix(
                "The Access Grants instance has 2 of the 2 grants of its quota. Remove access grants") == true)
        #expect(scene.aws.calls.count(where: { $0 == "CreateAccessGrant" }) == 2)
        let active = try await scene.store.dataSources.search(DataSourceQuery(), for: .everything(UserID(1)))
        let first = active.hits.first { $0.dataSource.name == "raw-1" }
        let id = try #require(first?.dataSource.id)
        for _ in 0..<2 {
            _ = try await scene.store.dataSources.delete(id, revision: nil, by: .system, now: scene.clock.now)
        }
        _ = try await scene.grants.runUntilIdle()
        #expect(try await scene.inAWS().map(\.scope) == ["s3://research/raw-2/*", "s3://research/raw-3/*"])
    }

    @Test func `grants of others take room too`() async throws {
        let scene = try await Scene(grants: 1, quota: 2)
        try await scene.make(scene.key(1, "arn:aws:iam::123456789012:role/stranger"), at: scene.otherLocation)
        _ = try await scene.drift.look(at: scene.integration)
        let usage = try await scene.drift.usage(beside: scene.integration.id)
        #expect(usage == GrantUsage(used: 2, quota: 2))
        #expect(usage.warning != nil)
    }
}

extension DriftReport {
    /// As it is read back.
    fileprivate var inMilliseconds: DriftReport {
        var report = self
        report.checkedAt = Date(
            timeIntervalSince1970: (checkedAt.timeIntervalSince1970 * 1000).rounded() / 1000)
        return report
    }
}
