import Synchronization

/// Tells whoever waits for an integration that something about it was saved. It carries no state: a waiter reads again.
public final class IntegrationChanges: Sendable {
    private struct State {
        var waiters: [IntegrationID: [UInt64: AsyncStream<Void>.Continuation]] = [:]
        var nextWaiter: UInt64 = 0
        var isClosed = false
    }

    private let state = Mutex(State())

    public init() {}

    /// Call it after the commit.
    public func announce(_ id: IntegrationID) {
        let waiters = state.withLock { $0.waiters[id].map { Array($0.values) } ?? [] }
        for waiter in waiters { waiter.yield() }
    }

    /// Every change from now on; several in a row may arrive as one. Ends when the caller stops iterating, or at `close()`.
    ///
    /// Subscribe before reading the row, or a change in between is missed.
    public func changes(of id: IntegrationID) -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let waiter: UInt64? = state.withLock { state in
            guard !state.isClosed else { return nil }
            let waiter = state.nextWaiter
            state.nextWaiter += 1
            state.waiters[id, default: [:]][waiter] = continuation
            return waiter
        }
        guard let waiter else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in self?.forget(waiter, of: id) }
        return stream
    }

    /// Ends every wait, now and from now on, so that a shutdown is not held up by those who wait.
    public func close() {
        let waiters = state.withLock { state in
            state.isClosed = true
            let all = state.waiters.values.flatMap(\.values)
            state.waiters = [:]
            return all
        }
        for waiter in waiters { waiter.finish() }
    }

    private func forget(_ waiter: UInt64, of id: IntegrationID) {
        state.withLock { state in
            state.waiters[id]?[waiter] = nil
            if state.waiters[id]?.isEmpty == true { state.waiters[id] = nil }
        }
    }
}
