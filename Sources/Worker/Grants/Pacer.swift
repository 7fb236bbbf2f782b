import Domain
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Lets the grant calls of one account and Region through, first come first served: a bounded number at once, and when
/// AWS throttles, all of them slower.
final class Pacer: Sendable {
    private struct State {
        var pace = Pace()
        var underWay = 0
        /// Somebody stands at the gate; the others wait behind.
        var isTaken = false
        var queue: [CheckedContinuation<Void, Never>] = []
        var head = 0
        /// Who stands at the gate, waiting for a call to end.
        var slot: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())
    private let clock: any WallClock
    private let concurrency: Int

    init(clock: any WallClock, concurrency: Int) {
        self.clock = clock
        self.concurrency = concurrency
    }

    /// Calls a second, once AWS has asked to slow down.
    var rate: Double? { state.withLock(\.pace.rate) }

    /// Sends `call` when it may be sent. Throttled, it is sent again, until `lastStart` has passed or `isStopping`.
    ///
    /// - Returns: `nil` when it was never sent.
    func run<Value>(
        until lastStart: Date, isStopping: @Sendable () -> Bool, _ call: () async throws(AWSProblem) -> Value
    ) async -> Result<Value, AWSProblem>? {
        var last: AWSProblem?
        while await enter(until: lastStart, isStopping: isStopping) {
            let begin = seconds
            do throws(AWSProblem) {
                let value = try await call()
                leave(nil, begin: begin)
                return .success(value)
            } catch {
                leave(error.kind, begin: begin)
                guard error.kind == .throttled else { return .failure(error) }
                last = error
            }
        }
        return last.map { .failure($0) }
    }

    private var seconds: Double { clock.now.timeIntervalSinceReferenceDate }

    private func enter(until lastStart: Date, isStopping: @Sendable () -> Bool) async -> Bool {
        await takeGate()
        defer { passGate() }
        while true {
            guard !Task.isCancelled, !isStopping(), clock.now <= lastStart else { return false }
            guard state.withLock({ $0.underWay < concurrency }) else {
                await slotIsFree()
                continue
            }
            let wait = state.withLock { state -> Double in
                let wait = state.pace.admit(at: seconds)
                if wait == 0 { state.underWay += 1 }
                return wait
            }
            guard wait > 0 else { return true }
            await clock.sleep(until: clock.now.addingTimeInterval(wait))
        }
    }

    private func leave(_ problem: AWSProblem.Kind?, begin: Double) {
        let now = seconds
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.underWay -= 1
            switch problem {
            case nil, .refused: state.pace.succeeded(at: now)
            case .throttled: state.pace.throttled(begin: begin, at: now)
            case .serviceFault, .unreachable, .credentials: break
            }
            defer { state.slot = nil }
            return state.slot
        }
        waiter?.resume()
    }

    private func slotIsFree() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                if state.underWay < concurrency { return true }
                state.slot = continuation
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    private func takeGate() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                defer { state.isTaken = true }
                if !state.isTaken { return true }
                state.queue.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    private func passGate() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard state.head < state.queue.count else {
                state.isTaken = false
                state.queue = []
                state.head = 0
                return nil
            }
            defer { state.head += 1 }
            return state.queue[state.head]
        }
        next?.resume()
    }
}
