public import HTTPTypes
public import NIOCore

/// Carries one request whose body and answer are streams, neither of which is ever in memory as a whole.
///
/// As `DocumentTransport`: it sends what it is given, byte for byte, and follows no redirects.
public protocol ObjectTransport: Sendable {
    /// Sends the request, body and all, and returns when the answer's header is there, which may be before the body's end:
    /// nothing more of it is asked for then. The connection is held until the answer's body was read to its end or is let
    /// go.
    ///
    /// Cancelling the calling task ends the transfer, as does letting go of the answer.
    /// - Throws: `TransportError`, or what the request's body threw.
    func send(_ request: ObjectRequest) async throws -> ObjectResponse
}

public struct ObjectRequest: Sendable {
    /// Method, scheme (`http` or `https`), authority, raw request target and header fields; the length is not among them.
    public var head: HTTPRequest
    public var body: ObjectUpload
    /// The longest until the answer's header may take; nil: as long as bytes move.
    public var timeout: Duration?

    public init(_ head: HTTPRequest, body: ObjectUpload = .none, timeout: Duration? = nil) {
        self.head = head
        self.body = body
        self.timeout = timeout
    }
}

/// What a request has as its body.
public enum ObjectUpload: Sendable {
    case none
    case bytes([UInt8])
    /// Asked for its next part only when the one before it is on its way. Exactly `length` bytes; throwing ends the
    /// connection before they are complete, so that the server takes nothing of it for whole.
    case stream(length: Int, @Sendable () -> any AsyncIteratorProtocol<ByteBuffer, any Error>)
}

public struct ObjectResponse: Sendable {
    public var status: HTTPResponse.Status
    public var headerFields: HTTPFields
    /// To be read once.
    public var body: ObjectDownload

    public init(status: HTTPResponse.Status, headerFields: HTTPFields = [:], body: ObjectDownload) {
        self.status = status
        self.headerFields = headerFields
        self.body = body
    }
}

/// The bytes of an answer, read from the connection no faster than they are asked for.
public struct ObjectDownload: AsyncSequence, Sendable {
    public typealias Element = ByteBuffer

    private let make: @Sendable () -> any AsyncIteratorProtocol<ByteBuffer, any Error>

    public init(_ make: @escaping @Sendable () -> any AsyncIteratorProtocol<ByteBuffer, any Error>) {
        self.make = make
    }

    public init(_ buffer: ByteBuffer = ByteBuffer()) {
        self.init { Once(buffer: buffer.readableBytes > 0 ? buffer : nil) }
    }

    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate var base: any AsyncIteratorProtocol<ByteBuffer, any Error>

        /// - Throws: `TransportError`.
        public mutating func next() async throws -> ByteBuffer? { try await base.next(isolation: nil) }
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(base: make()) }

    private struct Once: AsyncIteratorProtocol {
        var buffer: ByteBuffer?

        mutating func next() async throws -> ByteBuffer? {
            defer { buffer = nil }
            return buffer
        }
    }

    /// All of it.
    ///
    /// - Throws: also `TransportError.tooLarge`.
    public func collect(upTo limit: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await part in self {
            guard part.readableBytes <= limit - bytes.count else { throw TransportError.tooLarge(limit: limit) }
            bytes.append(contentsOf: part.readableBytesView)
        }
        return bytes
    }
}
