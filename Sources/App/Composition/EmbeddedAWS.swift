import Hummingbird
import Logging
import NIOCore
import Sandbox
import ServiceLifecycle

/// The sandbox on a loopback port of this process.
struct EmbeddedAWS: Service {
    static let hostname = "127.0.0.1"

    let sandbox: Sandbox
    let port: Int

    /// Opens the state: beside the database, or in memory when there is no folder.
    init(
        directory: String?, users: [SandboxUser] = [], port: Int = 0, faults: Bool = false, logger: Logger
    ) async throws {
        self.port = port
        sandbox = try await Sandbox(
            configuration: SandboxConfiguration(
                hostname: Self.hostname, port: port, directory: directory, users: users, faultsEnabled: faults),
            logger: logger)
    }

    func run() async throws {
        do {
            try await sandbox.run()
        } catch let error as IOError {
            throw CommandFailure(
                ListeningFailure.text(error, hostname: Self.hostname, port: port, option: Setting.sandboxPort.key))
        }
        try sandbox.close()
    }

    /// Waits until it listens. To be awaited by one caller.
    var address: ServerAddress {
        get async throws {
            guard let port = await sandbox.boundPort else {
                throw CommandFailure("The embedded AWS ended before it listened.")
            }
            return ServerAddress(hostname: Self.hostname, port: port)
        }
    }

    /// The environment that leads the AWS clients to `endpoint`, with the sandbox's credentials, and nowhere else.
    static func environment(endpoint: String, over environment: [String: String]) -> [String: String] {
        var environment = environment.filter { name, _ in
            !name.hasPrefix("AWS_ENDPOINT_URL") && !displaced.contains(name)
        }
        environment["AWS_ENDPOINT_URL"] = endpoint
        environment["AWS_REGION"] = SandboxDefaults.region
        environment["AWS_ACCESS_KEY_ID"] = SandboxDefaults.adminAccessKeyID
        environment["AWS_SECRET_ACCESS_KEY"] = SandboxDefaults.adminSecretAccessKey
        return environment
    }

    private static let displaced: Set<String> = [
        "AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT",
    ]
}
