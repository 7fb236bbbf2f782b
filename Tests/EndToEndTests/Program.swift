import Foundation
import Synchronization
import TestSupport

/// A run of the real binary, with its own environment and nothing of ours.
final class Program: Sendable {
    /// What it prints once it answers requests.
    private static let greeting = "Listening on "

    struct DidNotStart: Error {
        var log: String
        /// By a signal, as a rehearsed crash is.
        var wasKilled: Bool
    }

    private let child: Child
    let address: String

    /// Lines printed so far, on both streams.
    private final class Log: Sendable {
        private let text = Mutex("")
        func append(_ data: Data) { text.withLock { $0 += String(decoding: data, as: UTF8.self) } }
        var contents: String { text.withLock(\.self) }
    }

    /// The products lie beside the test bundle.
    static var binary: URL {
        URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: "sluice")
    }

    /// Returns when it listens.
    init(_ arguments: [String], environment: [String: String] = [:]) async throws {
        let child = try Child(Self.binary.path, arguments, environment: environment, keepsErrors: true)
        let (lines, sink) = AsyncStream.makeStream(of: String.self)
        let log = Log()
        Child.read(child.output) { data in
            guard let data else { return sink.finish() }
            log.append(data)
            for line in String(decoding: data, as: UTF8.self).split(separator: "\n") { sink.yield(String(line)) }
        }
        if let errors = child.errors { Child.read(errors) { data in data.map(log.append) } }
        var address: String?
        for await line in lines where line.hasPrefix(Self.greeting) {
            address = String(line.dropFirst(Self.greeting.count))
            break
        }
        guard let address else {
            throw DidNotStart(log: log.contents, wasKilled: Self.isSignal(child.wait()))
        }
        self.child = child
        self.address = address
    }

    /// Runs it to its end. Returns its status, and what it printed on standard output.
    static func output(of arguments: [String]) throws -> (status: Int32?, text: String) {
        let run = try Child.run(binary.path, arguments, environment: [:])
        guard case .exit(let status) = run.end else { return (nil, "") }
        return (status, String(decoding: run.output, as: UTF8.self))
    }

    var isRunning: Bool { child.isRunning }

    /// Waits for its end; `true` when a signal was the cause.
    func wasKilled() -> Bool { Self.isSignal(child.wait()) }

    /// Nothing of it is finished.
    func kill() {
        child.kill()
        child.wait()
    }

    private static func isSignal(_ end: Child.End?) -> Bool {
        if case .signal = end { true } else { false }
    }

    deinit { child.kill() }
}
