import Domain
import Foundation
import Logging
import Synchronization
import TestSupport
import Testing

@testable import Worker

@Suite struct ReconcilerTests {
    private let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    /// Runs the reconciler until every integration has `status`.
    private func run(
        _ reconciler: IntegrationReconciler, _ repository: any IntegrationRepository, until status: IntegrationStatus,
        _ changes: AsyncStream<IntegrationID>
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await reconciler.run() }
            for await _ in changes {
                let all = try await repository.integrations()
                if all.allSatisfy({ $0.status == status }) { break }
            }
            group.cancelAll()
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func `it carries many integrations at once, and one that fails harms no other`() async throws {
        let clock = ManualClock()
        let aws = SimulatedAWS(clock: clock)
        let repository = InMemoryIntegrationRepository()
        for number in 1...40 {
            let configuration = Fixtures.configuration(name: "n\(number)", path: "s3://bucket-\(number)/")
            _ = try await repository.insert(Fixtures.newIntegration(configuration, now: clock.now), answer: nil)
        }
        aws.setFault { index, _ in index == 3 ? .refused(.throttled, code: "SlowDown") : nil }
        let (changes, report) = AsyncStream.makeStream(of: IntegrationID.self)
        let reconciler = IntegrationReconciler(
            repository: repository, grants: CountedGrants(), service: aws, clock: SystemWallClock(), jitter: { 0 },
            logger: quiet,
            announce: { report.yield($0) })
        try await run(reconciler, repository, until: .enabled, changes)
        #expect(aws.locations.count == 40)
    }

    @Test(.timeLimit(.minutes(10)))
    func `it takes over at the start what another process had leased`() async throws {
        let clock = ManualClock()
        let aws = SimulatedAWS(clock: clock)
        let repository = InMemoryIntegrationRepository()
        let now = Date()
        guard
            case .inserted(var integration) = try await repository.insert(
                Fixtures.newIntegration(now: now), answer: nil)
        else { return }
        integration.beginAttempt(at: integration.configuration.path, now: now, lease: 50)
        try await repository.save(integration)
        let (changes, report) = AsyncStream.makeStream(of: IntegrationID.self)
        let reconciler = IntegrationReconciler(
            repository: repository, grants: CountedGrants(), service: aws, logger: quiet, announce: { report.yield($0) }
        )
        try await run(reconciler, repository, until: .enabled, changes)
        #expect(aws.calls == ["ListAccessGrantsLocations", "CreateAccessGrantsLocation"])
    }
}

@Suite struct RecurringCheckTests {
    private let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    @Test func `a failed check is shown, and a passed one brings the integration back`() async throws {
        let stage = Stage()
        let id = try await Operation.create.begin(on: stage)
        _ = try await stage.work()
        let announced = Mutex<[IntegrationID]>([])
        let check = RecurringCheck(
            repository: stage.repository, service: stage.aws, drift: FakeDriftInspector(), clock: stage.clock,
            interval: 900, logger: quiet,
            announce: { id in announced.withLock { $0.append(id) } })

        await check.checkDue()
        #expect(stage.aws.calls == ["CreateAccessGrantsLocation"], "not due yet")

        stage.clock.advance(by: 901)
        let revision = try await stage.read(id).revision
        await check.checkDue()
        #expect(try await stage.read(id).revision == revision, "nothing changed, so nothing is rewritten")

        stage.clock.advance(by: 901)
        stage.aws.setFault { _, call in
            call == "GetAccessGrantsInstance" ? .refused(.refused, code: "AccessGrantsInstanceNotExistsError") : nil
        }
        await check.checkDue()
        let failed = try await stage.read(id)
        #expect(failed.status == .recurringValidationError)
        #expect(failed.report.message?.contains("has no S3 Access Grants instance in eu-west-1") == true)

        stage.clock.advance(by: 901)
        stage.aws.setFault { _, _ in nil }
        await check.checkDue()
        let back = try await stage.read(id)
        #expect(back.status == .enabled)
        #expect(back.report.message == nil)
        #expect(announced.withLock(\.self) == [id, id])
    }

    @Test func `a location that is gone, or has another role, fails the check`() async throws {
        let stage = Stage()
        let id = try await Operation.create.begin(on: stage)
        _ = try await stage.work()
        let check = RecurringCheck(
            repository: stage.repository, service: stage.aws, drift: FakeDriftInspector(), clock: stage.clock,
            interval: 900, logger: quiet)
        stage.clock.advance(by: 901)
        stage.aws.change { $0["location-1"]?.roleARN = Stage.newRole.description }
        await check.checkDue()
        #expect(try await stage.read(id).report.message?.contains("has the role \(Stage.newRole)") == true)
        stage.clock.advance(by: 901)
        stage.aws.change { $0["location-1"] = nil }
        await check.checkDue()
        #expect(try await stage.read(id).report.message?.contains("is gone from account 123456789012") == true)
    }
}
