public import Foundation
import Synchronization

/// A program that a test runs, its standard streams at hand.
///
/// Programs are started one at a time: what Foundation opens for one (its pipes, and the socket by which it learns of its
/// end) another that starts at the same moment would inherit, and so the first one's end would be noticed only with the
/// other's.
public final class Child: Sendable {
    public let process: Process
    /// Closed when the child is let go.
    public let input: Pipe
    public let output: Pipe
    /// nil: they go nowhere.
    public let errors: Pipe?

    private struct Streams {
        let input = Pipe()
        let output = Pipe()
        let errors: Pipe?
    }

    private static let oneAtATime = Mutex(())

    /// - Parameters:
    ///   - program: a path, or a name to be looked for in `PATH`.
    ///   - environment: nil for this process's own.
    public init(
        _ program: String, _ arguments: [String], environment: [String: String]? = nil, keepsErrors: Bool = false
    ) throws {
        let process = Process()
        process.executableURL = URL(filePath: program.contains("/") ? program : "/usr/bin/env")
        process.arguments = program.contains("/") ? arguments : [program] + arguments
        if let environment { process.environment = environment }
        let streams = try Self.oneAtATime.withLock { _ in
            let streams = Streams(errors: keepsErrors ? Pipe() : nil)
            process.standardInput = streams.input
            process.standardOutput = streams.output
            process.standardError = streams.errors ?? FileHandle.nullDevice
            try process.run()
            return streams
        }
        self.process = process
        (input, output, errors) = (streams.input, streams.output, streams.errors)
    }

    /// Runs a program without input to its end. Returns its status, and what it printed on standard output.
    public static func run(
        _ program: String, _ arguments: [String], environment: [String: String]? = nil
    ) throws -> (status: Int32, output: Data) {
        let child = try Child(program, arguments, environment: environment)
        try child.input.fileHandleForWriting.close()
        let output = try child.output.fileHandleForReading.readToEnd() ?? Data()
        child.process.waitUntilExit()
        return (child.process.terminationStatus, output)
    }

    deinit { try? input.fileHandleForWriting.close() }
}
