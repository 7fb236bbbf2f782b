import ArgumentParser
import HTTPTypes
import Transport

/// For a container's health check: asks the server that the settings describe.
struct HealthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health",
        abstract: "Ask the server on this machine whether it is ready; ends with 1 when it is not.")
    @OptionGroup var configuration: ConfigurationOptions
    @Option(help: "Port of the server.") var port: Int?

    func run() async throws {
        let settings = try await configuration.settings(.given(Setting.httpPort, port))
        // A server on every address is reached on this one.
        let host = ["0.0.0.0", "::"].contains(settings.hostname) ? "127.0.0.1" : settings.hostname
        let api = try APIClient(
            url: "http://\(host):\(settings.port)", key: nil, transport: try CurlTransport(.init(proxy: .none)))
        let answer = try await api.send(.get, "/readyz", timeout: .seconds(2))
        guard answer.isSuccess else {
            throw CommandFailure("\(answer.status): \(String(decoding: answer.body, as: UTF8.self))")
        }
        Terminal.print("ready")
    }
}
