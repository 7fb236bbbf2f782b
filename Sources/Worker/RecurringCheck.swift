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
/// `recurringValidationError`, a passed one back. Then it compares the integration's grants with AWS.
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

    /// - Parameter interval: seconds between two checks of one integration.
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
        while !Task.isCancelled, !isStopping.withLock(\.self) {
            let due: [Integration]
            do throws(DomainError) {
                due = try await repository.dueForCheck(now: clock.now, interval: interval, limit: Self.concurrency)
            } catch {
                return logger.error("the due checks cannot be read", metadata: ["error": "\(error)"])
            }
            guard !due.isEmpty else { return }
            let areStored = await withTaskGroup(of: Bool.self) { group in
                for integration in due {
                    group.addTask {
                        guard let results = await self.check(integration) else { return false }
                        await self.compare(integration, after: results)
                        return true
                    }
                }
                return await group.reduce(true) { $0 && $1 }
            }
            // What could not be stored is due still: leave it to the next look.
            guard areStored else { return }
        }
    }

    /// The outcome; `nil` when it could not be stored.
    private func check(_ integration: Integration) async -> ValidationResults? {
        let outcome = await validator.validate(
            IntegrationProposal(integration.configuration), for: .check(integration), among: [])
        // Who cancels is shutting down: that says nothing about AWS.
        guard !Task.isCancelled else { return outcome.results }
        ReconcileMetrics.checked(outcome.results.status)
        let now = clock.now
        let next = now.addingTimeInterval(interval)
        var checked = integration
        checked.checked(outcome.results, now: now, nextCheckAt: next)
        do throws(DomainError) {
            guard integration.status != .enabled || checked.status != .enabled else {
                try await repository.recordCheck(integration.id, next: next)
                return outcome.results
            }
            let saved = try await repository.save(checked)
            report(saved, after: integration.status)
            return outcome.results
        } catch {
            // It was changed meanwhile, so that this check says nothing about it.
            if error.code == .staleRevision || error.code == .notFound { return outcome.results }
            logger.error(
                "the outcome of a check cannot be stored",
                metadata: ["integration.id": "\(integration.id)", "error": "\(error)"])
            return nil
        }
    }

    private func compare(_ integration: Integration, after results: ValidationResults) async {
        let isReachable = !results.tests.contains {
            $0.status == .failed && [.callerIdentity, .instance].contains($0.name)
        }
        guard isReachable, !Task.isCancelled else { return }
        do throws(DomainError) {
            _ = try await drift.look(at: integration)
        } catch {
            guard !Task.isCancelled else { return }
            logger.warning(
                "the grants cannot be compared with AWS",
                metadata: ["integration.id": "\(integration.id)", "error": "\(error)"])
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
