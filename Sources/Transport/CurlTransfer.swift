import CCurl
import HTTPTypes

/// One easy handle and the answer it collects. Lives and dies on the transfer thread.
@safe final class CurlTransfer {
    let handle: UnsafeMutableRawPointer
    private var headers: UnsafeMutablePointer<curl_slist>?
    /// libcurl writes its text for an error here; it keeps the address while the handle lives.
    private let errorText: UnsafeMutableBufferPointer<CChar>
    private var submission: CurlSubmission?
    private var collector = AnswerCollector(limit: 0)
    /// How often the request was about to be sent.
    private var sendings = 0

    init() throws(TransportError) {
        guard let handle = unsafe curl_easy_init() else { throw .connect("libcurl has no memory for a transfer") }
        unsafe self.handle = unsafe handle
        unsafe errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        unsafe errorText.initialize(repeating: 0)
    }

    deinit {
        unsafe curl_easy_cleanup(handle)
        unsafe curl_slist_free_all(headers)
        unsafe errorText.deallocate()
    }

    var id: UInt64? { submission?.id }

    var deadline: ContinuousClock.Instant { submission?.deadline ?? .now }

    /// Whether a byte of the request has been written. What opens a tunnel through a proxy does not count.
    var isRequestSent: Bool {
        guard sendings > 0 else { return false }
        var bytes = 0
        unsafe sluice_curl_get_long(handle, CURLINFO_REQUEST_SIZE, &bytes)
        return bytes > 0
    }

    static func of(_ handle: UnsafeMutableRawPointer?) -> CurlTransfer? {
        guard let handle = unsafe handle else { return nil }
        var pointer: UnsafeMutableRawPointer?
        unsafe sluice_curl_get_pointer(handle, CURLINFO_PRIVATE, &pointer)
        guard let pointer = unsafe pointer else { return nil }
        return unsafe Unmanaged<CurlTransfer>.fromOpaque(pointer).takeUnretainedValue()
    }

    func prepare(_ submission: CurlSubmission, _ options: CurlTransport.Options) throws(TransportError) {
        let head = submission.request.head
        guard let scheme = head.scheme?.lowercased(), scheme == "http" || scheme == "https" else {
            throw .malformedRequest("the scheme is neither http nor https")
        }
        guard let authority = head.authority, !authority.isEmpty, !authority.contains(where: { "/?#@\\ ".contains($0) })
        else { throw .malformedRequest("the authority is missing or not a host with an optional port") }
        let target = head.path ?? "/"
        guard target.hasPrefix("/"), target.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f && $0 != UInt8(ascii: "#") })
        else { throw .malformedRequest("the request target is not an encoded absolute path") }
        self.submission = submission
        collector = AnswerCollector(limit: submission.request.responseLimit)
        sendings = 0
        try set(CURLOPT_URL, "\(scheme)://\(authority)\(target)")
        try setMethod(head.method, submission.request.body)
        try setHeaders(head, authority: authority, hasBody: !submission.request.body.isEmpty)
        try setLimits(submission)
        try setConnection(options)
        try setCallbacks()
    }

    /// Makes the handle as new, with its connections kept, and gives back whom to answer.
    @discardableResult
    func reset() -> CheckedContinuation<CurlSubmission.Answer, Never>? {
        defer { submission = nil }
        unsafe curl_easy_reset(handle)
        unsafe curl_slist_free_all(headers)
        unsafe headers = nil
        collector = AnswerCollector(limit: 0)
        unsafe errorText[0] = 0
        return submission?.continuation
    }

    /// What came of the transfer that libcurl has ended with `code`.
    func answer(_ code: CURLcode) -> CurlSubmission.Answer {
        if let problem = collector.problem { return .failure(problem) }
        guard code == CURLE_OK else { return .failure(error(code)) }
        if collector.isCutOff {
            return .failure(.connectionLost("the server closed the connection within the header", requestSent: true))
        }
        guard let response = collector.response else {
            return .failure(.malformedResponse("there is no status line"))
        }
        return .success(response)
    }

    private func error(_ code: CURLcode) -> TransportError {
        let text = unsafe String(decoding: errorText.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        let detail = unsafe text.isEmpty ? String(cString: curl_easy_strerror(code)) : text
        return TransportError(code, detail: detail, requestSent: isRequestSent)
    }
}

// MARK: - Options

