import Dispatch
public import Foundation
import Synchronization

/// A program that a test runs, its standard streams at hand; nothing else of this process is open in it.
///
/// Not Foundation's `Process`: what that opens for one child another inherits that starts at the same moment, so that the
/// first one's end is noticed only with the other's; and with many open files it reads beyond their list.
public final class Child: Sendable {
    public enum End: Sendable, Equatable {
        case exit(Int32)
        case signal(Int32)
    }

    public struct CannotStart: Error {
        public var program: String
        public var reason: String
    }

    /// Closed when the child is let go.
    public let input: FileHandle
    public let output: FileHandle
    /// nil: they go nowhere.
    public let errors: FileHandle?

    private let id: pid_t
    private let ending = Ending()

    private final class Ending: Sendable {
        let group = DispatchGroup()
        let end = Mutex<End?>(nil)
    }

    /// - Parameters:
    ///   - program: a path, or a name to be looked for in `PATH`.
    ///   - environment: nil for this process's own.
    public init(
        _ program: String, _ arguments: [String], environment: [String: String]? = nil, keepsErrors: Bool = false
    ) throws {
        let (input, output, errors) = (Pipe(), Pipe(), keepsErrors ? Pipe() : nil)
        id = try Self.start(
            program, arguments, environment ?? ProcessInfo.processInfo.environment,
            streams: [input.fileHandleForReading, output.fileHandleForWriting, errors?.fileHandleForWriting])
        for handle in [input.fileHandleForReading, output.fileHandleForWriting, errors?.fileHandleForWriting] {
            try handle?.close()
        }
        self.input = input.fileHandleForWriting
        self.output = output.fileHandleForReading
        self.errors = errors?.fileHandleForReading
        ending.group.enter()
        // Waited for whoever asks: a dead child that nobody takes leave of stays.
        Thread.detachNewThread { [id, ending] in
            var status: Int32 = 0
            while waitpid(id, &status, 0) < 0, errno == EINTR {}
            let signal = status & 0x7f
            ending.end.withLock { $0 = signal == 0 ? .exit(status >> 8 & 0xff) : .signal(signal) }
            ending.group.leave()
        }
    }

    public var isRunning: Bool { ending.end.withLock { $0 == nil } }

    /// Waits for its end.
    @discardableResult
    public func wait() -> End? {
        ending.group.wait()
        return ending.end.withLock(\.self)
    }

    /// Nothing of it is finished.
    public func kill() {
        if isRunning { Foundation.kill(id, SIGKILL) }
    }

    /// Hands over what comes on `stream`, and at its end nothing, on a thread that keeps the file open until then: libdispatch,
    /// which a `readabilityHandler` is made of, does not survive that a file is closed while it is watched.
    public static func read(_ stream: FileHandle, _ take: @escaping @Sendable (Data?) -> Void) {
        Thread.detachNewThread {
            var buffer = [UInt8](repeating: 0, count: 64 << 10)
            while true {
                let count = Foundation.read(stream.fileDescriptor, &buffer, buffer.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return take(nil) }
                take(Data(buffer[..<count]))
            }
        }
    }

    /// Runs a program without input to its end. Returns that, and what it printed on standard output.
    public static func run(
        _ program: String, _ arguments: [String], environment: [String: String]? = nil
    ) throws -> (end: End?, output: Data) {
        let child = try Child(program, arguments, environment: environment)
        try child.input.close()
        let output = try child.output.readToEnd() ?? Data()
        return (child.wait(), output)
    }

    deinit { try? input.close() }
}

extension Child {
    /// - Parameter streams: the standard ones; nil for `/dev/null`.
    private static func start(
        _ program: String, _ arguments: [String], _ environment: [String: String], streams: [FileHandle?]
    ) throws -> pid_t {
        #if canImport(Darwin)
            var actions: posix_spawn_file_actions_t?
            var attributes: posix_spawnattr_t?
        #else
            var actions = posix_spawn_file_actions_t()
            var attributes = posix_spawnattr_t()
        #endif
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        for (number, stream) in streams.enumerated() {
            if let stream {
                posix_spawn_file_actions_adddup2(&actions, stream.fileDescriptor, Int32(number))
            } else {
                posix_spawn_file_actions_addopen(&actions, Int32(number), "/dev/null", O_RDWR, 0)
            }
        }
        // Threads that start programs may have signals blocked.
        var (none, all) = (sigset_t(), sigset_t())
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        var flags = Int32(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF)
        #if canImport(Darwin)
            flags |= Int32(POSIX_SPAWN_CLOEXEC_DEFAULT)
        #else
            // Of glibc since 2.34, whose header shows it to C alone.
            typealias CloseFrom = @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32
            guard let closeFrom = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np") else {
                throw CannotStart(program: program, reason: "the C library cannot close what is open")
            }
            _ = unsafeBitCast(closeFrom, to: CloseFrom.self)(&actions, 3)
        #endif
        posix_spawnattr_setflags(&attributes, Int16(flags))
        let (words, variables) = ([program] + arguments, environment.map { "\($0.key)=\($0.value)" })
        var (argv, envp) = (words.map { strdup($0) } + [nil], variables.map { strdup($0) } + [nil])
        defer { for text in argv + envp { free(text) } }
        var id = pid_t()
        let code = posix_spawnp(&id, program, &actions, &attributes, &argv, &envp)
        guard code == 0 else { throw CannotStart(program: program, reason: String(cString: strerror(code))) }
        return id
    }
}
