/// Why there is no answer.
///
/// The texts come from libcurl and name hosts and ports; they hold no header field and no body.
public enum TransportError: Error, Sendable, Equatable {
    /// The request cannot be put on the wire: no authority, a scheme other than HTTP, a header no HTTP allows.
    case malformedRequest(String)
    /// The host name has no address.
    case resolve(String)
    /// Nothing accepted the connection.
    case connect(String)
    /// The connection was accepted, but its certificate or the TLS handshake was not.
    case tls(String)
    /// The connection was not ready within `connectTimeout`.
    case connectTimeout(String)
    /// `timeout` passed. `requestSent` is false when not a byte of the request had left by then.
    case timeout(requestSent: Bool)
    /// The answer's body is longer than `limit` bytes, or its header than the transport's own limit.
    case tooLarge(limit: Int)
    /// The calling task was cancelled.
    case cancelled(requestSent: Bool)
    /// The connection ended before the answer did.
    case connectionLost(String, requestSent: Bool)
    /// The bytes that came are no HTTP answer.
    case malformedResponse(String)
    /// The transport has been shut down.
    case shutDown(requestSent: Bool)

    /// Whether the server may have received the request, and so may have done what it asks.
    public var mayHaveReachedServer: Bool {
        switch self {
        case .malformedRequest, .resolve, .connect, .tls, .connectTimeout: false
        case .tooLarge, .malformedResponse: true
        case .timeout(let requestSent), .cancelled(let requestSent), .shutDown(let requestSent): requestSent
        case .connectionLost(_, let requestSent): requestSent
        }
    }
}

extension TransportError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .malformedRequest(let detail): "the request cannot be sent: \(detail)"
        case .resolve(let detail): "the host name cannot be resolved: \(detail)"
        case .connect(let detail): "no connection: \(detail)"
        case .tls(let detail): "no trusted TLS connection: \(detail)"
        case .connectTimeout(let detail): "no connection in time: \(detail)"
        case .timeout(requestSent: true): "no complete answer in time"
        case .timeout(requestSent: false): "the request could not be sent in time"
        case .tooLarge(let limit): "the answer is longer than \(limit) bytes"
        case .cancelled: "cancelled"
        case .connectionLost(let detail, _): "the connection was lost: \(detail)"
        case .malformedResponse(let detail): "the answer is not HTTP: \(detail)"
        case .shutDown: "the transport has been shut down"
        }
    }
}
