import ArgumentParser
import Configuration
import Domain
import Transport

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Options of every command that reads settings.
struct ConfigurationOptions: ParsableArguments {
    @Option(name: .customLong("config"), help: "JSON file with settings.", completion: .file())
    var file: String?

    func settings(_ commandLine: [String: ConfigValue] = [:]) async throws(SettingsError) -> Settings {
        let environment = ProcessInfo.processInfo.environment
        let sources = try await SettingSources(
            commandLine: commandLine, environment: environment, file: file ?? environment["SLUICE_CONFIG"])
        return try Settings(sources, environment: environment)
    }
}

/// Options of the commands that work on the database file itself.
struct DatabaseOptions: ParsableArguments {
    @OptionGroup var configuration: ConfigurationOptions

    @Option(help: "The SQLite file.", completion: .file())
    var database: String?

    func settings() async throws(SettingsError) -> Settings {
        try await configuration.settings(.given(Setting.database, database))
    }
}

enum OutputFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
    case table, json
}

/// Options of the commands that are clients of a running server.
struct ClientOptions: ParsableArguments {
    @OptionGroup var configuration: ConfigurationOptions

    @Option(help: "Server to talk to (SLUICE_URL). The key is read from SLUICE_API_KEY.")
    var url: String?

    @Option(name: [.short, .long], help: "table for people, json for programs: what the server answered.")
    var output: OutputFormat = .table

    func client() async throws -> APIClient {
        let settings = try await configuration.settings(.given(Setting.url, url))
        guard let key = settings.apiKey else {
            throw CommandFailure("No API key: set SLUICE_API_KEY.")
        }
        return try APIClient(url: settings.url, key: key, transport: try CurlTransport())
    }

    /// Prints the answer: as it is for programs, through `table` for people.
    ///
    /// - Throws: `CommandFailure` with the error's message and its failed tests when it is not a success.
    func show(_ answer: APIAnswer, table: (JSONValue) -> [String]) throws(CommandFailure) {
        if output == .json { Terminal.print(JSONText.indented(answer.body)) }
        guard answer.isSuccess else { throw CommandFailure(ErrorAnswer.text(answer)) }
        if output == .table {
            for line in table(answer.json) { Terminal.print(line) }
        }
    }
}

enum ErrorAnswer {
    /// `409 Conflict: … already exists …`, then a line for each test that did not pass.
    static func text(_ answer: APIAnswer) -> String {
        let json = answer.json
        guard json["message"] != .null else { return "The server answered \(answer.status)." }
        let head = "\(answer.status) \(json["error"].text): \(json["message"].text)"
        let tests = json["validationResults"]["validationTests"].elements.filter { $0["status"].text == "failed" }
        return ([head] + tests.map { "  \($0["name"].text): \($0["message"].text)" }).joined(separator: "\n")
    }
}

extension [String: ConfigValue] {
    static func given(_ setting: Setting, _ value: String?) -> Self {
        value.map { [setting.key: ConfigValue(.string($0), isSecret: false)] } ?? [:]
    }

    static func given(_ setting: Setting, _ value: Int?) -> Self {
        value.map { [setting.key: ConfigValue(.int($0), isSecret: false)] } ?? [:]
    }

    /// A flag that was not given says nothing.
    static func given(_ setting: Setting, _ value: Bool) -> Self {
        value ? [setting.key: ConfigValue(.bool(true), isSecret: false)] : [:]
    }
}
