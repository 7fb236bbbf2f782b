import Domain
import Foundation
import Logging
import Synchronization
import TestSupport

@testable import Worker

/// A store, an AWS, a clock and a worker that can be killed and started again.
final class Stage: Sendable {
    static let path = "s3://research/"
    static let newPath = "s3://archive/"
    static let newRole = Fixtures.role("another-role")

    let clock = ManualClock()
    let repository: any IntegrationRepository
    let aws: SimulatedAWS
    let crash = Crash()
    let grants = CountedGrants()
    private let pass: IntegrationPass

    init(repository: any IntegrationRepository = InMemoryIntegrationRepository()) {
        self.repository = repository
        let crash = crash
        let simulated = SimulatedAWS(clock: clock)
        aws = simulated
        let hook: FaultHook = { point in
            crash.pass(point)
            if crash.hasCrashed { simulated.setCrashed(true) }
        }
        pass = IntegrationPass(
            repository: FaultPointIntegrationRepository(
                MortalRepository(base: repository, crash: crash), hook: hook),
            grants: grants, service: FaultPointAccessGrantsService(simulated, hook: hook), clock: clock,
            options: .init(),
            jitter: { 0.5 }, logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
            announce: { _ in })
        // Strangers that Sluice must never touch: one is ours in all but the spelling of its scope.
        aws.addStranger(1, scope: "s3://research/*")
        aws.addStranger(2, scope: "s3://elsewhere/")
        aws.addStranger(3, scope: "s3://archive")
    }

    /// As the API stores an accepted creation.
    func create() async throws -> IntegrationID {
        let new = Fixtures.newIntegration(Fixtures.configuration(path: Self.path), now: clock.now)
        guard case .inserted(let integration) = try await repository.insert(new, answer: nil) else {
            preconditionFailure("no key was given")
        }
        return integration.id
    }

    /// As the API stores an accepted change.
    func request(_ id: IntegrationID, _ change: (inout Integration) throws -> Void) async throws {
        var integration = try await read(id)
        try change(&integration)
        try await repository.save(integration)
    }

    func read(_ id: IntegrationID) async throws -> Integration {
        guard let integration = try await repository.integration(id, includingDeleted: true) else {
            preconditionFailure("it was inserted")
        }
        return integration
    }

    /// Works, at the time each thing is due, until nothing is due any more or `isOver`; `false` when the process died.
    func work(until isOver: (Integration) -> Bool = { _ in false }) async throws -> Bool {
        for _ in 0..<400 {
            guard let next = try await repository.due(now: .distantFuture, limit: 1).first else { return true }
            guard !isOver(next) else { return true }
            clock.advance(to: next.schedule.nextAttemptAt ?? clock.now)
            do {
                try await pass.reconcile(next)
            } catch {
                guard crash.hasCrashed else { throw error }
                return false
            }
            // After the last call there may be nothing left to fail.
            if crash.hasCrashed { return false }
        }
        throw DomainError(
            .internal, "the worker never comes to an end",
            cause: "\(try await repository.due(now: .distantFuture, limit: 1)) \(aws.calls.suffix(10))")
    }

    /// What is due next.
    func workOnce() async throws -> Bool {
        guard let next = try await repository.due(now: .distantFuture, limit: 1).first else { return false }
        clock.advance(to: next.schedule.nextAttemptAt ?? clock.now)
        try await pass.reconcile(next)
        return true
    }

    func restart(after downtime: TimeInterval) {
        crash.arm(at: nil)
        aws.setCrashed(false)
        clock.advance(by: downtime)
    }

    /// What is wrong with the end that was reached; empty when it is right.
    func faults(_ id: IntegrationID) async throws -> [String] {
        let integration = try await read(id)
        let found = aws.locations
        var faults: [String] = []
        if aws.strangers.map(\.scope) != ["s3://research/*", "s3://elsewhere/", "s3://archive"] {
            faults.append("a stranger was touched: \(aws.strangers)")
        }
        if integration.locations.contains(where: { $0.step != .settled }) {
            faults.append("unsettled: \(integration.locations)")
        }
        if integration.pending != nil { faults.append("an edit is still pending") }
        switch integration.status {
        case .enabled, .editError, .deleteError, .recurringValidationError:
            let configuration = integration.configuration
            if found.map(\.scope) != [configuration.path.description] {
                faults.append("\(integration.status): AWS has \(found.map(\.scope)), not \(configuration.path)")
            } else if found[0].roleARN != configuration.locationRole.description {
                faults.append("\(integration.status): the role is \(found[0].roleARN)")
            } else if integration.locations.map(\.made?.locationID) != [found[0].id] {
                faults.append("the record does not name \(found[0].id): \(integration.locations)")
            }
        case .createError, .deleted:
            if !found.isEmpty { faults.append("\(integration.status): AWS has \(found.map(\.scope))") }
            if !integration.locations.isEmpty { faults.append("records are left: \(integration.locations)") }
        case .creating, .editing, .deleting, .disabled, .migrating, .migrateError:
            faults.append("still \(integration.status)")
        }
        return faults
    }
}

/// What there is of grants, as it is told.
final class CountedGrants: GrantCounter {
    private let counted = Mutex(GrantCensus())

    func set(_ locations: [String: GrantCensus.Location], unplanned: Int = 0) {
        let located = Dictionary(uniqueKeysWithValues: locations.map { (Fixtures.path($0.key), $0.value) })
        counted.withLock { $0 = GrantCensus(locations: located, unplanned: unplanned) }
    }

    func census(of integration: IntegrationID) async throws(DomainError) -> GrantCensus { counted.withLock(\.self) }
}

/// A change that is asked for.
enum Operation: String, CaseIterable, Sendable {
    case create
    case editName
    case editRole
    case editPath
    case editPathAndRole
    case delete

    /// The status at the end of it.
    var success: IntegrationStatus { self == .delete ? .deleted : .enabled }
    /// The status at the end of its failure.
    var failure: IntegrationStatus {
        switch self {
        case .create: .createError
        case .editName, .editRole, .editPath, .editPathAndRole: .editError
        case .delete: .deleteError
        }
    }

    var wanted: IntegrationConfiguration {
        switch self {
        case .create, .delete: Fixtures.configuration(path: Stage.path)
        case .editName: Fixtures.configuration(name: "renamed", path: Stage.path)
        case .editRole: Fixtures.configuration(path: Stage.path, role: Stage.newRole)
        case .editPath: Fixtures.configuration(path: Stage.newPath)
        case .editPathAndRole: Fixtures.configuration(path: Stage.newPath, role: Stage.newRole)
        }
    }

    /// Sets the stage and asks for the change.
    func begin(on stage: Stage) async throws -> IntegrationID {
        let id = try await stage.create()
        guard self != .create else { return id }
        _ = try await stage.work()
        stage.aws.setFault { _, _ in nil }
        stage.clock.advance(by: 60)
        try await stage.request(id) { integration in
            if self == .delete {
                try integration.requestDeletion(validation: nil, now: stage.clock.now)
            } else {
                try integration.requestEdit(to: wanted, validation: Fixtures.passed, now: stage.clock.now)
            }
        }
        return id
    }
}
