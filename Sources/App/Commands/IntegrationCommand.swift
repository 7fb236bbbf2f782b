import ArgumentParser
import HTTPTypes

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

struct IntegrationCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "integration",
        abstract: "List, create, edit, check and delete integrations on a running server.",
        subcommands: [
            List.self, Get.self, Create.self, Edit.self, Delete.self, Status.self, Validate.self,
        ])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "All integrations.")
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let answer = try await options.client().send(.get, "/integrations")
            try options.show(answer, table: IntegrationTable.list)
        }
    }

    struct Get: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "One integration with its last test results.")
        @Argument(help: "The integration's id.") var id: Int64
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let answer = try await options.client().send(.get, "/integrations/\(id)")
            try options.show(answer, table: IntegrationTable.details)
        }
    }

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "The status of one integration.")
        @Argument(help: "The integration's id.") var id: Int64
        @Option(help: "Wait up to this many seconds (0 to 60) until no change is under way.") var wait: Int?
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let query = wait.map { "?wait=\($0)" } ?? ""
            let answer = try await options.client().send(.get, "/integrations/\(id)/status\(query)")
            try options.show(answer, table: IntegrationTable.outcome)
        }
    }

    struct Validate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Run the tests of an integration again; ends with 1 when one fails.")
        @Argument(help: "The integration's id.") var id: Int64
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let answer = try await options.client().send(.post, "/integrations/\(id)/validate")
            try options.show(answer, table: IntegrationTable.outcome)
            if answer.json["validationResults"]["status"].text == "failed" {
                throw CommandFailure("A test failed.")
            }
        }
    }
}

/// How a command that changes an integration ends.
struct SettlingOptions: ParsableArguments {
    @Option(help: "Wait up to this many seconds for the outcome; ends with 1 unless it is the wanted one.")
    var wait: Int = 0

    @OptionGroup var client: ClientOptions

    /// Shows the accepted change, then waits for its end.
    func finish(_ answer: APIAnswer, wanted: String, by api: APIClient) async throws {
        guard answer.isSuccess, wait > 0 else {
            return try client.show(answer, table: IntegrationTable.outcome)
        }
        let id = answer.json["id"].text
        let deadline = ContinuousClock.now.advanced(by: .seconds(wait))
        var status: APIAnswer
        repeat {
            let left = ContinuousClock.now.duration(to: deadline).components.seconds
            status = try await api.send(.get, "/integrations/\(id)/status?wait=\(min(60, max(1, left)))")
        } while status.isSuccess && status.json["status"].text.hasSuffix("ing") && ContinuousClock.now < deadline
        try client.show(status, table: IntegrationTable.outcome)
        let reached = status.json["status"].text
        guard reached == wanted else {
            throw CommandFailure("The integration is \(reached), not \(wanted). \(status.json["statusMessage"].text)")
        }
    }
}

enum IntegrationTable {
    static func list(_ json: JSONValue) -> [String] {
        TextTable(
            header: ["ID", "NAME", "STATUS", "PATH", "ACCOUNT", "REGION"],
            rows: json.elements.map { integration in
                let config = integration["config"]
                return [
                    integration["id"].text, config["name"].text, integration["status"].text,
                    config["awsLocationPath"].text, config["awsAccountId"].text, config["awsRegion"].text,
                ]
            }
        ).lines
    }

    static func details(_ json: JSONValue) -> [String] {
        let names = [
            "name", "awsAccountId", "awsRegion", "awsLocationPath", "awsLocationRole", "authenticationType",
            "awsAccessKeyId", "awsRoleToAssume", "awsExternalId",
        ]
        let rows = names.filter { !json["config"][$0].text.isEmpty }.map { [$0, json["config"][$0].text] }
        return TextTable(header: ["id", json["id"].text], rows: rows).lines + outcome(json)
    }

    /// Status, its reason, and the tests.
    static func outcome(_ json: JSONValue) -> [String] {
        var lines: [String] = []
        if !json["id"].text.isEmpty { lines.append("integration \(json["id"].text): \(json["status"].text)") }
        if !json["statusMessage"].text.isEmpty { lines.append(json["statusMessage"].text) }
        for test in json["validationResults"]["validationTests"].elements {
            let message = test["message"].text.isEmpty ? "" : ": \(test["message"].text)"
            lines.append("  \(test["status"].text)  \(test["name"].text)\(message)")
        }
        return lines
    }
}
