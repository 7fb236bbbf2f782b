import ArgumentParser
import Configuration
import CoreMetrics
import Logging
import ServiceLifecycle

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the control plane until SIGINT or SIGTERM.",
        discussion: "Prints 'Listening on http://HOST:PORT' when it answers requests. Logs go to standard error.")
    @Option(help: "Address to listen on; 0.0.0.0 for every network of the machine. (default: 127.0.0.1)")
    var hostname: String?
    @Option(help: "Port to listen on; 0 takes a free one. (default: 8080)") var port: Int?
    @Option(help: "The SQLite file. (default: sluice.db)", completion: .file()) var database: String?
    @Flag(help: "Start the embedded AWS in the same process and use it in place of the real one.") var sandbox = false
    @OptionGroup var configuration: ConfigurationOptions

    func run() async throws {
        var given = [String: ConfigValue].given(Setting.httpHostname, hostname)
        given.merge(.given(Setting.httpPort, port)) { $1 }
        given.merge(.given(Setting.database, database)) { $1 }
        given.merge(.given(Setting.sandbox, sandbox)) { $1 }
        let settings = try await configuration.settings(given)
        let logger = ProcessLog.start(level: settings.logLevel)
        for name in settings.unknownVariables {
            logger.warning("an environment variable names no setting", metadata: ["name": "\(name)"])
        }
        let metrics = PrometheusRegistry()
        MetricsSystem.bootstrap(metrics)
        let server = Server(settings: settings, metrics: metrics, logger: logger)
        try await server.group { address in Terminal.print("Listening on \(address)") }.run()
    }
}
