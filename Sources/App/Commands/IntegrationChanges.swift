import ArgumentParser
import HTTPTypes

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The members of `config`, each as an option.
struct IntegrationFields: ParsableArguments {
    @Option(help: "A name, unique among integrations.") var name: String?
    @Option(help: "The AWS account, twelve digits.") var account: String?
    @Option(help: "The Region of the account's Access Grants instance.") var region: String?
    @Option(help: "ARN of the role that S3 Access Grants assumes to hand out data.") var locationRole: String?
    @Option(help: "s3://, s3://bucket/ or s3://bucket/prefix/.") var path: String?
    @Option(help: "Authenticate with this access key; without it, with the server's own credentials.")
    var accessKeyId: String?
    @Option(help: "File with the secret of the access key; its last line break is dropped.", completion: .file())
    var secretAccessKeyFile: String?
    @Option(help: "ARN of a role to assume with these credentials.") var roleToAssume: String?

    /// Writes the options that were given over `config`.
    func apply(to config: inout JSONValue) throws {
        let given = [
            ("name", name), ("awsAccountId", account), ("awsRegion", region), ("awsLocationRole", locationRole),
            ("awsLocationPath", path), ("awsAccessKeyId", accessKeyId), ("awsRoleToAssume", roleToAssume),
        ]
        for case (let member, let value?) in given { config[member] = .string(value) }
        if let secretAccessKeyFile {
            let secret = try InputFile.read(secretAccessKeyFile)
            config["awsSecretAccessKey"] = .string(
                String(decoding: secret, as: UTF8.self).split(separator: "\n").first.map(String.init) ?? "")
        }
        if accessKeyId != nil { config["authenticationType"] = .string("accessKey") }
        if config["authenticationType"] == .null { config["authenticationType"] = .string("auto") }
    }
}

enum InputFile {
    /// - Parameter path: `-` is standard input.
    static func read(_ path: String) throws(CommandFailure) -> [UInt8] {
        do {
            return [UInt8](try Data(contentsOf: URL(filePath: path == "-" ? "/dev/stdin" : path)))
        } catch {
            throw CommandFailure("\(path) cannot be read.")
        }
    }
}

extension JSONValue {
    func bytes() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return [UInt8](try encoder.encode(self))
    }
}

extension IntegrationCommand {
    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Validate and create an integration.",
            discussion: "Give its parts as options, or the whole request body with --file.")
        @Option(help: "The request body as JSON; - reads standard input.", completion: .file()) var file: String?
        @Flag(help: "Only run the tests; nothing is stored.") var dryRun = false
        @Option(help: "Sent as Idempotency-Key: a repeated command creates nothing twice.") var idempotencyKey: String?
        @OptionGroup(title: "Parts") var fields: IntegrationFields
        @OptionGroup var ending: SettlingOptions

        func run() async throws {
            let api = try await ending.client.client()
            let path = "/integrations" + (dryRun ? "?dryRun=true" : "")
            let answer = try await api.send(.post, path, body: try body(), idempotencyKey: idempotencyKey)
            guard !dryRun else { return try ending.client.show(answer, table: IntegrationTable.outcome) }
            try await ending.finish(answer, wanted: "enabled", by: api)
        }

        private func body() throws -> [UInt8] {
            if let file { return try InputFile.read(file) }
            var config = JSONValue.object([:])
            try fields.apply(to: &config)
            let body = JSONValue.object([
                "type": .string("Native S3"), "autoBootstrap": .bool(false), "config": config,
            ])
            return try body.bytes()
        }
    }

    struct Edit: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change an integration.",
            discussion: "The options given are changed, the rest is left as it is; or give the whole body with --file.")
        @Argument(help: "The integration's id.") var id: Int64
        @Option(help: "The request body as JSON; - reads standard input.", completion: .file()) var file: String?
        @OptionGroup(title: "Parts") var fields: IntegrationFields
        @OptionGroup var ending: SettlingOptions

        func run() async throws {
            let api = try await ending.client.client()
            let body: [UInt8]
            if let file {
                body = try InputFile.read(file)
            } else {
                let present = try await api.send(.get, "/integrations/\(id)")
                guard present.isSuccess else { throw CommandFailure(ErrorAnswer.text(present)) }
                var config = present.json["config"]
                try fields.apply(to: &config)
                body = try JSONValue.object([
                    "type": present.json["type"], "autoBootstrap": present.json["autoBootstrap"], "config": config,
                ]).bytes()
            }
            let answer = try await api.send(.put, "/integrations/\(id)", body: body)
            try await ending.finish(answer, wanted: "enabled", by: api)
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Remove an integration and its location in AWS.")
        @Argument(help: "The integration's id.") var id: Int64
        @Flag(help: "Leave AWS as it is and disable the integration: for an AWS account that is out of reach.")
        var force = false
        @OptionGroup var ending: SettlingOptions

        func run() async throws {
            let api = try await ending.client.client()
            let answer = try await api.send(.delete, "/integrations/\(id)" + (force ? "?force=true" : ""))
            try await ending.finish(answer, wanted: force ? "disabled" : "deleted", by: api)
        }
    }
}
