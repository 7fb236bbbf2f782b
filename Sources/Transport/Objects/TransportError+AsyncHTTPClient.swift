import AsyncHTTPClient
import NIOCore
import NIOPosix
import NIOSSL

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

extension TransportError {
    /// async-http-client's errors, put in the caller's terms.
    init(_ error: any Error) {
        switch error {
        case let error as TransportError: self = error
        case let error as HTTPClientError: self.init(error)
        case is CancellationError: self = .cancelled(requestSent: true)
        case let error as NIOConnectionError:
            self =
                error.connectionErrors.isEmpty && error.dnsAError != nil
                ? .resolve("\(error.host) has no address") : .connect("\(error.host):\(error.port) accepts none")
        case let error as IOError where error.errnoCode == ECONNREFUSED: self = .connect("nobody listens")
        case is ChannelError: self = .connectTimeout("no connection in time")
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError: self = .tls(String(describing: error))
        default: self = .connectionLost(String(describing: error), requestSent: true)
        }
    }

    private init(_ error: HTTPClientError) {
        switch error {
        case .cancelled: self = .cancelled(requestSent: true)
        case .connectTimeout, .getConnectionFromPoolTimeout, .httpProxyHandshakeTimeout:
            self = .connectTimeout(error.description)
        case .tlsHandshakeTimeout: self = .tls(error.description)
        case .deadlineExceeded, .readTimeout, .writeTimeout: self = .timeout(requestSent: true)
        case .invalidURL, .emptyHost, .emptyScheme, .bodyLengthMismatch: self = .malformedRequest(error.description)
        case .alreadyShutdown: self = .shutDown(requestSent: false)
        case .invalidProxyResponse, .proxyAuthenticationRequired: self = .connect(error.description)
        default: self = .connectionLost(error.description, requestSent: true)
        }
    }
}
