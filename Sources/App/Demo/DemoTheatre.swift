import API
import Domain
import Logging
import ServiceLifecycle
import Synchronization
import Transport
import UnixSignals

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The sandbox and the server of a demonstration, on free ports, with their files in one folder.
struct DemoTheatre {
    let folder: String
    let logger: Logger

    /// - Returns: what was not as it should be.
    func play() async throws -> [String] {
        let aws = try await EmbeddedAWS(directory: folder + "/aws", faults: true, logger: logger)
        let play = Play(aws: aws, folder: folder, logger: logger)
        let services = [
            ServiceGroupConfiguration.ServiceConfiguration(service: aws),
            .init(service: play, successTerminationBehavior: .gracefullyShutdownGroup),
        ]
        try await ServiceGroup(
            configuration: .init(
                services: services, gracefulShutdownSignals: [], cancellationSignals: [.sigterm, .sigint],
                logger: logger)
        ).run()
        return play.failures.withLock(\.self)
    }
}

private final class Play: Service {
    let failures = Mutex<[String]>([])
    private let aws: EmbeddedAWS
    private let folder: String
    private let logger: Logger

    init(aws: EmbeddedAWS, folder: String, logger: Logger) {
        self.aws = aws
        self.folder = folder
        self.logger = logger
    }

    func run() async throws {
        let endpoint = try await aws.address.description
        let key = Credential.make(random: APIEnvironment.systemRandomBytes)
        let (addresses, ready) = AsyncStream.makeStream(of: ServerAddress.self)
        let server = Server(
            settings: try await settings(endpoint: endpoint, key: key), metrics: PrometheusRegistry(), logger: logger)
        let group = try await server.group(signals: []) { ready.yield($0) }
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                defer { ready.finish() }
                try await group.run()
            }
            for await address in addresses {
                try await perform(at: address.description, endpoint: endpoint, key: key)
                await group.triggerGracefulShutdown()
            }
            try await tasks.waitForAll()
        }
    }

    private func settings(endpoint: String, key: Secret) async throws -> Settings {
        let environment = EmbeddedAWS.environment(
            endpoint: endpoint,
            over: [
                Setting.httpPort.environmentName: "0",
                Setting.database.environmentName: folder + "/sluice.db",
                Setting.bootstrapAPIKey.environmentName: key.reveal(),
            ])
        return try Settings(try await SettingSources(environment: environment), environment: environment)
    }

    private func perform(at address: String, endpoint: String, key: Secret) async throws {
        Terminal.print("Sluice is at \(address), the embedded AWS at \(endpoint); both are gone when this ends.")
        Terminal.print("SLUICE_API_KEY is the key that this demonstration made for itself.")
        let transport = try CurlTransport(.init(proxy: .none))
        defer { transport.shutdown() }
        let stage = DemoStage(api: try APIClient(url: address, key: key, transport: transport), address: address)
        let aws = SandboxBehindDemo(address: endpoint, transport: transport)
        try await Demonstration(stage: stage, aws: aws, reader: reader(aws)).run()
        let found = stage.failures
        failures.withLock { $0 = found }
    }

    private func reader(_ aws: SandboxBehindDemo) -> (any DataReader, String) {
        let path = ProcessInfo.processInfo.environment["PATH"]
        guard let program = ChildProcess.find("aws", on: path) else {
            let signed = SignedReader(
                address: aws.address, account: aws.account, region: aws.region, transport: aws.transport)
            return (signed, "(The AWS CLI is not installed: the same requests are sent without it.)")
        }
        let reader = CommandLineReader(
            program: program, address: aws.address, account: aws.account, region: aws.region, path: path,
            folder: folder)
        return (reader, "(With the AWS CLI of this machine.)")
    }
}
