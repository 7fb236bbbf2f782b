import NIOCore
import Transport

/// A field that follows a streamed body, as its value is known only then: a checksum.
public struct S3Trailer: Sendable {
    /// In lower case.
    public var name: String
    /// Of the value, in bytes.
    public var length: Int
    /// Asked for once, when all of the body has been read.
    public var value: @Sendable () throws -> String

    public init(_ name: String, length: Int, value: @escaping @Sendable () throws -> String) {
        self.name = name
        self.length = length
        self.value = value
    }
}

/// An `aws-chunked` body with unsigned chunks and a trailer (`STREAMING-UNSIGNED-PAYLOAD-TRAILER`).
struct AWSChunkedUpload {
    /// What AWS's own clients send; S3 wants 8 KiB at least.
    private static let chunkLength = 1 << 20

    let decodedLength: Int
    let trailer: S3Trailer
    let make: @Sendable () -> any AsyncIteratorProtocol<ByteBuffer, any Error>

    /// On the wire.
    var length: Int {
        let (whole, rest) = decodedLength.quotientAndRemainder(dividingBy: Self.chunkLength)
        let last = rest == 0 ? 0 : Self.encodedLength(rest)
        return whole * Self.encodedLength(Self.chunkLength) + last + end("").utf8.count + trailer.length
    }

    var body: ObjectUpload {
        .stream(length: length) { Iterator(upload: self, base: make(), left: decodedLength) }
    }

    private static func encodedLength(_ length: Int) -> Int { head(of: length).utf8.count + length + 2 }
    private static func head(of length: Int) -> String { String(length, radix: 16) + "\r\n" }
    private func end(_ value: String) -> String { "0\r\n\(trailer.name):\(value)\r\n\r\n" }

    private struct Iterator: AsyncIteratorProtocol {
        let upload: AWSChunkedUpload
        var base: any AsyncIteratorProtocol<ByteBuffer, any Error>
        /// Of the body, and of the chunk that has begun; nil between chunks.
        var left: Int
        var leftOfChunk: Int?
        var data = ByteBuffer()
        var isAtEnd = false

        mutating func next() async throws -> ByteBuffer? {
            if leftOfChunk == 0 {
                leftOfChunk = nil
                return ByteBuffer(string: "\r\n")
            }
            while data.readableBytes == 0 {
                guard let more = try await base.next(isolation: nil) else { return try end() }
                data = more
            }
            guard let length = leftOfChunk else {
                guard left > 0 else { throw TransportError.malformedRequest("the body is longer than was said") }
                leftOfChunk = min(AWSChunkedUpload.chunkLength, left)
                return ByteBuffer(string: AWSChunkedUpload.head(of: min(AWSChunkedUpload.chunkLength, left)))
            }
            let taken = min(length, data.readableBytes)
            (left, leftOfChunk) = (left - taken, length - taken)
            return data.readSlice(length: taken)
        }

        private mutating func end() throws -> ByteBuffer? {
            guard !isAtEnd else { return nil }
            isAtEnd = true
            return ByteBuffer(string: upload.end(try upload.trailer.value()))
        }
    }
}
