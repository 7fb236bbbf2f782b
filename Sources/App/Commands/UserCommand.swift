import ArgumentParser
import Domain
import Store

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user", abstract: "Create and list users, on the database itself.",
        subcommands: [Create.self, List.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create a user without a key.",
            discussion: "Then: sluice key create NAME --user USERID --database …")
        @Argument(help: "The login name, unique.") var userid: String
        @Option(help: "The full name; the login name without it.") var name: String?
        @Option(help: "E-mail address.") var email: String?
        @Option(
            name: .customLong("permission"),
            help: "One of \(Permission.allCases.map(\.rawValue).joined(separator: ", ")); may be repeated.",
            transform: Create.permission)
        var permissions: [Permission] = []
        @OptionGroup var options: DatabaseOptions

        private static func permission(_ text: String) throws -> Permission {
            guard let permission = Permission(rawValue: text) else {
                throw ValidationError("There is no permission \(text).")
            }
            return permission
        }

        func run() async throws {
            let store = try await OpenStore.open(options.settings(), makingDatabase: false).database
            let user = try await store.identities.insertUser(
                iamid: "bim", userid: userid, profile: User.Profile(name: name ?? userid, email: email),
                permissions: Set(permissions), by: .system, now: Date())
            Terminal.print("user \(user.userid) has the id \(user.id)")
            try store.close()
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "All users.")
        @OptionGroup var options: DatabaseOptions

        func run() async throws {
            let store = try await OpenStore.open(options.settings(), makingDatabase: false).database
            let users = try await store.identities.users(UserQuery(size: 1000)).hits
            let rows = users.map { user in
                [
                    user.id.description, user.userid, user.profile.name,
                    user.permissions.map(\.rawValue).sorted().joined(separator: " "),
                ]
            }
            for line in TextTable(header: ["ID", "USERID", "NAME", "PERMISSIONS"], rows: rows).lines {
                Terminal.print(line)
            }
            try store.close()
        }
    }
}
