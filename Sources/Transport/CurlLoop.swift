import CCurl

/// The transfers under way. Lives and dies on the transfer thread.
struct CurlLoop {
    private let multi: CurlMulti
    private let options: CurlTransport.Options
    private var transfers: [UInt64: CurlTransfer] = [:]
    /// Handles to use again: a fresh one costs an allocation of five kilobytes.
    private var idle: [CurlTransfer] = []
    /// No deadline is earlier. It may belong to a transfer that has ended, which costs one needless look.
    private var nextDeadline: ContinuousClock.Instant?

    private static let idleLimit = 64

    init(multi: CurlMulti, options: CurlTransport.Options) {
        self.multi = multi
        self.options = options
    }

    mutating func accept(_ submissions: [CurlSubmission]) {
        for submission in submissions {
            do throws(TransportError) {
                try start(submission)
            } catch {
                submission.continuation.resume(returning: .failure(error))
            }
        }
    }

    private mutating func start(_ submission: CurlSubmission) throws(TransportError) {
        guard submission.deadline > .now else { throw .timeout(requestSent: false) }
        let transfer: CurlTransfer
        if let reused = idle.popLast() { transfer = reused } else { transfer = try CurlTransfer() }
        do throws(TransportError) {
            try transfer.prepare(submission, options)
            let status = unsafe curl_multi_add_handle(multi.handle, transfer.handle)
            guard status == CURLM_OK else { throw .connect("libcurl refused the transfer (error \(status.rawValue))") }
        } catch {
            transfer.reset()
            throw error
        }
        transfers[submission.id] = transfer
        nextDeadline = min(nextDeadline ?? submission.deadline, submission.deadline)
    }

    mutating func cancel(_ ids: [UInt64]) {
        for id in ids {
            finish(id) { .failure(.cancelled(requestSent: $0.isRequestSent)) }
        }
    }

    /// Moves every transfer as far as it goes without waiting, then waits for the first thing to happen.
    mutating func turn() {
        var running: Int32 = 0
        unsafe curl_multi_perform(multi.handle, &running)
        collect()
        expire()
        var ready: Int32 = 0
        unsafe curl_multi_poll(multi.handle, nil, 0, pollTimeout(), &ready)
    }

    private mutating func collect() {
        var left: Int32 = 0
        while let message = unsafe curl_multi_info_read(multi.handle, &left) {
            guard unsafe message.pointee.msg == CURLMSG_DONE else { continue }
            let code = unsafe sluice_curl_message_result(message)
            guard let id = unsafe CurlTransfer.of(message.pointee.easy_handle)?.id else { continue }
            finish(id) { $0.answer(code) }
        }
    }

    /// libcurl times its own states, but not a transfer that waits for a free connection; this covers both.
    private mutating func expire() {
        let now = ContinuousClock.now
        guard let due = nextDeadline, due <= now else { return }
        for (id, transfer) in transfers where transfer.deadline <= now {
            finish(id) { .failure(.timeout(requestSent: $0.isRequestSent)) }
        }
        nextDeadline = transfers.values.lazy.map(\.deadline).min()
    }

    /// Milliseconds until the next deadline, rounded up; libcurl's own timers shorten it by themselves.
    private func pollTimeout() -> Int32 {
        let longest: Int32 = 60_000
        guard let nextDeadline else { return longest }
        return Int32(clamping: min(Int(longest), max(0, (nextDeadline - .now).milliseconds + 1)))
    }

    private mutating func finish(_ id: UInt64, _ answer: (CurlTransfer) -> CurlSubmission.Answer) {
        guard let transfer = transfers.removeValue(forKey: id) else { return }
        let result = answer(transfer)
        unsafe curl_multi_remove_handle(multi.handle, transfer.handle)
        let continuation = transfer.reset()
        if idle.count < Self.idleLimit { idle.append(transfer) }
        continuation?.resume(returning: result)
    }

    /// Ends whatever is under way.
    mutating func end() {
        for id in transfers.keys {
            finish(id) { .failure(.shutDown(requestSent: $0.isRequestSent)) }
        }
        idle = []
    }
}

extension Duration {
    /// Whole milliseconds, rounded down.
    var milliseconds: Int {
        let (seconds, attoseconds) = components
        return Int(clamping: seconds.multipliedReportingOverflow(by: 1000).overflow ? .max : seconds * 1000)
            .addingReportingOverflow(Int(attoseconds / 1_000_000_000_000_000)).partialValue
    }
}
