import AWS
import ArgumentParser
import Domain
import Store
import Transport

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract:
            "Print every setting with its source, and check what a server would need; ends with 1 when a check fails.",
        discussion: "Nothing is changed, but for a schema that is behind: opening the database brings it up to date.")
    @OptionGroup var options: DatabaseOptions

    func run() async throws {
        let settings = try await options.settings()
        let rows = settings.values.map {
            [$0.setting.key, $0.setting.environmentName, $0.description, $0.source.description]
        }
        for line in TextTable(header: ["SETTING", "VARIABLE", "VALUE", "SOURCE"], rows: rows).lines {
            Terminal.print(line)
        }
        Terminal.print("")
        var findings = settings.unknownVariables.map { Finding(.warning, "settings", "\($0) names no setting") }
        findings.append(await database(settings))
        findings.append(await identity(settings))
        for finding in findings { Terminal.print("\(finding.level.rawValue)  \(finding.what): \(finding.text)") }
        guard !findings.contains(where: { $0.level == .failed }) else { throw CommandFailure("A check failed.") }
    }

    private struct Finding {
        enum Level: String { case ok, warning, failed }
        var level: Level
        var what: String
        var text: String

        init(_ level: Level, _ what: String, _ text: String) {
            self.level = level
            self.what = what
            self.text = text
        }
    }

    private func database(_ settings: Settings) async -> Finding {
        guard PrivateFile(path: settings.database).exists else {
            return Finding(.warning, "database", "\(settings.database) is not there yet; 'sluice serve' makes it")
        }
        do {
            let store = try await OpenStore.open(settings, makingDatabase: false).database
            let users = try await store.identities.users(UserQuery(size: 0)).count
            try await store.close()
            return Finding(.ok, "database", "\(settings.database) opens, its schema is up to date, users: \(users)")
        } catch {
            return Finding(.failed, "database", Self.text(error))
        }
    }

    /// Only integrations with `authenticationType` `auto` need the server's own identity.
    private func identity(_ settings: Settings) async -> Finding {
        guard !settings.sandbox else { return Finding(.ok, "AWS", "the embedded one, started with the server") }
        do {
            let transport = try CurlTransport(.init(caBundle: settings.awsEnvironment["AWS_CA_BUNDLE"]))
            defer { transport.shutdown() }
            let runtime = try AWSRuntime(settings.awsEnvironment, transport: transport)
            let client = STSClient(
                runtime, credentials: DefaultCredentialChain(runtime, environment: settings.awsEnvironment),
                region: settings.awsEnvironment["AWS_REGION"] ?? "us-east-1")
            let caller = try await client.getCallerIdentity(deadline: .now + .seconds(8))
            return Finding(.ok, "AWS", "the server's own identity is \(caller.arn)")
        } catch let error as AWSError {
            if error.kind == .credentials {
                return Finding(
                    .warning, "AWS", "no credentials of the server's own (\(error.message)); auto will not work")
            }
            return Finding(.failed, "AWS", "\(error)")
        } catch {
            return Finding(.failed, "AWS", Self.text(error))
        }
    }

    private static func text(_ error: any Error) -> String { (error as? DomainError)?.message ?? "\(error)" }
}
