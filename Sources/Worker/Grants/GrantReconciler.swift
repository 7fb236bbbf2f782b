public import Domain
public import Logging
public import ServiceLifecycle
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Brings the grants in AWS to what subscriptions ask for: on a tick and whenever it is woken.
///
/// It takes no input: it plans what is unplanned, leases what is due, asks AWS, and writes down what came of it, in
/// batches: what has gathered while the last commit ran. The calls of one account and Region are paced together, and those
/// of one hold up no other.
public final class GrantReconciler: Service {
    private let repository: any GrantRepository
    private let integrations: any IntegrationRepository
    private let service: any AccessGrantsService
    private let clock: any WallClock
    private let options: GrantOptions
    private let jitter: @Sendable () -> Double
    private let logger: Logger
    private let announce: @Sendable (GrantProgress) -> Void
    private let bell = WakeUp()
    private let results = WakeUp()
    private let state = Mutex(State())

    private struct State {
        var lanes: [GrantLane.Place: GrantLane] = [:]
        var places: [IntegrationID: GrantLane.Place] = [:]
        /// To be written down.
        var finished: [Finished] = []
        var isStopping = false
        /// Nothing more will be finished.
        var hasEnded = false
    }

    private struct Finished {
        var report: GrantReport
        var place: GrantLane.Place
    }

    /// Seconds for which the worker rests after the database failed under it.
    private static let rest: TimeInterval = 1

    /// - Parameters:
    ///   - jitter: 0 to 1, for the spread of retries.
    ///   - announce: told what every commit of outcomes led to.
    public init(
        repository: any GrantRepository, integrations: any IntegrationRepository, service: any AccessGrantsService,
        clock: any WallClock = SystemWallClock(), options: GrantOptions = .init(),
        jitter: @escaping @Sendable () -> Double = { .random(in: 0...1) }, logger: Logger,
        announce: @escaping @Sendable (GrantProgress) -> Void = { _ in }
    ) {
        self.repository = repository
        self.integrations = integrations
        self.service = service
        self.clock = clock
        self.options = options
        self.jitter = jitter
        self.logger = logger
        self.announce = announce
    }

    /// There is something new to do. Returns at once.
    public func wake() { bell.ring() }

    /// Until the task is cancelled, or a graceful shutdown has let the calls under way come to their commit.
    public func run() async throws {
        await withGracefulShutdownHandler {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.writeDown() }
                await self.work()
                self.state.withLock { $0.hasEnded = true }
                self.results.ring()
            }
        } onGracefulShutdown: {
            self.state.withLock { $0.isStopping = true }
            self.wake()
        }
    }

    /// At the start, leases are those of the process before this one.
    func takeOver() async throws(DomainError) { try await repository.releaseLeases(now: clock.now) }

    /// Until nothing is due now; for tests, in which time passes only by hand.
    ///
    /// - Returns: when the next is due.
    func runUntilIdle() async throws(DomainError) -> Date? {
        while true {
            var turn = Turn()
            do {
                turn = try await withThrowingDiscardingTaskGroup { group in
                    try await self.turn { operation in group.addTask { await operation() } }
                }
            } catch let error as DomainError {
                throw error
            } catch {
                preconditionFailure("only the turn throws")
            }
            while try await storeBatch() {}
            guard turn.isBusy else { return turn.next }
        }
    }
}

// MARK: Planning and claiming

extension GrantReconciler {
    private var isStopping: Bool { Task.isCancelled || state.withLock(\.isStopping) }

    private func work() async {
        while !isStopping {
            let taken: Void? = await attempt { () async throws(DomainError) in try await self.takeOver() }
            if taken != nil { break }
        }
        await withDiscardingTaskGroup { group in
            while !isStopping {
                let turn = await attempt { () async throws(DomainError) in
                    try await self.turn { operation in group.addTask { await operation() } }
                }
                guard let turn, !turn.hasMore else { continue }
                let tick = clock.now.addingTimeInterval(options.tick)
                await bell.wait(until: min(turn.next ?? tick, tick), clock: clock)
            }
        }
    }

    private struct Turn {
        /// More could be done at once.
        var hasMore = false
        var hasClaimed = false
        /// When something is due that is not now.
        var next: Date?

        var isBusy: Bool { hasMore || hasClaimed }
    }

    /// Plans a batch, leases what is due, and starts it.
    private func turn(
        start: (_ operation: @escaping @Sendable () async -> Void) -> Void
    ) async throws(DomainError) -> Turn {
        var turn = Turn()
        turn.hasMore = try await repository.plan(limit: options.batch, now: clock.now) == options.batch
        let now = clock.now
        var due: [GrantLane.Place: [IntegrationID]] = [:]
        for entry in try await repository.schedule() {
            if entry.at > now {
                turn.next = min(turn.next ?? entry.at, entry.at)
            } else if let place = try await place(of: entry.integrationID) {
                due[place, default: []].append(entry.integrationID)
            }
        }
        let claims = due.flatMap(claims)
        guard !claims.isEmpty, !isStopping else { return turn }
        let claimed = try await repository.claim(claims, now: now, rules: options.rules)
        turn.hasClaimed = !claimed.isEmpty
        turn.hasMore = turn.hasMore || turn.hasClaimed
        for (id, records) in Dictionary(grouping: claimed, by: \.integrationID) {
            try await begin(records, of: id, at: now, start: start)
        }
        return turn
    }

