public import NIOCore

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// Has the system copy files' bytes to a connection (`sendfile`), so that they never come into memory here. Not for
/// encrypted connections.
public struct FileSender: Sendable {
    /// What is cold is read from the disk meanwhile, which holds up the connection's event loop.
    private static let stretch = 512 << 10

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private let channel: any Channel

    /// - Parameter channel: with an `AnswerHandler`, as `http1OnEventLoops` makes it.
    public init(_ channel: any Channel) {
        self.channel = channel
    }

    /// Returns when the socket has taken all of it.
    func send(_ run: S3FileRun) async throws {
        let file = try Self.file(of: run)
        defer { try? file.close() }
        for start in stride(from: run.range.lowerBound, to: run.range.upperBound, by: Self.stretch) {
            let region = FileRegion(
                fileHandle: file, readerIndex: start, endIndex: min(start + Self.stretch, run.range.upperBound))
            let sent = channel.eventLoop.makePromise(of: Void.self)
            // Behind what was written before, wherever that was.
            channel.eventLoop.execute { [channel] in
                channel.triggerUserOutboundEvent(FileStretch(region: region), promise: sent)
            }
            try await sent.futureResult.get()
        }
    }

    /// A file that ends too early would be waited for without end.
    private static func file(of run: S3FileRun) throws -> NIOFileHandle {
        let descriptor = unsafe open(run.path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw Failure(description: unsafe "cannot open \(run.path): \(String(cString: strerror(errno)))")
        }
        let file = NIOFileHandle(_deprecatedTakingOwnershipOfDescriptor: descriptor)
        guard lseek(descriptor, 0, SEEK_END) >= run.range.upperBound else {
            try file.close()
            throw Failure(description: "\(run.path) is cut short")
        }
        return file
    }
}

/// What `AnswerHandler` is asked to send: part of an answer's body.
struct FileStretch: Sendable {
    let region: FileRegion
}
