public import HTTPTypes

/// Carries one request whose body and answer fit in memory.
///
/// A transport sends what it is given, byte for byte, and follows no redirects: signing, retrying and reading the
/// answer belong to its caller.
public protocol DocumentTransport: Sendable {
    /// Sends the request and collects its answer, whatever its status.
    ///
    /// Cancelling the calling task removes the transfer and throws `TransportError.cancelled`.
    func send(_ request: DocumentRequest) async throws(TransportError) -> DocumentResponse
}

/// A request with its whole body, and the limits its answer must keep.
public struct DocumentRequest: Sendable {
    /// Method, scheme (`http` or `https`), authority, raw request target and header fields.
    public var head: HTTPRequest
    public var body: [UInt8]
    /// The longest a connection, TLS included, may take to be ready.
    public var connectTimeout: Duration
    /// The longest the whole exchange may take, waiting for a free connection included.
    public var timeout: Duration
    /// The most body bytes an answer may have; one more is `TransportError.tooLarge`.
    public var responseLimit: Int

    public init(
        _ head: HTTPRequest,
        body: [UInt8] = [],
        connectTimeout: Duration = .milliseconds(3100),
        timeout: Duration = .seconds(30),
        responseLimit: Int = DocumentRequest.standardResponseLimit
    ) {
        self.head = head
        self.body = body
        self.connectTimeout = connectTimeout
        self.timeout = timeout
        self.responseLimit = responseLimit
    }

    /// 8 MiB: a listing page of 1,000 keys of 1,024 bytes, each percent-encoded threefold, is under 4 MiB.
    public static let standardResponseLimit = 8 << 20
}

/// An answer with its whole body.
public struct DocumentResponse: Sendable, Equatable {
    public var status: HTTPResponse.Status
    public var headerFields: HTTPFields
    public var body: [UInt8]

    public init(status: HTTPResponse.Status, headerFields: HTTPFields = [:], body: [UInt8] = []) {
        self.status = status
        self.headerFields = headerFields
        self.body = body
    }
}
