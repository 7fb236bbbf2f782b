import AsyncHTTPClient
import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// Object bodies by async-http-client, over HTTP/1.1: a paused HTTP/2 download would be buffered.
public final class StreamingTransport: ObjectTransport {
    public struct Options: Sendable {
        /// A PEM file of certificate authorities to trust in place of the system's.
        public var caBundle: String?
        public var proxies: ProxyRules
        /// The longest a connection, TLS included, may take to be ready.
        public var connectTimeout: Duration
        /// The longest that no byte may move while an answer is awaited or read, a reader that takes none included.
        public var idleTimeout: Duration
        /// Connections open at one time to one host, an equal part on each event loop; further requests wait for one.
        public var connectionsPerHost: Int

        public init(
            caBundle: String? = nil, proxies: ProxyRules = ProxyRules(),
            connectTimeout: Duration = .milliseconds(3100), idleTimeout: Duration = .seconds(300),
            connectionsPerHost: Int = 1_000
        ) {
            self.caBundle = caBundle
            self.proxies = proxies
            self.connectTimeout = connectTimeout
            self.idleTimeout = idleTimeout
            self.connectionsPerHost = connectionsPerHost
        }
    }

    /// Large bodies come in large pieces: each costs a turn of the event loop and a system call on both sides. One is read
    /// at a time: what is read before a slow reader has taken the last stays in memory.
    private static let buffers = AdaptiveRecvByteBufferAllocator(
        minimum: 1 << 10, initial: 8 << 10, maximum: 256 << 10)

    /// Connections of one client are on one event loop, so that what comes from a client's connection and goes to upstream's
    /// stays on one thread.
    private struct Way: Hashable {
        /// Nil for none.
        var proxy: ProxyAddress?
        var eventLoop: ObjectIdentifier
    }

    private struct State {
        var clients: [Way: HTTPClient] = [:]
        var isShutDown = false
    }

    private let options: Options
    private let tls: TLSConfiguration
    private let state = Mutex(State())

    /// - Throws: `TransportError.tls` when the certificate authorities cannot be read.
    public init(_ options: Options = Options()) throws(TransportError) {
        self.options = options
        var tls = TLSConfiguration.makeClientConfiguration()
        if let bundle = options.caBundle {
            do {
                tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(bundle))
            } catch {
                throw .tls("the certificate authorities in \(bundle) cannot be read: \(error)")
            }
        }
        self.tls = tls
    }

    /// Ends every transfer. Nothing can be sent afterwards.
    public func shutdown() async {
        let clients = state.withLock { state in
            defer { state.clients = [:] }
            state.isShutDown = true
            return Array(state.clients.values)
        }
        for client in clients {
            // Fails only when it was shut down before.
            try? await client.shutdown()
        }
    }

    public func send(_ request: ObjectRequest) async throws -> ObjectResponse {
        let outgoing = try Self.request(request)
        let client = try client(for: request.head)
        let (failure, lease) = (UploadFailure(), UploadLease())
        let body = outgoing.withBody(of: request.body, failure, lease)
        let end = UploadEnd(lease)
        do {
            let deadline = request.timeout.map { NIODeadline.now() + TimeAmount($0) } ?? .distantFuture
            let response = try await client.execute(body, deadline: deadline)
            await lease.end()
            let status = HTTPResponse.Status(code: Int(response.status.code))
            return ObjectResponse(
                status: status, headerFields: HTTPFields(response.headers),
                body: ObjectDownload { DownloadIterator(base: response.body.makeAsyncIterator(), end: end) })
        } catch {
            lease.abandon()
            await lease.end()
            if let cause = failure.error { throw cause }
            throw TransportError(error)
        }
    }

    private static func request(_ request: ObjectRequest) throws(TransportError) -> HTTPClientRequest {
        let head = request.head
        guard let scheme = head.scheme, let authority = head.authority, let path = head.path, path.hasPrefix("/"),
            scheme == "http" || scheme == "https"
        else { throw .malformedRequest("it has no scheme, host or path") }
        var outgoing = HTTPClientRequest(url: "\(scheme)://\(authority)\(path)")
        outgoing.headers.add(name: "Host", value: authority)
        outgoing.method = HTTPMethod(rawValue: head.method.rawValue)
        for field in head.headerFields { outgoing.headers.add(name: field.name.rawName, value: field.value) }
        return outgoing
    }

    private func client(for head: HTTPRequest) throws(TransportError) -> HTTPClient {
        let proxy = options.proxies.proxy(scheme: head.scheme ?? "", authority: head.authority ?? "")
        let eventLoop = MultiThreadedEventLoopGroup.singleton.any()
        let way = Way(proxy: proxy, eventLoop: ObjectIdentifier(eventLoop))
        return try state.withLock { state throws(TransportError) in
            guard !state.isShutDown else { throw .shutDown(requestSent: false) }
            if let client = state.clients[way] { return client }
            let client = HTTPClient(eventLoopGroup: eventLoop, configuration: configuration(proxy))
            state.clients[way] = client
            return client
        }
    }

    private func configuration(_ proxy: ProxyAddress?) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: .init(connect: TimeAmount(options.connectTimeout), read: TimeAmount(options.idleTimeout)),
            decompression: .disabled)
        configuration.httpVersion = .http1Only
        // Nobody listens to what would be traced of each request.
        configuration.tracing.tracer = nil
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit =
            max(1, options.connectionsPerHost / NIOSingletons.groupLoopCountSuggestion)
        // Whoever waits is told at once.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.http1_1ConnectionDebugInitializer = { channel in
            channel.setOption(.recvAllocator, value: Self.buffers).flatMap {
                channel.setOption(.maxMessagesPerRead, value: 1)
            }
        }
        configuration.proxy = proxy.map { proxy in
            .server(
                host: proxy.host, port: proxy.port,
                authorization: proxy.credentials.map { .basic(credentials: $0) })
        }
        return configuration
    }
}

