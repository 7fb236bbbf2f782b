import NIOCore

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// An open file. Its calls block.
final class BlobFile: Sendable {
    struct Failure: Error, CustomStringConvertible {
        let operation: String
        let path: String
        let code: CInt

        /// Of the call that has just failed.
        init(_ operation: String, _ path: String) {
            self.operation = operation
            self.path = path
            code = errno
        }

        /// `path` ends before it should.
        init(cutShort path: String) {
            operation = "read"
            self.path = path
            code = 0
        }

        var isMissing: Bool { code == ENOENT }
        var description: String {
            code == 0
                ? "\(path) is cut short" : unsafe "cannot \(operation) \(path): \(String(cString: strerror(code)))"
        }
    }

    let path: String
    private let descriptor: CInt

    /// Opens it for reading.
    init(reading path: String) throws(Failure) {
        self.path = path
        descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure("open", path) }
    }

    /// Makes it, to be read and written by its owner only.
    init(making path: String) throws(Failure) {
        self.path = path
        descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure("make", path) }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// In bytes.
    func size() throws(Failure) -> Int {
        let end = lseek(descriptor, 0, SEEK_END)
        guard end >= 0 else { throw Failure("look at", path) }
        return Int(end)
    }

    /// Writes after what was written before.
    func append(_ buffer: ByteBuffer) throws {
        try unsafe buffer.withUnsafeReadableBytes { bytes in
            var written = 0
            while written < bytes.count {
                let count = unsafe write(descriptor, bytes.baseAddress?.advanced(by: written), bytes.count - written)
                guard count >= 0 || errno == EINTR else { throw Failure("write", path) }
                written += max(0, count)
            }
        }
    }

    /// Reads exactly `count` bytes.
    func read(at offset: Int, count: Int) throws -> ByteBuffer {
        var buffer = ByteBufferAllocator().buffer(capacity: count)
        while buffer.readableBytes < count {
            let position = offset + buffer.readableBytes
            let room = count - buffer.readableBytes
            let got = try unsafe buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { bytes in
                let got = unsafe pread(descriptor, bytes.baseAddress, room, off_t(position))
                guard got >= 0 || errno == EINTR else { throw Failure("read", path) }
                guard got != 0 else { throw Failure(cutShort: path) }
                return max(0, got)
            }
            _ = got
        }
        return buffer
    }

    /// Returns when what was written is on the disk.
    func sync() throws(Failure) {
        #if canImport(Darwin)
            guard fcntl(descriptor, F_FULLFSYNC) != -1 else { throw Failure("sync", path) }
        #else
            guard fsync(descriptor) == 0 else { throw Failure("sync", path) }
        #endif
    }
}
