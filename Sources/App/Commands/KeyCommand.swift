import API
import ArgumentParser
import Domain
import HTTPTypes
import Store

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

struct KeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Create, list and revoke API keys.",
        discussion: """
            With --database, on the database itself: for whoever has lost every key. Otherwise as a client of a running \
            server, with the key in SLUICE_API_KEY.
            """,
        subcommands: [Create.self, List.self, Revoke.self])

    static func rows(_ keys: [JSONValue]) -> [String] {
        TextTable(
            header: ["ID", "USERID", "NAME", "EXPIRES"],
            rows: keys.map { [$0["keyid"].text, $0["userid"].text, $0["name"].text, $0["expiresAt"].text] }
        ).lines
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make a key and show it, once.")
        @Argument(help: "What it is for.") var name: String
        @Option(help: "Whose key it is; with a server, your own without it.") var user: String?
        @Option(help: "Work on this database itself.", completion: .file()) var database: String?
        @OptionGroup var options: ClientOptions

        func run() async throws {
            guard let database else {
                var body = JSONValue.object(["name": .string(name)])
                if let user { body["userid"] = .string(user) }
                let answer = try await options.client().send(.post, "/bim/apikey", body: body.bytes())
                return try options.show(answer) { [$0["apikey"].text] }
            }
            let store = try await LocalKeys.open(database, options)
            let userid = user ?? FirstAdministrator.userid
            guard let owner = try await store.identities.user(iamid: "bim", userid: userid) else {
                throw CommandFailure("There is no user \(userid): make one with 'sluice user create'.")
            }
            let key = Credential.make(random: APIEnvironment.systemRandomBytes)
            _ = try await store.identities.insertKey(
                Credential.hash(key.reveal()), user: owner.id, name: name, expiresAt: nil, by: .system, now: Date())
            Terminal.print(key.reveal())
            try await store.close()
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "The keys, without their values.")
        @Option(help: "Work on this database itself.", completion: .file()) var database: String?
        @OptionGroup var options: ClientOptions

        func run() async throws {
            guard let database else {
                let answer = try await options.client().send(.get, "/bim/apikey")
                return try options.show(answer) { KeyCommand.rows($0.elements) }
            }
            let store = try await LocalKeys.open(database, options)
            let keys = try await store.identities.keys(of: nil).map { key in
                JSONValue.object([
                    "keyid": .integer(key.id), "userid": .string(key.userid), "name": .string(key.name),
                    "expiresAt": key.expiresAt.map { .string($0.ISO8601Format()) } ?? .null,
                ])
            }
            try options.show(APIAnswer(status: 200, body: JSONValue.array(keys).bytes())) {
                KeyCommand.rows($0.elements)
            }
            try await store.close()
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "End a key and its tokens.")
        @Argument(help: "The key's id.") var id: Int64
        @Option(help: "Work on this database itself.", completion: .file()) var database: String?
        @OptionGroup var options: ClientOptions

        func run() async throws {
            guard let database else {
                let answer = try await options.client().send(.delete, "/bim/apikey/\(id)")
                return try options.show(answer) { _ in ["key \(id) is revoked"] }
            }
            let store = try await LocalKeys.open(database, options)
            guard try await store.identities.revokeKey(id, by: .system, now: Date()) else {
                throw CommandFailure("There is no key \(id).")
            }
            Terminal.print("key \(id) is revoked")
            try await store.close()
        }
    }
}

enum LocalKeys {
    static func open(_ database: String, _ options: ClientOptions) async throws -> SQLiteStore {
        let settings = try await options.configuration.settings(.given(Setting.database, database))
        return try await OpenStore.open(settings, makingDatabase: false).database
    }
}
