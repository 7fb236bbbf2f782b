import Synchronization

/// Knows who is reading, so that a file whose blob is deleted stays until those who may have learnt of it are done.
///
/// A read begins with a lookup in the database and goes on with the files it found. Whoever began to look before the
/// deletion may have found the file; whoever began after it cannot have.
final class BlobReads: Sendable {
    private struct State {
        var lastLookup = 0
        var lookups: Set<Int> = []
        /// How many read a file.
        var readers: [String: Int] = [:]
        /// Files to be removed, with the last lookup that may have found them.
        var doomed: [String: Int] = [:]

        mutating func takeRemovable() -> [String] {
            guard !doomed.isEmpty else { return [] }
            let oldest = lookups.min() ?? .max
            let removable = doomed.filter { $0.value < oldest && readers[$0.key] == nil }.map(\.key)
            for name in removable { doomed[name] = nil }
            return removable
        }
    }

    private let state = Mutex(State())

    func beginLookup() -> Int {
        state.withLock { state in
            state.lastLookup += 1
            state.lookups.insert(state.lastLookup)
            return state.lastLookup
        }
    }

    /// - Returns: files that may be removed now; so do the others.
    func endLookup(_ lookup: Int) -> [String] {
        state.withLock { state in
            state.lookups.remove(lookup)
            return state.takeRemovable()
        }
    }

    /// To be called while the lookup goes on that found the files.
    func beginReading(_ files: Set<String>) {
        state.withLock { state in
            for name in files { state.readers[name, default: 0] += 1 }
        }
    }

    func endReading(_ files: Set<String>) -> [String] {
        state.withLock { state in
            for name in files {
                let left = (state.readers[name] ?? 1) - 1
                state.readers[name] = left == 0 ? nil : left
            }
            return state.takeRemovable()
        }
    }

    /// - Parameter files: which no row names any more.
    func doom(_ files: [String]) -> [String] {
        state.withLock { state in
            for name in files { state.doomed[name] = state.lastLookup }
            return state.takeRemovable()
        }
    }
}