    /// `nil` when AWS is not to be asked for it.
    private func place(of id: IntegrationID) async throws(DomainError) -> GrantLane.Place? {
        if let known = state.withLock({ $0.places[id] }) { return known }
        guard let integration = try await integrations.integration(id, includingDeleted: true) else { return nil }
        let place = GrantLane.Place(integration.activeConnection)
        state.withLock { $0.places[id] = place }
        return place
    }

    /// What of them may be taken on, in equal shares. Few at a time would cost a commit each.
    private func claims(at place: GrantLane.Place, of ids: [IntegrationID]) -> [GrantClaim] {
        state.withLock { state in
            let claimed = state.lanes[place]?.claimed ?? 0
            guard claimed <= options.claimed / 2 else { return [] }
            let share = max(1, (options.claimed - claimed) / ids.count)
            return ids.map { GrantClaim(integrationID: $0, limit: share) }
        }
    }

    private func begin(
        _ records: [GrantRecord], of id: IntegrationID, at now: Date,
        start: (_ operation: @escaping @Sendable () async -> Void) -> Void
    ) async throws(DomainError) {
        guard let integration = try await integrations.integration(id, includingDeleted: true) else { return }
        let lane = state.withLock { state in
            let place = GrantLane.Place(integration.activeConnection)
            let lane = state.lanes[place] ?? GrantLane(place, clock: clock, concurrency: options.concurrency)
            state.lanes[place] = lane
            state.lanes[place]?.claimed += records.count
            return lane
        }
        for record in records {
            let stepper = GrantStepper(
                service: service, clock: clock, options: options, pacer: lane.pacer,
                connection: integration.activeConnection,
                locationID: integration.location(at: record.key.location)?.made?.locationID, claimedAt: now,
                isStopping: { self.isStopping })
            start {
                let (dark, outcome) = await stepper.take(record)
                self.finish(record, lane.place, dark, outcome)
            }
        }
    }
}

// MARK: Writing down

extension GrantReconciler {
    private func finish(
        _ record: GrantRecord, _ place: GrantLane.Place, _ dark: GrantRecord.Attempt?, _ outcome: GrantOutcome
    ) {
        ReconcileMetrics.granted(outcome)
        if case .failed(let problem, _, _) = outcome {
            logger.warning(
                "a step towards a grant failed",
                metadata: [
                    "grant.record": "\(record.id)", "integration.id": "\(record.integrationID)",
                    "aws.problem": "\(problem.summary)",
                ])
        }
        let report = GrantReport(id: record.id, before: dark, outcome: outcome, jitter: jitter())
        state.withLock { $0.finished.append(Finished(report: report, place: place)) }
        results.ring()
    }

    private func writeDown() async {
        while true {
            let hasStored = await attempt { () async throws(DomainError) in try await self.storeBatch() }
            switch hasStored {
            case true: continue
            // What cannot be written down now is found by whoever takes over the lease.
            case nil: if isStopping { return }
            case false:
                if state.withLock({ $0.hasEnded && $0.finished.isEmpty }) { return }
                await results.waitForRing()
            }
        }
    }

    /// `false` when there is nothing to be stored.
    private func storeBatch() async throws(DomainError) -> Bool {
        let batch = state.withLock { Array($0.finished.prefix(options.batch)) }
        guard !batch.isEmpty else { return false }
        let progress = try await repository.record(batch.map(\.report), now: clock.now, rules: options.rules)
        state.withLock { state in
            state.finished.removeFirst(batch.count)
            for finished in batch { state.lanes[finished.place]?.claimed -= 1 }
        }
        announce(progress)
        wake()
        return true
    }

    /// `nil` after a rest when the database failed.
    private func attempt<Value>(_ body: () async throws(DomainError) -> Value) async -> Value? {
        do throws(DomainError) {
            return try await body()
        } catch {
            guard !isStopping else { return nil }
            logger.error("the grants cannot be read or written", metadata: ["error": "\(error)"])
            await clock.sleep(until: clock.now.addingTimeInterval(Self.rest))
            return nil
        }
    }
}

/// The grants of one account and Region that are being worked on.
struct GrantLane: Sendable {
    let place: Place
    let pacer: Pacer
    /// Claimed, and not written down yet.
    var claimed = 0

    struct Place: Hashable, Sendable {
        var accountID: AWSAccountID
        var region: AWSRegion

        init(_ connection: AWSConnection) {
            accountID = connection.accountID
            region = connection.region
        }
    }

    init(_ place: Place, clock: any WallClock, concurrency: Int) {
        self.place = place
        pacer = Pacer(clock: clock, concurrency: concurrency)
    }
}
