import CCurl
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The thread that owns all transfers, and the inbox through which the rest of the program speaks to it.
final class CurlThread: Sendable {
    /// What has been asked since the thread last looked. Submissions are handled before cancellations.
    struct Inbox {
        var submissions: [CurlSubmission] = []
        var cancellations: [UInt64] = []
        var isStopped = false
    }

    private let inbox = Mutex(Inbox())
    private let thread = Mutex<pthread_t?>(nil)
    private let lastID = Atomic<UInt64>(0)
    private let multi: CurlMulti

    init(_ options: CurlTransport.Options) throws(TransportError) {
        guard Self.libraryIsReady else { throw .connect("libcurl cannot be initialised") }
        multi = try CurlMulti(options)
        // The thread keeps the object until `stop` ends its loop; `run` balances this retain.
        let start = unsafe Unmanaged.passRetained(Start(thread: self, options: options))
        var created = pthread_t()
        let status = unsafe pthread_create(
            &created, nil,
            { context in
                guard let context = unsafe context else { return nil }
                blockSignals()
                let start = unsafe Unmanaged<Start>.fromOpaque(context).takeRetainedValue()
                start.thread.run(start.options)
                return nil
            }, start.toOpaque())
        guard status == 0 else {
            unsafe start.release()
            throw .connect("no thread can be started (error \(status))")
        }
        thread.withLock { [created] in $0 = created }
    }

    func makeID() -> UInt64 {
        lastID.add(1, ordering: .relaxed).newValue
    }

    /// Hands a request to the thread; its continuation is resumed exactly once, whatever happens.
    ///
    /// Called inside the cancellation handler's operation: when the task was cancelled before the inbox was locked,
    /// `cancel` may already have come and gone, and the flag tells.
    func submit(_ submission: CurlSubmission) {
        let refusal: TransportError? = inbox.withLock { inbox in
            if inbox.isStopped { return .shutDown(requestSent: false) }
            if Task.isCancelled { return .cancelled(requestSent: false) }
            inbox.submissions.append(submission)
            return nil
        }
        if let refusal {
            submission.continuation.resume(returning: .failure(refusal))
        } else {
            multi.wake()
        }
    }

    func cancel(_ id: UInt64) {
        inbox.withLock { $0.cancellations.append(id) }
        multi.wake()
    }

    func stop() {
        inbox.withLock { $0.isStopped = true }
        multi.wake()
        // Held while joining, so that a second caller returns after the thread has ended, too.
        thread.withLock { thread in
            if let running = thread { pthread_join(running, nil) }
            thread = nil
        }
    }

    fileprivate func run(_ options: CurlTransport.Options) {
        var loop = CurlLoop(multi: multi, options: options)
        while true {
            let inbox = inbox.withLock { inbox in
                defer {
                    inbox.submissions = []
                    inbox.cancellations = []
                }
                return inbox
            }
            loop.accept(inbox.submissions)
            loop.cancel(inbox.cancellations)
            if inbox.isStopped { break }
            loop.turn()
        }
        loop.end()
    }

    /// `curl_global_init` is done once a process and never undone: other users of libcurl may remain.
    private static let libraryIsReady = sluice_curl_global_init() == CURLE_OK
}

/// A peer that closes early raises SIGPIPE in whoever writes; blocked, the write fails with an error instead. Other
/// signals are for the threads that wait for them.
private func blockSignals() {
    var signals = sigset_t()
    unsafe sigfillset(&signals)
    unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
}

/// What a new thread is handed through C.
private final class Start: Sendable {
    let thread: CurlThread
    let options: CurlTransport.Options

    init(thread: CurlThread, options: CurlTransport.Options) {
        self.thread = thread
        self.options = options
    }
}
