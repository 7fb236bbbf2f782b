import Domain
import Foundation
import Logging
import Testing

@testable import App

@Suite struct SettingsTests {
    private func settings(
        _ commandLine: [(Setting, String)] = [], environment: [String: String] = [:], file: String? = nil
    ) async throws -> Settings {
        let given = commandLine.reduce(into: [:]) { $0.merge(.given($1.0, $1.1)) { $1 } }
        let sources = try await SettingSources(commandLine: given, environment: environment, file: file)
        return try Settings(sources, environment: environment)
    }

    private func withFile(_ text: String, _ body: (String) async throws -> Void) async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString).json")
        try Data(text.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        try await body(file.path)
    }

    @Test func `without anything said, the defaults hold`() async throws {
        let settings = try await settings()
        #expect(settings.hostname == "127.0.0.1")
        #expect(settings.port == 8080)
        #expect(settings.database == "sluice.db")
        #expect(!settings.sandbox)
        #expect(settings.masterKey == nil)
        #expect(settings.validationInterval == .seconds(900))
        #expect(settings.logLevel == .info)
        #expect(settings.values.allSatisfy { $0.source == .defaultValue })
    }

    @Test func `the command line goes before the environment, the environment before the file`() async throws {
        try await withFile(#"{"http":{"port":1001,"hostname":"::1"},"database":"file.db","log":{"level":"debug"}}"#) {
            file in
            let settings = try await settings(
                [(.database, "argument.db")],
                environment: ["SLUICE_HTTP_PORT": "1002", "SLUICE_DATABASE": "environment.db"], file: file)
            #expect(settings.database == "argument.db")
            #expect(settings.port == 1002)
            #expect(settings.hostname == "::1")
            #expect(settings.logLevel == .debug)
            let sources = Dictionary(uniqueKeysWithValues: settings.values.map { ($0.setting.key, $0.source) })
            #expect(sources["database"] == .commandLine)
            #expect(sources["http.port"] == .environment)
            #expect(sources["http.hostname"] == .file(file))
            #expect(sources["sandbox"] == .defaultValue)
        }
    }

    @Test func `every setting can be said in the environment under its documented name`() async throws {
        for setting in Setting.all {
            let value =
                switch setting.kind {
                case .integer: "60"
                case .flag: "true"
                case .text, .secret:
                    setting == .logLevel ? "error" : setting == .gatewayAudit ? "all" : "some-text"
                }
            let settings = try await settings(environment: [setting.environmentName: value])
            let read = try #require(settings.values.first { $0.setting == setting })
            #expect(read == SettingValue(setting: setting, value: value, source: .environment))
        }
    }

    @Test(arguments: [
        ("http.port", "SLUICE_HTTP_PORT"), ("masterKey", "SLUICE_MASTER_KEY"),
        ("bootstrap.apiKey", "SLUICE_BOOTSTRAP_API_KEY"), ("apiKey", "SLUICE_API_KEY"),
        ("validation.intervalSeconds", "SLUICE_VALIDATION_INTERVAL_SECONDS"),
        ("quota.locations", "SLUICE_QUOTA_LOCATIONS"), ("quota.grants", "SLUICE_QUOTA_GRANTS"),
        ("s3p.bucket", "SLUICE_S3P_BUCKET"), ("s3p.allowCompatibilitySecret", "SLUICE_S3P_ALLOW_COMPATIBILITY_SECRET"),
        ("aws.endpointUrlS3Control", "AWS_ENDPOINT_URL_S3_CONTROL"), ("aws.accessKeyId", "AWS_ACCESS_KEY_ID"),
    ])
    func `environment names follow from the keys`(key: String, name: String) throws {
        let setting = try #require(Setting.all.first { $0.key == key })
        #expect(setting.environmentName == name)
    }

    @Test func `a variable set to nothing counts as not set`() async throws {
        let settings = try await settings(environment: ["SLUICE_DATABASE": "", "SLUICE_MASTER_KEY": ""])
        #expect(settings.database == "sluice.db")
        #expect(settings.masterKey == nil)
    }

    @Test(arguments: [
        (["SLUICE_HTTP_PORT": "eighty"], "SLUICE_HTTP_PORT must be a whole number."),
        (["SLUICE_HTTP_PORT": "65536"], "http.port must be a whole number from 0 to 65535."),
        (["SLUICE_SANDBOX": "perhaps"], "SLUICE_SANDBOX must be true or false."),
        (
            ["SLUICE_VALIDATION_INTERVAL_SECONDS": "0"],
            "validation.intervalSeconds must be a whole number from 1 to 31536000."
        ),
        (
            ["SLUICE_LOG_LEVEL": "loud"],
            "log.level must be one of trace, debug, info, notice, warning, error, critical."
        ),
        (["SLUICE_S3P_AUDIT": "some"], "s3p.audit must be one of none, writes, all."),
        (["SLUICE_S3P_BUCKET": "No"], "s3p.bucket must be a bucket name: 3 to 63 of a-z, 0-9, '.' and '-'."),
    ])
    func `a value nobody can work with is refused by name`(environment: [String: String], message: String) async throws
    {
        let error = await #expect(throws: SettingsError.self) { try await settings(environment: environment) }
        #expect(error?.description == message)
    }

    @Test func `a file that is missing or is no JSON is refused`() async throws {
        await #expect(throws: SettingsError.self) { try await settings(file: "/nonexistent/sluice.json") }
        try await withFile("port: 80") { file in
            await #expect(throws: SettingsError.self) { try await settings(file: file) }
        }
    }

    @Test func `AWS settings of the file reach the AWS clients, unless the environment says otherwise`() async throws {
        try await withFile(
            #"{"aws":{"region":"eu-west-1","endpointUrlS3Control":"http://127.0.0.1:1","maxAttempts":5}}"#
        ) { file in
            let settings = try await settings(environment: ["AWS_REGION": "us-east-2", "HOME": "/home/x"], file: file)
            #expect(
                settings.awsEnvironment == [
                    "HOME": "/home/x", "AWS_REGION": "us-east-2",
                    "AWS_ENDPOINT_URL_S3_CONTROL": "http://127.0.0.1:1", "AWS_MAX_ATTEMPTS": "5",
                ])
        }
    }

    @Test func `secrets are not printed`() async throws {
        let settings = try await settings(environment: ["SLUICE_MASTER_KEY": "hush", "AWS_SECRET_ACCESS_KEY": "hush"])
        let printed = settings.values.map(\.description)
        #expect(printed.filter { $0 == "<redacted>" }.count == 2)
        #expect(!printed.contains { $0.contains("hush") })
    }

    @Test func `a misspelt variable is noticed`() async throws {
        let settings = try await settings(environment: ["SLUICE_HTP_PORT": "1", "SLUICE_HTTP_PORT": "1", "HOME": "/"])
        #expect(settings.unknownVariables == ["SLUICE_HTP_PORT"])
    }
}
