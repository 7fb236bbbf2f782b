import Hummingbird
import HummingbirdCore
import HummingbirdTLS
public import Logging
import NIOCore
import S3Server
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// An AWS in a box: STS, S3 and S3 Control's Access Grants on one port, with `SandboxDefaults` in it at the start.
///
/// It verifies every signature, keeps its state in its directory, and can be told to fail (`/_sandbox/faults`).
public final class Sandbox: Sendable {
    private let configuration: SandboxConfiguration
    private let logger: Logger
    private let database: SandboxDatabase
    private let blobs: BlobStore
    private let listening = AsyncStream<Int>.makeStream()
    private let port = Mutex<Int?>(nil)

    /// Opens the state, or makes it.
    /// - Throws: `SandboxStateTooNew`, `SandboxUserConflict`, or what the file system and the database throw.
    public init(configuration: SandboxConfiguration = SandboxConfiguration(), logger: Logger) async throws {
        self.configuration = configuration
        self.logger = logger
        database = try await SandboxDatabase(directory: configuration.directory)
        blobs = BlobStore(directory: configuration.directory)
        let swept = try await blobs.sweep(database)
        if swept > 0 { logger.info("Swept files of unfinished uploads", metadata: ["files": "\(swept)"]) }
        let now = Timestamp.milliseconds(configuration.clock())
        try await database.write { try SandboxSeed.plant($0, users: configuration.users, now: now) }
    }

    /// The port once it listens; nil when it ended before it did. To be awaited by one caller.
    public var boundPort: Int? {
        get async {
            if let port = port.withLock({ $0 }) { return port }
            for await port in listening.stream { return port }
            return nil
        }
    }

    /// Serves until the task is cancelled or the service group shuts down.
    /// - Parameter onReady: told the port once it listens.
    public func run(onReady: @escaping @Sendable (_ port: Int) async -> Void = { _ in }) async throws {
        defer { listening.continuation.finish() }
        let http = HTTPServerBuilder.http1OnEventLoops(
            configuration: .init(additionalChannelHandlers: [ContinueHandler()]))
        let app = Application(
            responder: responder(),
            server: try configuration.tls.map { try .tls(http, tlsConfiguration: $0.configuration) } ?? http,
            configuration: .init(address: .hostname(configuration.hostname, port: configuration.port)),
            onServerRunning: { [self] channel in
                guard let bound = channel.localAddress?.port else { return }
                port.withLock { $0 = bound }
                listening.continuation.yield(bound)
                await onReady(bound)
            },
            logger: logger)
        try await app.run()
    }

    /// Closes the state. Not to be called while `run` is serving.
    public func close() throws {
        try database.close()
        blobs.close()
    }

    private var throttling: [FaultRule] {
        configuration.throttleRate.map { [FaultRule(operation: "*", throttleRate: $0)] } ?? []
    }

    private func responder() -> SandboxResponder {
        let database = database
        let keys = KnownAccessKeys()
        let authenticator = RequestAuthenticator<Caller>(
            regions: SandboxDefaults.regions, defaultRegion: SandboxDefaults.region, anonymous: Caller.anonymous
        ) { id in
            try await keys.record(of: id) {
                try await database.lookUp { try IdentityStore(database: $0).accessKey(id) }
            }
        }
        return SandboxResponder(
            configuration: configuration, authenticator: authenticator, sts: STSService(database: database),
            s3: S3Server(
                backend: SandboxS3Backend(database: database, blobs: blobs, regions: SandboxDefaults.regions)),
            s3Control: S3ControlService(
                database: database,
                limits: AccessGrantsLimits(configuration)),
            faults: FaultState(rules: throttling), logger: logger)
    }
}
