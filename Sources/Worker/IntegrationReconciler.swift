public import Domain
public import Logging
public import ServiceLifecycle
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Brings AWS to what the stored integrations ask for: on a tick and whenever it is woken.
///
/// It takes no input: it reads what is due, and what it finds after a crash is what it finds every day. Each integration is
/// worked on by itself, so that the failure or slowness of one harms no other.
public final class IntegrationReconciler: Service {
    private let pass: IntegrationPass
    private let options: ReconcilerOptions
    private let bell = WakeUp()
    private let state = Mutex(State())

    private struct State {
        var underWay: Set<IntegrationID> = []
        var isStopping = false
        /// At the start, leases are those of the process before this one.
        var hasStarted = false
    }

    /// Seconds for which an integration rests after the database failed under it.
    private static let rest: TimeInterval = 1

    /// - Parameters:
    ///   - jitter: 0 to 1, for the spread of retries.
    ///   - announce: told of every integration that was changed, after the commit.
    public init(
        repository: any IntegrationRepository, grants: any GrantCounter, service: any AccessGrantsService,
        clock: any WallClock = SystemWallClock(), options: ReconcilerOptions = .init(),
        jitter: @escaping @Sendable () -> Double = { .random(in: 0...1) }, logger: Logger,
        announce: @escaping @Sendable (IntegrationID) -> Void = { _ in }
    ) {
        self.options = options
        pass = IntegrationPass(
            repository: repository, grants: grants, service: service, clock: clock, options: options, jitter: jitter,
            logger: logger,
            announce: announce)
    }

    /// There is something new to do. Returns at once.
    public func wake() { bell.ring() }

    /// Until the task is cancelled, or a graceful shutdown has let what is under way come to its next commit.
    public func run() async throws {
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                while !isStopping {
                    let next = await start(in: &group)
                    await bell.wait(until: next, clock: pass.clock)
                }
            }
        } onGracefulShutdown: {
            self.state.withLock { $0.isStopping = true }
            self.wake()
        }
    }

    private var isStopping: Bool { Task.isCancelled || state.withLock(\.isStopping) }

    /// Starts what is due, and says when to look again.
    private func start(in group: inout DiscardingTaskGroup) async -> Date {
        let now = pass.clock.now
        let tick = now.addingTimeInterval(options.tick)
        let candidates: [Integration]
        do throws(DomainError) {
            candidates = try await upcoming(until: tick)
        } catch {
            pass.logger.error("the due integrations cannot be read", metadata: ["error": "\(error)"])
            return tick
        }
        let dueBy = dueBy(now)
        var next = tick
        for integration in candidates {
            let date = integration.schedule.nextAttemptAt ?? now
            guard date <= dueBy else {
                next = min(next, date)
                continue
            }
            // The end of one under way rings the bell.
            guard begin(integration.id) else { continue }
            group.addTask { await self.work(on: integration) }
        }
        return next
    }

    private func upcoming(until tick: Date) async throws(DomainError) -> [Integration] {
        let underWay = state.withLock(\.underWay.count)
        let horizon = state.withLock(\.hasStarted) ? tick : tick.addingTimeInterval(options.lease)
        return try await pass.repository.due(now: horizon, limit: options.concurrency + underWay + 1)
    }

    private func dueBy(_ now: Date) -> Date {
        state.withLock { state in
            defer { state.hasStarted = true }
            return state.hasStarted ? now : now.addingTimeInterval(options.lease)
        }
    }

    private func begin(_ id: IntegrationID) -> Bool {
        state.withLock { $0.underWay.count < options.concurrency && $0.underWay.insert(id).inserted }
    }

    private func work(on integration: Integration) async {
        let start = ContinuousClock.now
        do throws(DomainError) {
            try await pass.reconcile(integration, isStopping: { self.isStopping })
        } catch {
            if !isStopping {
                pass.logger.error(
                    "an integration could not be worked on",
                    metadata: ["integration.id": "\(integration.id)", "error": "\(error)"])
                // It is due still: without a rest it would be taken up again at once.
                await pass.clock.sleep(until: pass.clock.now.addingTimeInterval(Self.rest))
            }
        }
        ReconcileMetrics.measured(integration.status, start.duration(to: .now))
        state.withLock { _ = $0.underWay.remove(integration.id) }
        wake()
    }
}
