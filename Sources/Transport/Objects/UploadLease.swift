import Synchronization

/// The right to read what a request's body comes from, which ends with the request: async-http-client reads a body in a
/// task of its own, which an answer that comes before the body's end leaves where it is, while whose the source is goes on
/// to read it. Two readers at one time end the process.
final class UploadLease: Sendable {
    private struct State {
        var isReading = false
        var isOver = false
        var isAbandoned = false
        /// Who ended it, until what was being read has been read.
        var ending: CheckedContinuation<Void, Never>?
        /// Who asked for more after the end.
        var held: CheckedContinuation<Void, any Error>?
    }

    private let state = Mutex(State())

    /// Before each reading. After the end it returns no more: that would fail the answer too, while it is being read.
    /// - Throws: `CancellationError`, when nobody wants the answer any more.
    func beginReading() async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let result: Result<Void, any Error>? = state.withLock { state in
                if state.isAbandoned { return .failure(CancellationError()) }
                if state.isOver {
                    state.held = continuation
                    return nil
                }
                state.isReading = true
                return .success(())
            }
            if let result { continuation.resume(with: result) }
        }
    }

    func endReading() {
        let waiting = state.withLock { state in
            defer { state.ending = nil }
            state.isReading = false
            return state.ending
        }
        waiting?.resume()
    }

    /// Returns when what is being read has been read; nothing is read afterwards.
    func end() async {
        await withCheckedContinuation { continuation in
            let isReading = state.withLock { state in
                state.isOver = true
                if state.isReading { state.ending = continuation }
                return state.isReading
            }
            if !isReading { continuation.resume() }
        }
    }

    /// The answer was read, or is not wanted.
    func abandon() {
        let held = state.withLock { state in
            defer { state.held = nil }
            (state.isOver, state.isAbandoned) = (true, true)
            return state.held
        }
        held?.resume(throwing: CancellationError())
    }
}

/// Abandons a lease with the last who holds on to the answer.
final class UploadEnd: Sendable {
    private let lease: UploadLease

    init(_ lease: UploadLease) { self.lease = lease }

    deinit { lease.abandon() }
}