extension CurlTransfer {
    private func setMethod(_ method: HTTPRequest.Method, _ body: [UInt8]) throws(TransportError) {
        if method == .head {
            try set(CURLOPT_NOBODY, 1)
        } else if !body.isEmpty || method == .post || method == .put || method == .patch {
            try set(CURLOPT_POST, 1)
            try check(unsafe sluice_curl_set_offset(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count)))
            // Copied by libcurl, so that no pointer into Swift's array outlives this call.
            let code = unsafe body.withUnsafeBytes { bytes in
                let start = unsafe UnsafeMutableRawPointer(mutating: bytes.baseAddress)
                return unsafe sluice_curl_set_pointer(handle, CURLOPT_COPYPOSTFIELDS, start ?? handle)
            }
            try check(code)
        }
        try set(CURLOPT_CUSTOMREQUEST, method.rawValue)
    }

    private func setHeaders(
        _ head: HTTPRequest, authority: String, hasBody: Bool
    ) throws(TransportError) {
        // The host as it was signed: libcurl would leave out a port that is the scheme's own.
        try append("Host: \(authority)")
        for field in head.headerFields {
            try append(field.value.isEmpty ? "\(field.name.rawName);" : "\(field.name.rawName): \(field.value)")
        }
        // A name alone takes away what libcurl would add: waiting for "100 Continue", and a type for forms.
        try append("Expect:")
        if head.headerFields[.contentType] == nil { try append("Content-Type:") }
        try check(unsafe sluice_curl_set_list(handle, CURLOPT_HTTPHEADER, headers))
    }

    private func append(_ line: String) throws(TransportError) {
        guard let longer = unsafe curl_slist_append(headers, line) else {
            throw .malformedRequest("libcurl has no memory for a header field")
        }
        unsafe headers = unsafe longer
    }

    private func setLimits(_ submission: CurlSubmission) throws(TransportError) {
        // The loop keeps the deadline, which libcurl would not while a transfer waits for a free connection. Zero would
        // mean "no limit" to libcurl.
        try set(CURLOPT_CONNECTTIMEOUT_MS, max(1, submission.request.connectTimeout.milliseconds))
        try set(CURLOPT_NOSIGNAL, 1)
        // A name server that does not answer must not hold up the removal of the transfer that asked.
        try set(CURLOPT_QUICK_EXIT, 1)
    }

    private func setConnection(_ options: CurlTransport.Options) throws(TransportError) {
        try set(CURLOPT_PROTOCOLS_STR, "http,https")
        try set(CURLOPT_FOLLOWLOCATION, 0)
        // A signed path may hold "/../", which libcurl would take out.
        try set(CURLOPT_PATH_AS_IS, 1)
        let version = options.allowsHTTP2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1
        try set(CURLOPT_HTTP_VERSION, version)
        try set(CURLOPT_TCP_KEEPALIVE, 1)
        try set(CURLOPT_SSL_VERIFYPEER, 1)
        try set(CURLOPT_SSL_VERIFYHOST, 2)
        if let bundle = options.caBundle { try set(CURLOPT_CAINFO, bundle) }
        if case .none = options.proxy { try set(CURLOPT_PROXY, "") }
    }

    private func setCallbacks() throws(TransportError) {
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        for option in [CURLOPT_PRIVATE, CURLOPT_WRITEDATA, CURLOPT_HEADERDATA, CURLOPT_PREREQDATA] {
            try check(unsafe sluice_curl_set_pointer(handle, option, context))
        }
        try check(unsafe sluice_curl_set_pointer(handle, CURLOPT_ERRORBUFFER, errorText.baseAddress))
        try check(unsafe sluice_curl_set_data_callback(handle, CURLOPT_HEADERFUNCTION, collectHeader))
        try check(unsafe sluice_curl_set_data_callback(handle, CURLOPT_WRITEFUNCTION, collectBody))
        try check(unsafe sluice_curl_set_prereq_callback(handle, aboutToSend))
    }

    private func set(_ option: CURLoption, _ value: Int) throws(TransportError) {
        try check(unsafe sluice_curl_set_long(handle, option, value))
    }

    private func set(_ option: CURLoption, _ value: String) throws(TransportError) {
        try check(unsafe sluice_curl_set_string(handle, option, value))
    }

    private func check(_ code: CURLcode) throws(TransportError) {
        guard code == CURLE_OK else { throw .malformedRequest(unsafe String(cString: curl_easy_strerror(code))) }
    }
}

// MARK: - Callbacks

extension CurlTransfer {
    fileprivate func receivedHeader(_ line: UnsafeBufferPointer<UInt8>) -> Bool {
        unsafe collector.receivedHeader(line)
    }

    fileprivate func receivedBody(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        unsafe collector.receivedBody(bytes)
    }

    /// libcurl comes here again when a reused connection died before a byte of the answer: the request may have been
    /// carried out, so only what changes nothing goes out a second time.
    fileprivate func mayBeSent() -> Bool {
        sendings += 1
        guard sendings > 1, let method = submission?.request.head.method else { return true }
        if method == .get || method == .head { return true }
        collector.problem = .connectionLost("the server closed the connection", requestSent: true)
        return false
    }
}

private func transfer(_ context: UnsafeMutableRawPointer?) -> CurlTransfer? {
    guard let context = unsafe context else { return nil }
    return unsafe Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
}

/// libcurl ends the transfer when a data callback returns anything but the number of bytes it was given.
private let refused = Int.max

private func collectHeader(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let transfer = unsafe transfer(context) else { return refused }
    let line = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count).assumingMemoryBound(to: UInt8.self)
    return unsafe transfer.receivedHeader(line) ? size * count : refused
}

private func collectBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let transfer = unsafe transfer(context) else { return refused }
    let part = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count).assumingMemoryBound(to: UInt8.self)
    return unsafe transfer.receivedBody(part) ? size * count : refused
}

private func aboutToSend(
    _ context: UnsafeMutableRawPointer?, _ remoteIP: UnsafeMutablePointer<CChar>?,
    _ localIP: UnsafeMutablePointer<CChar>?, _ remotePort: Int32, _ localPort: Int32
) -> Int32 {
    unsafe transfer(context)?.mayBeSent() == true ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
}
