public import Domain
public import Logging
public import ServiceLifecycle
import Synchronization

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Validates every integration in service again, once an interval, and keeps what came of it: a failed check leads to
/// `recurringValidationError`, a passed one back. Behind an `editError` or a `deleteError` nothing is validated, so
/// that its reason stays. Then the grants of all of them are compared with AWS, those on one Access Grants instance
/// together.
public final class RecurringCheck: Service {
    private let repository: any IntegrationRepository
    private let validator: IntegrationValidator
    private let drift: any DriftInspector
    private let clock: any WallClock
    private let interval: TimeInterval
    private let logger: Logger
    private let announce: @Sendable (IntegrationID) -> Void
    private let bell = WakeUp()
    private let isStopping = Mutex(false)

    /// Checks that run at once: each asks AWS four things.
    private static let concurrency = 4
    /// Seconds between two looks at what is due, at least and at most.
    private static let pause: ClosedRange<TimeInterval> = 1...60

    /// - Parameter interval: seconds between two checks of one integration; the first gap may be half of it shorter or
    ///   longer.
    public init(
        repository: any IntegrationRepository, service: any AccessGrantsService, drift: any DriftInspector,
        clock: any WallClock = SystemWallClock(), interval: TimeInterval = 15 * 60, logger: Logger,
        announce: @escaping @Sendable (IntegrationID) -> Void = { _ in }
    ) {
        self.repository = repository
        validator = IntegrationValidator(service: service)
        self.drift = drift
        self.clock = clock
        self.interval = interval
        self.logger = logger
        self.announce = announce
    }

    /// A check may have become due. Returns at once.
    public func wake() { bell.ring() }

    /// Until the task is cancelled or the service is shut down.
    public func run() async throws {
        await withGracefulShutdownHandler {
            while !Task.isCancelled, !isStopping.withLock(\.self) {
                await checkDue()
                await bell.wait(until: await nextLook(), clock: clock)
            }
        } onGracefulShutdown: {
            self.isStopping.withLock { $0 = true }
            self.bell.ring()
        }
    }

    /// Every check that is due now, a few at once; the failure of one harms no other.
    func checkDue() async {
        var reachable: [Integration] = []
        while !Task.isCancelled, !isStopping.withLock(\.self) {
            let due: [Integration]
            do throws(DomainError) {
                due = try await repository.dueForCheck(now: clock.now, interval: interval, limit: Self.concurrency)
            } catch {
                logger.error("the due checks cannot be read", metadata: ["error": "\(error)"])
                break
            }
            guard !due.isEmpty else { break }
            let checked = await withTaskGroup(of: (Integration, Bool?).self) { group in
                for integration in due { group.addTask { (integration, await self.check(integration)) } }
                return await group.reduce(into: []) { $0.append($1) }
            }
            reachable += checked.filter { $0.1 == true }.map(\.0)
            // What could not be stored is due still: leave it to the next look.
            guard checked.allSatisfy({ $0.1 != nil }) else { break }
        }
        await compare(reachable)
    }

    /// Whether AWS can be asked about its grants; `nil` when the outcome could not be stored.
    private func check(_ integration: Integration) async -> Bool? {
        guard [.enabled, .recurringValidationError].contains(integration.status) else {
            return await postpone(integration)
        }
        let outcome = await validator.validate(
            IntegrationProposal(integration.configuration), for: .check(integration), among: [])
        // Who cancels is shutting down: that says nothing about AWS.
        guard !Task.isCancelled else { return false }
        ReconcileMetrics.checked(outcome.results.status)
        let next = nextCheck
        var checked = integration
        checked.checked(outcome.results, now: clock.now, nextCheckAt: next)
        do throws(DomainError) {
            guard integration.status != .enabled || checked.status != .enabled else {
                try await repository.recordCheck(integration.id, next: next)
                return outcome.results.isReachable
            }
            let saved = try await repository.save(checked)
            report(saved, after: integration.status)
            return outcome.results.isReachable
        } catch {
            // It was changed meanwhile, so that this check says nothing about it.
            if error.code == .staleRevision || error.code == .notFound { return outcome.results.isReachable }
            logger.error(
                "the outcome of a check cannot be stored",
                metadata: ["integration.id": "\(integration.id)", "error": "\(error)"])
            return nil
        }
    }

    /// One that is only compared.
    private func postpone(_ integration: Integration) async -> Bool? {
        do throws(DomainError) {
            try await repository.recordCheck(integration.id, next: nextCheck)
            return true
        } catch {
            logger.error(
                "the outcome of a check cannot be stored",
                metadata: ["integration.id": "\(integration.id)", "error": "\(error)"])
            return nil
        }
    }

    /// The same moments for all, so that those on one Access Grants instance come to be due together: every `interval`
    /// since 1970, the first that is at least half of it ahead.
    private var nextCheck: Date {
        let earliest = clock.now.timeIntervalSince1970 + interval / 2
        return Date(timeIntervalSince1970: (earliest / interval).rounded(.up) * interval)
    }

    private func compare(_ integrations: [Integration]) async {
        guard !integrations.isEmpty, !Task.isCancelled else { return }
        for (id, result) in await drift.look(at: integrations) {
            guard case .failure(let error) = result, !Task.isCancelled else { continue }
            logger.warning(
                "the grants cannot be compared with AWS",
                metadata: ["integration.id": "\(id)", "error": "\(error)"])
        }
    }

    private func report(_ saved: Integration, after before: IntegrationStatus) {
        announce(saved.id)
        guard saved.status != before else { return }
        logger.info(
            "an integration changed its status",
            metadata: [
                "integration.id": "\(saved.id)", "status": "\(saved.status.rawValue)",
                "status.before": "\(before.rawValue)", "reason": "\(saved.report.message ?? "")",
            ])
    }

    private func nextLook() async -> Date {
        let now = clock.now
        let earliest = now.addingTimeInterval(min(Self.pause.lowerBound, interval))
        let latest = now.addingTimeInterval(min(Self.pause.upperBound, max(interval, Self.pause.lowerBound)))
        let next = try? await repository.nextDue(checkInterval: interval)
        return min(max(next ?? latest, earliest), latest)
    }
}

extension ValidationResults {
    /// Nothing says that asking AWS would be in vain.
    fileprivate var isReachable: Bool {
        !tests.contains { $0.status == .failed && [.callerIdentity, .instance].contains($0.name) }
    }
}
