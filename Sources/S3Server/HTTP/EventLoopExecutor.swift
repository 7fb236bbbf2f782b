public import NIOCore

/// Runs tasks on an event loop. What takes a task that prefers it from there to a socket and back passes no thread to
/// another, which for a small object costs more than all the rest of an answer.
public final class EventLoopExecutor: TaskExecutor {
    private let eventLoop: any EventLoop

    public init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { unsafe job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

/// Runs what takes longer than a millisecond where it holds up no connection.
public func offEventLoop<Value: Sendable, Failure: Error>(
    _ body: @Sendable () async throws(Failure) -> Value
) async throws(Failure) -> Value {
    try await withTaskExecutorPreference(globalConcurrentExecutor) { () async throws(Failure) in try await body() }
}
