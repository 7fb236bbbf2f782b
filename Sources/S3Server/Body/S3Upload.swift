public import NIOCore
import NIOHTTP1
import Synchronization

/// The decoded body of a request on its way in, to be read once and to its end: only then is it known to be what the
/// client sent.
public struct S3Upload: AsyncSequence, Sendable {
    public typealias Element = ByteBuffer

    private final class Outcome: Sendable {
        let digests = Mutex<S3Digests?>(nil)
    }

    private let source: @Sendable () -> any AsyncIteratorProtocol<ByteBuffer, any Error>
    private var decoder: S3BodyDecoder
    private let outcome = Outcome()
    /// Whether the client waits with the body until it is read (`Expect: 100-continue`): refused before, it is not sent.
    public let waitsForContinue: Bool

    public init(
        _ body: some AsyncSequence<ByteBuffer, any Error> & Sendable, decoder: S3BodyDecoder,
        waitsForContinue: Bool = false
    ) {
        source = { body.makeAsyncIterator() }
        self.decoder = decoder
        self.waitsForContinue = waitsForContinue
    }

    /// Of the decoded body; nil when the client did not say.
    public var length: Int? { decoder.length }

    /// The checksum the client announced; its value is nil when it stands in the trailer.
    public var claim: (algorithm: S3ChecksumAlgorithm, value: String?)? { decoder.claim }

    /// Of the checksum that `digests` will have; nil: it has none.
    public var algorithm: S3ChecksumAlgorithm? { decoder.algorithm }

    /// The same, with that checksum computed where the client claims none. To be asked for before it is read.
    public func hashed(by algorithm: S3ChecksumAlgorithm) -> S3Upload {
        var upload = self
        upload.decoder.unclaimed = algorithm
        return upload
    }

    /// What the bytes amounted to, once they have all been read; nil before.
    public var digests: S3Digests? { outcome.digests.withLock { $0 } }

    public func makeAsyncIterator() -> Iterator {
        Iterator(source: source(), decoder: decoder) { [outcome] digests in outcome.digests.withLock { $0 = digests } }
    }

    public struct Iterator: AsyncIteratorProtocol {
        private var source: any AsyncIteratorProtocol<ByteBuffer, any Error>
        private var decoder: S3BodyDecoder
        private var isAtEnd = false
        private let ended: (S3Digests) -> Void

        fileprivate init(
            source: any AsyncIteratorProtocol<ByteBuffer, any Error>, decoder: S3BodyDecoder,
            ended: @escaping (S3Digests) -> Void
        ) {
            self.source = source
            self.decoder = decoder
            self.ended = ended
        }

        private mutating func received() async throws -> ByteBuffer? {
            // A client that goes away in the middle is no failure of the server's.
            do { return try await source.next(isolation: nil) } catch is HTTPParserError {
                throw S3Error.incompleteBody
            }
        }

        /// The next bytes, never none; nil at the end, when all of them are known to be right.
        /// - Throws: `S3Error` for a body that is not what the client claimed, or what reading it throws.
        public mutating func next() async throws -> ByteBuffer? {
            while true {
                if let data = try decoder.next() {
                    if data.readableBytes > 0 { return data }
                    continue
                }
                guard !isAtEnd, let buffer = try await received() else { break }
                decoder.append(buffer)
            }
            if !isAtEnd {
                isAtEnd = true
                ended(try decoder.finish())
            }
            return nil
        }
    }

    /// All of it, for documents.
    /// - Throws: also `MalformedXML` when it is longer than `limit` bytes.
    public func collect(upTo limit: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await buffer in self {
            guard bytes.count + buffer.readableBytes <= limit else { throw S3Error.malformedXML }
            bytes.append(contentsOf: buffer.readableBytesView)
        }
        return bytes
    }
}
