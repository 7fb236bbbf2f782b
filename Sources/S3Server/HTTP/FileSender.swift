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

    /// Returns when the socket has taken all of it. A task that is cancelled meanwhile ends the connection.
    func send(_ run: S3FileRun) async throws {
        let file = try Self.file(of: run)
        defer { try? file.close() }
        for start in stride(from: run.range.lowerBound, to: run.range.upperBound, by: Self.stretch) {
            try Task.checkCancellation()
            let end = min(start + Self.stretch, run.range.upperBound)
            try Self.check(file, reaches: end, run)
            let region = FileRegion(fileHandle: file, readerIndex: start, endIndex: end)
            let sent = channel.eventLoop.makePromise(of: Void.self)
            // Behind what was written before, wherever that was.
            channel.eventLoop.execute { [channel] in
                channel.triggerUserOutboundEvent(FileStretch(region: region), promise: sent)
            }
            try await withTaskCancellationHandler {
                try await sent.futureResult.get()
            } onCancel: {
                channel.close(promise: nil)
            }
        }
    }

    private static func file(of run: S3FileRun) throws -> NIOFileHandle {
        let descriptor = unsafe open(run.path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw Failure(description: unsafe "cannot open \(run.path): \(String(cString: strerror(errno)))")
        }
        return NIOFileHandle(_deprecatedTakingOwnershipOfDescriptor: descriptor)
    }

    /// What is not there would be waited for without end.
    private static func check(_ file: NIOFileHandle, reaches end: Int, _ run: S3FileRun) throws {
        let size = try file.withUnsafeFileDescriptor { lseek($0, 0, SEEK_END) }
        guard size >= end else { throw Failure(description: "\(run.path) is cut short") }
    }
}

/// What `AnswerHandler` is asked to send: part of an answer's body.
struct FileStretch: Sendable {
    let region: FileRegion
}
