public import NIOCore

/// The bytes of an object on their way to the client, produced no faster than they are taken.
public struct S3Content: Sendable {
    /// Takes the next bytes, and returns when there is room for more; throws when the client has gone away.
    public typealias Sink = (ByteBuffer) async throws -> Void

    public let length: Int
    /// All of the bytes, where they are at hand.
    let buffer: ByteBuffer?
    /// What it consists of, where that is files' bytes only.
    let files: [S3FileRun]
    private let body: @Sendable (Sink) async throws -> Void

    /// - Parameters:
    ///   - files: the same bytes, there for as long as `write` is.
    ///   - write: gives `length` bytes to the sink; throwing cuts the answer short, so that the client sees it fail.
    public init(
        length: Int, files: [S3FileRun] = [], _ write: @escaping @Sendable (Sink) async throws -> Void
    ) {
        self.length = length
        self.files = files
        buffer = nil
        body = write
    }

    public init(_ buffer: ByteBuffer) {
        length = buffer.readableBytes
        files = []
        self.buffer = buffer
        body = { sink in
            if buffer.readableBytes > 0 { try await sink(buffer) }
        }
    }

    public func write(to sink: Sink) async throws {
        try await body(sink)
    }
}

/// A run of a file's bytes.
public struct S3FileRun: Sendable, Equatable {
    public var path: String
    public var range: Range<Int>

    public init(path: String, range: Range<Int>) {
        self.path = path
        self.range = range
    }
}
