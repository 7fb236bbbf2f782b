#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// Keeps a folder for one process: what one sandbox is still writing, another that starts would sweep away. It ends with
/// the process, however that ends.
final class DirectoryLock: Sendable {
    private let descriptor: CInt

    /// - Throws: `SandboxDirectoryInUse`.
    init(directory: String) throws(SandboxDirectoryInUse) {
        descriptor = unsafe open(directory + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0, flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw SandboxDirectoryInUse(directory: directory)
        }
    }

    /// Others may have the folder.
    func release() { flock(descriptor, LOCK_UN) }

    deinit { if descriptor >= 0 { close(descriptor) } }
}

/// A sandbox runs, or a scrub, in the same folder.
public struct SandboxDirectoryInUse: Error, Equatable, CustomStringConvertible {
    public let directory: String

    public var description: String { "\(directory) is in use by another process, or cannot be written" }
}
