public import Domain

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A small file that only its owner may read.
public struct PrivateFile: Sendable {
    /// Read at most this much: a key file holds a few lines.
    private static let limit = 64 * 1024

    public let path: String

    public init(path: String) { self.path = path }

    public var exists: Bool { unsafe access(path, F_OK) == 0 }

    /// `nil` when there is no such file.
    public func contents() throws(StoreError) -> Secret? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw failure()
        }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw failure() }
        guard status.st_mode & 0o077 == 0 else { throw StoreError.unsafeKeyFile(path: path) }
        var bytes = [UInt8](repeating: 0, count: Self.limit)
        var count = 0
        while count < bytes.count {
            let room = bytes.count - count
            let got = unsafe bytes.withUnsafeMutableBytes { [count] buffer in
                guard let start = buffer.baseAddress else { return 0 }
                return unsafe Int(read(descriptor, start + count, room))
            }
            guard got >= 0 else { throw failure() }
            if got == 0 { break }
            count += got
        }
        return Secret(String(decoding: bytes[..<count], as: UTF8.self))
    }

    /// Fails when the file exists.
    public func create(containing text: String) throws(StoreError) {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure() }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard unsafe write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0 else {
            throw failure()
        }
    }

    private func failure() -> StoreError {
        StoreError.cannotOpen(path: path, reason: unsafe String(cString: strerror(errno)))
    }
}