/// What ended an upload from this side, so that it is told apart from what the connection did.
private final class UploadFailure: Sendable {
    private let kept = Mutex<(any Error)?>(nil)

    var error: (any Error)? { kept.withLock(\.self) }
    func keep(_ error: any Error) { kept.withLock { $0 = $0 ?? error } }
}

extension HTTPClientRequest {
    fileprivate func withBody(
        of upload: ObjectUpload, _ failure: UploadFailure, _ lease: UploadLease
    ) -> HTTPClientRequest {
        var request = self
        switch upload {
        case .none: break
        case .bytes(let bytes): request.body = .bytes(ByteBuffer(bytes: bytes))
        case .stream(let length, let make):
            let sequence = UploadSequence(length: length, make: make, failure: failure, lease: lease)
            request.body = .stream(sequence, length: .known(Int64(length)))
        }
        return request
    }
}

private struct UploadSequence: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let length: Int
    let make: @Sendable () -> any AsyncIteratorProtocol<ByteBuffer, any Error>
    let failure: UploadFailure
    let lease: UploadLease

    struct AsyncIterator: AsyncIteratorProtocol {
        /// Bytes still to come.
        var left: Int
        var base: any AsyncIteratorProtocol<ByteBuffer, any Error>
        let failure: UploadFailure
        let lease: UploadLease

        mutating func next() async throws -> ByteBuffer? {
            // The answer may be quicker than the question for what follows the last byte, which is nothing.
            guard left > 0 else { return nil }
            try await lease.beginReading()
            defer { lease.endReading() }
            do {
                let bytes = try await base.next(isolation: nil)
                left -= bytes?.readableBytes ?? 0
                return bytes
            } catch {
                failure.keep(error)
                throw error
            }
        }
    }

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(left: length, base: make(), failure: failure, lease: lease)
    }
}

private struct DownloadIterator: AsyncIteratorProtocol {
    var base: HTTPClientResponse.Body.AsyncIterator
    let end: UploadEnd

    mutating func next() async throws -> ByteBuffer? {
        do { return try await base.next() } catch { throw TransportError(error) }
    }
}

extension HTTPFields {
    fileprivate init(_ headers: HTTPHeaders) {
        self.init()
        for (name, value) in headers {
            guard let name = HTTPField.Name(name) else { continue }
            append(HTTPField(name: name, value: value))
        }
    }
}

extension TimeAmount {
    fileprivate init(_ duration: Duration) { self = .milliseconds(Int64(duration.milliseconds)) }
}
