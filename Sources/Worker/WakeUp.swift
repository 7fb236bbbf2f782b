import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A bell with one listener: rung while nobody listens, it is heard at the next wait.
final class WakeUp: Sendable {
    private enum State {
        case silent
        case rung
        case waiting(CheckedContinuation<Void, Never>)
    }

    private let state = Mutex(State.silent)

    func ring() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            switch state {
            case .silent, .rung:
                state = .rung
                return nil
            case .waiting(let continuation):
                state = .silent
                return continuation
            }
        }
        waiter?.resume()
    }

    /// Until it is rung, the date comes or the task is cancelled.
    func wait(until date: Date, clock: any WallClock) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.wait() }
            group.addTask { await clock.sleep(until: date) }
            await group.next()
            group.cancelAll()
        }
    }

    /// Until it is rung, even when the task is cancelled.
    func waitForRing() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if case .rung = state {
                    state = .silent
                    return true
                }
                state = .waiting(continuation)
                return false
            }
            if isOver { continuation.resume() }
        }
    }

    private func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if case .rung = state {
                        state = .silent
                        return true
                    }
                    if Task.isCancelled { return true }
                    state = .waiting(continuation)
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            stopWaiting()
        }
    }

    private func stopWaiting() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard case .waiting(let continuation) = state else { return nil }
            state = .silent
            return continuation
        }
        waiter?.resume()
    }
}
