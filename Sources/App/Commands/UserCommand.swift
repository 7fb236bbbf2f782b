import ArgumentParser
import Domain
import HTTPTypes
import Store

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user", abstract: "Create, list, change and delete users.",
        discussion: """
            As a client of a running server, with the key in SLUICE_API_KEY. 'create' and 'list' with --database work on \
            the database itself.
            """,
        subcommands: [
            Create.self, List.self, Show.self, SetProfile.self, SetPermissions.self, Delete.self,
        ])

    static func path(_ userid: String, _ part: String = "") -> String {
        "/bim/iam/bim/user/\(QueryText.encoded(userid))\(part)"
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create a user without a key.", discussion: "Then: sluice key create NAME --user USERID")
        @Argument(help: "The login name, unique.") var userid: String
        @Option(help: "The full name; the login name without it.") var name: String?
        @OptionGroup var profile: ProfileOptions
        @OptionGroup var permissions: PermissionOptions
        @Option(help: "Work on this database itself.", completion: .file()) var database: String?
        @OptionGroup var options: ClientOptions

        func run() async throws {
            guard let database else {
                var members = profile.members
                members["name"] = .string(name ?? userid)
                let body = JSONValue.object([
                    "iamid": .string("bim"), "userid": .string(userid), "profile": .object(members),
                    "permissions": permissions.json,
                ])
                let answer = try await options.client().send(.post, "/bim/iam/bim/user", body: body.bytes())
                return try options.show(answer) { UserTable.details($0["newUser"]) }
            }
            guard !profile.hasPrincipals else {
                throw CommandFailure("AWS principals are set on a running server only: sluice user set-profile.")
            }
            let store = try await LocalKeys.open(database, options)
            let user = try await store.identities.insertUser(
                iamid: "bim", userid: userid, profile: User.Profile(name: name ?? userid, email: profile.email),
                permissions: Set(permissions.permissions), by: .system, now: Date())
            Terminal.print("user \(user.userid) has the id \(user.id)")
            try await store.close()
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Users, by id.")
        @Option(help: "Part of the userid, the name or the e-mail address.") var search: String?
        @Option(help: "How many at most.") var size: Int = 1000
        @Option(help: "How many to leave out first.") var offset: Int = 0
        @Option(help: "Work on this database itself.", completion: .file()) var database: String?
        @OptionGroup var options: ClientOptions

        func run() async throws {
            guard let database else {
                let query = QueryText([
                    ("searchText", search), ("size", String(size)), ("offset", String(offset)),
                ])
                let answer = try await options.client().send(.get, "/bim/user\(query)")
                return try options.show(answer) { UserTable.list($0["hits"].elements) }
            }
            let store = try await LocalKeys.open(database, options)
            let users = try await store.identities.users(UserQuery(searchText: search, size: size, offset: offset))
            let rows = users.hits.map { user in
                UserTable.row(
                    id: user.id.description, userid: user.userid, name: user.profile.name,
                    permissions: user.permissions.map(\.rawValue).sorted())
            }
            for line in TextTable(header: UserTable.header, rows: rows).lines { Terminal.print(line) }
            try await store.close()
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "One user.")
        @Argument(help: "The login name.") var userid: String
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let answer = try await options.client().send(.get, UserCommand.path(userid))
            try options.show(answer, table: UserTable.details)
        }
    }

    struct SetProfile: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "set-profile", abstract: "Change the given parts of a user's profile.",
            discussion: """
                When one of the AWS principals is given, they all take the place of those the user had. Grants follow.
                """)
        @Argument(help: "The login name.") var userid: String
        @Option(help: "The full name.") var name: String?
        @OptionGroup var profile: ProfileOptions
        @Flag(help: "The user has no AWS principal.") var noPrincipals = false
        @OptionGroup var options: ClientOptions

        func validate() throws {
            guard noPrincipals, profile.hasPrincipals else { return }
            throw ValidationError("--no-principals and a principal exclude each other.")
        }

        func run() async throws {
            var members = profile.members
            if let name { members["name"] = .string(name) }
            if noPrincipals { members["externalUserIds"] = .object([:]) }
            let answer = try await options.client().send(
                .put, UserCommand.path(userid, "/profile"), body: JSONValue.object(members).bytes())
            try options.show(answer, table: UserTable.details)
        }
    }

    struct SetPermissions: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "set-permissions", abstract: "Give a user these permissions and no others.")
        @Argument(help: "The login name.") var userid: String
        @OptionGroup var permissions: PermissionOptions
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let body = JSONValue.object(["permissions": permissions.json])
            let answer = try await options.client().send(
                .put, UserCommand.path(userid, "/permissions"), body: body.bytes())
            try options.show(answer, table: UserTable.details)
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Delete a user with all keys; the access the user had is revoked.")
        @Argument(help: "The login name.") var userid: String
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let answer = try await options.client().send(.delete, UserCommand.path(userid))
            try options.show(answer) { ["user \($0["userid"].text) is deleted"] }
        }
    }
}

