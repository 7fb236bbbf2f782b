import ArgumentParser
import Sandbox

struct SandboxScrubCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scrub",
        abstract:
            "Read all that a sandbox's folder keeps and compare checksums; ends with 1 when something is damaged.",
        usage: "sluice sandbox scrub --directory <directory>",
        discussion: """
            The sandbox must not be running. Nothing is changed. Prints a line for each damaged object, as BUCKET/KEY \
            (VERSION), and for each file that belongs to none. One changed bit of an object is found.
            """)
    @ParentCommand var sandbox: SandboxCommand

    func run() async throws {
        guard let directory = sandbox.directory else { throw ValidationError("--directory names the folder to read.") }
        let summary: SandboxScrub.Summary
        do {
            summary = try await SandboxScrub.run(directory: directory) { Terminal.print("\($0)") }
        } catch let error as SandboxScrub.NothingThere {
            throw CommandFailure(error.description)
        } catch let error as SandboxDirectoryInUse {
            throw CommandFailure(error.description)
        }
        guard summary.findings == 0 else { throw CommandFailure("Damaged or out of place: \(summary.findings).") }
        Terminal.print("everything is as it was stored, blobs: \(summary.blobs), bytes: \(summary.bytes)")
    }
}
