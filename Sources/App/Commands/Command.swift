public import ArgumentParser
import Domain
import Store

/// The `sluice` program.
public struct Command: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "sluice",
        abstract: "A control plane for Amazon S3 Access Grants.",
        discussion: """
            Settings come from the command line, SLUICE_... environment variables, a JSON file (--config), and defaults, \
            in this order. 'sluice doctor' prints every one of them with its source.

            Exit codes: 0 done, 1 failed, 2 the command line was wrong.
            """,
        version: version,
        groupedSubcommands: [
            CommandGroup(name: "Servers:", subcommands: [ServeCommand.self, SandboxCommand.self, DemoCommand.self]),

            CommandGroup(
                name: "Upkeep:",
                subcommands: [DoctorCommand.self, HealthCommand.self, MigrateCommand.self, AuditCommand.self]),
            CommandGroup(
                name: "Client of a running server:",
                subcommands: [IntegrationCommand.self, UserCommand.self, KeyCommand.self]),
        ])

    public static let version = "0.1.0"

    public init() {}

    /// Runs what the process's arguments say, and ends the process when that failed.
    public static func main() async {
        Terminal.ignoreBrokenPipes()
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let failure as CommandFailure {
            end(failure.description, code: 1)
        } catch let error as SettingsError {
            end(error.description, code: 1)
        } catch let error as StoreError {
            end(error.description, code: 1)
        } catch let error as DomainError {
            end(error.message, code: 1)
        } catch {
            switch exitCode(for: error) {
            case .success:
                Terminal.print(fullMessage(for: error))
            case .validationFailure:
                Terminal.error(fullMessage(for: error))
                Terminal.endProcess(code: 2)
            default: end(message(for: error), code: 1)
            }
        }
    }

    private static func end(_ message: String, code: Int32) -> Never {
        if !message.isEmpty { Terminal.error("sluice: \(message)") }
        Terminal.endProcess(code: code)
    }
}