/// What a profile has besides the name.
struct ProfileOptions: ParsableArguments {
    @Option(help: "E-mail address.") var email: String?
    @Option(name: .customLong("iam-principal"), help: "ARN of the IAM user or role that AWS knows the user as.")
    var iamPrincipal: String?
    @Option(name: .customLong("identity-center-user"), help: "The user's id in IAM Identity Center.")
    var identityCenterUser: String?
    @Option(
        name: .customLong("identity-center-group"), help: "Id of a group in IAM Identity Center; may be repeated.")
    var identityCenterGroups: [String] = []

    var hasPrincipals: Bool { iamPrincipal != nil || identityCenterUser != nil || !identityCenterGroups.isEmpty }

    /// Those that are given.
    var members: [String: JSONValue] {
        var members: [String: JSONValue] = [:]
        if let email { members["email"] = .string(email) }
        guard hasPrincipals else { return members }
        var ids: [String: JSONValue] = [:]
        if let iamPrincipal { ids["awsIamPrincipalArn"] = .string(iamPrincipal) }
        if let identityCenterUser { ids["awsIdentityCenterUserId"] = .string(identityCenterUser) }
        if !identityCenterGroups.isEmpty {
            ids["awsIdentityCenterGroupIds"] = .array(identityCenterGroups.map { .string($0) })
        }
        members["externalUserIds"] = .object(ids)
        return members
    }
}

struct PermissionOptions: ParsableArguments {
    @Option(
        name: .customLong("permission"),
        help: "One of \(Permission.allCases.map(\.rawValue).joined(separator: ", ")); may be repeated.",
        transform: permission)
    var permissions: [Permission] = []

    private static func permission(_ text: String) throws -> Permission {
        guard let permission = Permission(rawValue: text) else {
            throw ValidationError("There is no permission \(text).")
        }
        return permission
    }

    var json: JSONValue { .array(permissions.map { .string($0.rawValue) }) }
}

enum UserTable {
    static let header = ["ID", "USERID", "NAME", "PERMISSIONS"]

    static func row(id: String, userid: String, name: String, permissions: [String]) -> [String] {
        [id, userid, name, permissions.joined(separator: " ")]
    }

    static func list(_ users: [JSONValue]) -> [String] {
        let rows = users.map { user in
            row(
                id: user["id"].text, userid: user["userid"].text, name: user["profile"]["name"].text,
                permissions: user["permissions"].elements.map(\.text))
        }
        return TextTable(header: header, rows: rows).lines
    }

    static func details(_ user: JSONValue) -> [String] {
        let ids = user["profile"]["externalUserIds"]
        let rows = [
            ["userid", user["userid"].text], ["name", user["profile"]["name"].text],
            ["email", user["profile"]["email"].text],
            ["permissions", user["permissions"].elements.map(\.text).joined(separator: " ")],
            ["awsIamPrincipalArn", ids["awsIamPrincipalArn"].text],
            ["awsIdentityCenterUserId", ids["awsIdentityCenterUserId"].text],
            [
                "awsIdentityCenterGroupIds",
                ids["awsIdentityCenterGroupIds"].elements.map(\.text).joined(separator: " "),
            ],
        ]
        return TextTable(header: ["id", user["id"].text], rows: rows.filter { !$0[1].isEmpty }).lines
    }
}
