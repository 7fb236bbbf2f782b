import Foundation
import TestSupport

/// A script of this folder that serves on 127.0.0.1 until it is let go.
final class ScriptedServer: Sendable {
    struct DidNotStart: Error { var script: String }

    /// The script ends with its standard input, so it cannot outlive the test's process.
    private let child: Child
    /// What it prints first.
    let greeting: Data

    init(_ program: String, _ script: String, _ arguments: [String]) async throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
        child = try Child(program, [folder.appending(path: script).path] + arguments)
        var line = Data()
        for await part in Self.parts(of: child.output) {
            line += part
            if line.last == UInt8(ascii: "\n") { break }
        }
        guard !line.isEmpty else { throw DidNotStart(script: script) }
        greeting = line
    }

    private static func parts(of handle: FileHandle) -> AsyncStream<Data> {
        let (parts, sink) = AsyncStream.makeStream(of: Data.self)
        Child.read(handle) { part in
            if let part { sink.yield(part) } else { sink.finish() }
        }
        return parts
    }
}

/// TLS servers with certificates made for this run, and the authorities that did or did not issue them.
final class TLSServers: Sendable {
    private static let start = Task { try? await TLSServers() }

    /// `nil` where Python or openssl is missing.
    static var shared: TLSServers? { get async { await start.value } }

    private let server: ScriptedServer
    private let folder: URL
    private let ports: [String: Int]

    private init() async throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        server = try await ScriptedServer("python3", "tls_server.py", [folder.path])
        ports = try JSONDecoder().decode([String: Int].self, from: server.greeting)
    }

    func authority(_ certificate: String) -> String { "127.0.0.1:\(ports[certificate] ?? 0)" }

    /// A PEM file: `authority` issued the certificates, `stranger` did not, `valid` is the good one itself.
    func file(_ name: String, _ kind: String = "pem") -> String { folder.appending(path: "\(name).\(kind)").path }

    static let isNodeThere: Bool = {
        let folders = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
        return folders.contains { FileManager.default.isExecutableFile(atPath: "\($0)/node") }
    }()
}
