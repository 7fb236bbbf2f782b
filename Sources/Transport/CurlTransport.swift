import CCurl

/// Documents by libcurl: one thread drives all transfers of one `curl_multi` handle, and connections are reused.
///
/// The thread waits in `curl_multi_poll`. Every other thread hands requests over through a locked inbox and calls
/// `curl_multi_wakeup`, the one libcurl function that may be called from outside.
///
/// GET and HEAD are sent again by libcurl itself when a reused connection turns out to be dead. Requests of any other
/// method are sent once, so that what was done twice is never hidden: they throw `TransportError.connectionLost`.
public final class CurlTransport: DocumentTransport {
    public struct Options: Sendable {
        /// A PEM file of certificate authorities to trust in place of the system's.
        public var caBundle: String?
        public var proxy: Proxy
        /// Whether HTTP/2 is offered on TLS connections.
        public var allowsHTTP2: Bool
        /// Connections open at one time to one host; further requests wait for one.
        public var connectionsPerHost: Int
        /// Connections open at one time.
        public var connections: Int

        public init(
            caBundle: String? = nil,
            proxy: Proxy = .environment,
            allowsHTTP2: Bool = true,
            connectionsPerHost: Int = 64,
            connections: Int = 256
        ) {
            self.caBundle = caBundle
            self.proxy = proxy
            self.allowsHTTP2 = allowsHTTP2
            self.connectionsPerHost = connectionsPerHost
            self.connections = connections
        }
    }

    public enum Proxy: Sendable {
        /// As `http_proxy`, `HTTPS_PROXY` and `NO_PROXY` say, read by libcurl's rules.
        case environment
        case none
    }

    private let thread: CurlThread

    /// Starts the thread.
    ///
    /// Throws `TransportError.connect` when libcurl or the system has no resources for it.
    public init(_ options: Options = Options()) throws(TransportError) {
        thread = try CurlThread(options)
    }

    deinit {
        thread.stop()
    }

    /// Ends every transfer with `TransportError.shutDown` and joins the thread, which takes milliseconds. Repeating it
    /// does nothing.
    public func shutdown() {
        thread.stop()
    }

    public func send(_ request: DocumentRequest) async throws(TransportError) -> DocumentResponse {
        let id = thread.makeID()
        let deadline = ContinuousClock.now.advanced(by: request.timeout)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                thread.submit(
                    CurlSubmission(id: id, request: request, deadline: deadline, continuation: continuation))
            }
        } onCancel: {
            thread.cancel(id)
        }
        return try result.get()
    }
}

/// A request on its way to the thread, and whom to answer.
struct CurlSubmission: Sendable {
    typealias Answer = Result<DocumentResponse, TransportError>

    let id: UInt64
    let request: DocumentRequest
    let deadline: ContinuousClock.Instant
    let continuation: CheckedContinuation<Answer, Never>
}
