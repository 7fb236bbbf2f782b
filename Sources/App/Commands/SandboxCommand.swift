import ArgumentParser
import Logging
import NIOCore
import Sandbox
import ServiceLifecycle
import UnixSignals

struct SandboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sandbox",
        abstract: "Run the embedded AWS alone: STS, S3 and S3 Control on one port, until SIGINT or SIGTERM.",
        discussion: """
            Prints 'Listening on http://HOST:PORT' when it answers requests. Point AWS_ENDPOINT_URL at it. Account \
            \(SandboxDefaults.account), access key \(SandboxDefaults.adminAccessKeyID), secret \
            \(SandboxDefaults.adminSecretAccessKey). Its users alice and bob may read only what they were granted: \
            \(SandboxDefaults.alice.accessKeyID), \(SandboxDefaults.alice.secretAccessKey); \
            \(SandboxDefaults.bob.accessKeyID), \(SandboxDefaults.bob.secretAccessKey). The keys are known to everybody: keep it on loopback.
            """,
        subcommands: [SandboxScrubCommand.self])
    @Option(help: "Address to listen on.") var hostname = "127.0.0.1"
    @Option(help: "Port to listen on; 0 takes a free one.") var port = 4566
    @Option(help: "Folder that keeps the state across restarts; without it, the state is lost.", completion: .directory)
    var directory: String?
    @Option(
        help: """
            JSON file of further users: [{"name", "account", "accessKeyId", "secretAccessKey"}, ...], where canonicalId, \
            displayName and email may be said of the account.
            """, completion: .file())
    var users: String?
    @Option(help: "Domain under which a host's first label names a bucket.") var bucketDomain: String?
    @Option(help: "PEM file of a certificate to serve HTTPS with, in place of HTTP.", completion: .file())
    var tlsCertificate: String?
    @Option(help: "PEM file of the certificate's private key.", completion: .file()) var tlsKey: String?
    @Flag(help: "Let faults be rehearsed: /_sandbox/faults and the x-sandbox-fault header.") var faults = false
    @Option(help: "Milliseconds added before every answer.") var latency = 0
    @Option(help: "Calls a second of one account beyond which the answer is 503 SlowDown.") var throttle: Int?
    @Option(name: .customLong("log-level"), help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel = "warning"

    func validate() throws {
        guard (0...65535).contains(port) else { throw ValidationError("--port must be from 0 to 65535.") }
        guard (tlsCertificate == nil) == (tlsKey == nil) else {
            throw ValidationError("--tls-certificate and --tls-key go together.")
        }
        guard (0...60_000).contains(latency) else { throw ValidationError("--latency must be from 0 to 60000.") }
        guard (throttle ?? 1) >= 1 else { throw ValidationError("--throttle must be at least 1.") }
    }

    private func tls() throws -> SandboxTLS? {
        guard let tlsCertificate, let tlsKey else { return nil }
        return try SandboxTLS(certificate: tlsCertificate, key: tlsKey)
    }

    func run() async throws {
        guard let level = Logger.Level(rawValue: logLevel) else {
            throw ValidationError("\(logLevel) is no log level.")
        }
        let logger = ProcessLog.start(level: level)
        let configuration = SandboxConfiguration(
            hostname: hostname, port: port, directory: directory,
            users: try users.map(SandboxUser.read) ?? [], bucketDomain: bucketDomain, tls: try tls(),
            faultsEnabled: faults, latency: .milliseconds(latency), throttleRate: throttle)
        let service = Standalone(
            sandbox: try await Sandbox(configuration: configuration, logger: logger),
            address: ServerAddress(hostname: hostname, port: port, scheme: tlsKey == nil ? "http" : "https"))
        let group = ServiceGroup(
            configuration: .init(
                services: [service], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
    }

    private struct Standalone: Service {
        let sandbox: Sandbox
        let address: ServerAddress

        func run() async throws {
            do {
                try await sandbox.run { [address] port in
                    var bound = address
                    bound.port = port
                    Terminal.print("Listening on \(bound)")
                }
            } catch let error as IOError {
                throw CommandFailure(
                    ListeningFailure.text(error, hostname: address.hostname, port: address.port))
            }
            try sandbox.close()
        }
    }
}
