import AWS
import HTTPTypes
import NIOCore
import S3Server
import SigV4
import Synchronization
import Transport

extension S3ObjectRequest {
    /// The client's body, with the checksum it announced, which upstream checks too and keeps. It is sent where the client
    /// sent it: before the bytes, or behind them.
    mutating func set(_ upload: S3Upload) async throws {
        body = try await upload.heldBack()
        guard let claim = upload.claim else { return }
        let field = HTTPField.Name(known: claim.algorithm.header)
        if let value = claim.value ?? (upload.length == 0 ? upload.digests?.checksum?.value : nil) {
            headerFields[field] = value
        } else {
            trailer = S3Trailer(claim.algorithm) { upload.digests?.checksum?.value }
        }
    }

    /// An object's bytes on their way from one upstream to another, with the checksum the new one is to have.
    mutating func set(_ download: ObjectDownload, length: Int, _ algorithm: S3ChecksumAlgorithm?) {
        guard let algorithm else {
            body = length == 0 ? .bytes([]) : .stream(length: length) { Pass(base: download.makeAsyncIterator()) }
            return
        }
        guard length > 0 else {
            body = .bytes([])
            headerFields[HTTPField.Name(known: algorithm.header)] = S3Checksum(algorithm, of: []).value
            return
        }
        let checksum = RunningChecksum(algorithm)
        body = .stream(length: length) { Pass(base: download.makeAsyncIterator(), checksum: checksum) }
        trailer = S3Trailer(algorithm) { checksum.value }
    }
}

extension S3Trailer {
    /// - Parameter value: nil before all bytes were read.
    fileprivate init(_ algorithm: S3ChecksumAlgorithm, value: @escaping @Sendable () -> String?) {
        let length = (algorithm.length + 2) / 3 * 4
        self.init(algorithm.header, length: length) {
            guard let value = value() else { throw S3Error.internalError }
            return value
        }
    }
}

private final class RunningChecksum: Sendable {
    private let hasher: Mutex<S3ChecksumHasher>

    init(_ algorithm: S3ChecksumAlgorithm) { hasher = Mutex(S3ChecksumHasher(algorithm)) }

    var value: String { hasher.withLock(\.value) }
    func update(_ buffer: ByteBuffer) { hasher.withLock { $0.update(buffer) } }
}

private struct Pass: AsyncIteratorProtocol {
    var base: ObjectDownload.AsyncIterator
    var checksum: RunningChecksum?

    mutating func next() async throws -> ByteBuffer? {
        let part = try await base.next()
        if let part { checksum?.update(part) }
        return part
    }
}
