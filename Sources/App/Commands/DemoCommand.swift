import ArgumentParser
import Logging

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Show the whole life of an integration against the embedded AWS, in a folder that is removed again.",
        discussion: """
            Prints each request as the curl line that does it, and the answer. Ends with 1 if one is not as it should be.
            """
    )

    func run() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sluice-demo-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let failures: [String]
        do {
            failures = try await DemoTheatre(folder: folder, logger: ProcessLog.start(level: .critical)).play()
        } catch {
            try? FileManager.default.removeItem(atPath: folder)
            throw error
        }
        try FileManager.default.removeItem(atPath: folder)
        guard failures.isEmpty else {
            throw CommandFailure("Not as it should be:\n" + failures.map { "  \($0)" }.joined(separator: "\n"))
        }
        Terminal.print("\nEverything was as it should be; nothing is left behind.")
    }
}
