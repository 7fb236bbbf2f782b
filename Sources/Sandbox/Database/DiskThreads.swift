import NIOPosix

/// Threads that wait for the disk, so that no event loop and no task does. They live as long as the process.
enum DiskThreads {
    /// Of the database: pages of a listing and the like.
    static let rows = started(4)
    /// Of blobs. Reads do not queue behind syncs.
    static let reading = started(4)
    /// Many, because a file system syncs files together that are to be synced at the same time.
    static let writing = started(16)

    private static func started(_ count: Int) -> NIOThreadPool {
        let pool = NIOThreadPool(numberOfThreads: count)
        pool.start()
        return pool
    }
}

extension NIOThreadPool {
    /// Runs `body` to its end, whether or not the caller's task is cancelled: a file is never left half handled.
    func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            submit { _ in continuation.resume(with: Result { try body() }) }
        }
    }
}
