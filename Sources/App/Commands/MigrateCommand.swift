import ArgumentParser
import Store

struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Make the database, or bring it to the present schema.",
        discussion: "'sluice serve' does this by itself; do it by hand before a roll-out, after a backup.")
    @OptionGroup var options: DatabaseOptions
    @Flag(help: "Seal every stored secret again under the first of the given master keys.")
    var resealSecrets = false

    func run() async throws {
        let settings = try await options.settings()
        let store = try await OpenStore.open(settings, makingDatabase: true).database
        for name in store.appliedMigrations { Terminal.print("applied \(name)") }
        if store.appliedMigrations.isEmpty { Terminal.print("the schema is up to date") }
        if resealSecrets { Terminal.print("sealed again: \(try await store.resealSecrets())") }
        try await store.close()
    }
}
