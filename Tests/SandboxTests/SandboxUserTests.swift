import Foundation
import HTTPTypes
import S3Server
import SigV4
import Testing
import Transport
import XML

@testable import Sandbox

struct SandboxUserTests {
    private static let carol = SandboxUser(
        name: "carol", account: "210987654321", canonicalID: "team$carol", displayName: "Carol", email: "c@example.com",
        accessKeyID: "CAROLSACCESSKEY1", secretAccessKey: "carols secret")

    @Test func `a file lists users with what ACLs know their accounts by`() throws {
        let text = """
            [{"name": "carol", "account": "210987654321", "canonicalId": "team$carol", "displayName": "Carol",
              "email": "c@example.com", "accessKeyId": "CAROLSACCESSKEY1", "secretAccessKey": "carols secret"},
             {"name": "dan", "account": "210987654321", "accessKeyId": "DANSACCESSKEY001", "secretAccessKey": "x"}]
            """
        #expect(
            try SandboxUser.parse(Array(text.utf8), path: "users.json") == [
                Self.carol,
                SandboxUser(
                    name: "dan", account: "210987654321", accessKeyID: "DANSACCESSKEY001", secretAccessKey: "x"),
            ])
    }

    /// An entry with the members given in place of, or beside, those of a good one.
    private static func entry(_ changes: [String: Any?]) -> [String: Any] {
        var entry: [String: Any?] = [
            "name": "carol", "account": "210987654321", "accessKeyId": "CAROLSACCESSKEY1", "secretAccessKey": "x",
        ]
        entry.merge(changes) { $1 }
        return entry.compactMapValues { $0 }
    }

    private static func refusal(_ entries: [[String: Any]]) throws -> String? {
        let bytes = try JSONSerialization.data(withJSONObject: entries)
        do {
            _ = try SandboxUser.parse(Array(bytes), path: "users.json")
            return nil
        } catch {
            return error.description
        }
    }

    @Test func `an entry nobody can work with is named with its place`() throws {
        let words = "must be 16 to 128 of A-Z a-z 0-9 _."
        let cases: [([String: Any?], String)] = [
            (["name": nil], "entry 1: name is missing."),
            (["account": nil], "entry 1 (carol): account is missing."),
            (["account": "21098765432"], "entry 1 (carol): account must be twelve digits."),
            (["account": 210_987_654_321], "entry 1 (carol): account must be text."),
            (["accessKeyId": "SHORT"], "entry 1 (carol): accessKeyId \(words)"),
            (["accessKeyId": "CAROLS/ACCESSKEY"], "entry 1 (carol): accessKeyId \(words)"),
            (["secretAccessKey": ""], "entry 1 (carol): secretAccessKey must have 1 to 255 bytes."),
            (["canonicalID": "x"], "entry 1 (carol): canonicalID is not known."),
            (["canonicalId": ""], "entry 1 (carol): canonicalId must have 1 to 255 bytes."),
            (["displayName": "a\nb"], "entry 1 (carol): displayName must have no control characters."),
            (["name": "c/d"], "entry 1 (c/d): name must be at most 64 of A-Z a-z 0-9 _ + = , . @ -."),
        ]
        for (changes, problem) in cases {
            #expect(try Self.refusal([Self.entry(changes)]) == "users.json: \(problem)")
        }
    }

    @Test func `two entries may not claim the same name, key, canonical id or address`() throws {
        let first: [String: Any?] = ["canonicalId": "one", "email": "c@example.com"]
        let dan = ["name": "dan", "accessKeyId": "DANSACCESSKEY001"]
        let cases: [([String: Any?], String)] = [
            (["accessKeyId": "DANSACCESSKEY001"], "(carol): its account has a user of this name already."),
            (["name": "dan"], "(dan): accessKeyId is another user's."),
            (
                dan.merging(["canonicalId": "two"]) { $1 },
                "(dan): canonicalId, displayName and email must be the same for every user of an account."
            ),
            (
                dan.merging(["account": "321098765432", "canonicalId": "one"]) { $1 },
                "(dan): canonicalId is another account's."
            ),
            (
                dan.merging(["account": "321098765432", "email": "C@example.com"]) { $1 },
                "(dan): email is another account's."
            ),
        ]
        for (changes, problem) in cases {
            #expect(
                try Self.refusal([Self.entry(first), Self.entry(changes)]) == "users.json: entry 2 \(problem)")
        }
        #expect(try Self.refusal([Self.entry(first), Self.entry(dan)]) == nil)
    }

    @Test(arguments: ["", "{}", "[1]", "[{]", "null"])
    func `a file that is no array of objects is refused`(text: String) {
        let error = #expect(throws: SandboxUsersError.self) {
            try SandboxUser.parse(Array(text.utf8), path: "users.json")
        }
        #expect(error?.description == "users.json: the file must be a JSON array of objects.")
    }

    @Test func `a file that is missing is named`() {
        let error = #expect(throws: SandboxUsersError.self) { try SandboxUser.read("/nonexistent/users.json") }
        #expect(error?.description == "/nonexistent/users.json: the file cannot be read.")
    }

    @Test func `a user given to the sandbox has an account of its own`() async throws {
        try await SandboxClient.run(users: [Self.carol]) { client async throws in
            let carol = client.with(
                AWSCredentials(accessKeyID: "CAROLSACCESSKEY1", secretAccessKey: Secret("carols secret")))
            let identity = try XMLReader.read(
                try await carol.sts("Action=GetCallerIdentity&Version=2011-06-15").body)
            #expect(identity["GetCallerIdentityResult", "Arn"] == "arn:aws:iam::210987654321:user/carol")
            #expect(try await carol.send(.put, "/carols-bucket").status == .ok)
            #expect(try await carol.send(.put, "/carols-bucket/x", body: "x").status == .ok)
            #expect(try await client.send(.get, "/carols-bucket/x").summary == "403 AccessDenied")
            #expect(try await carol.send(.get, "/sandbox-data/README.txt").summary == "403 AccessDenied")
        }
    }

    private func saving<Value: Sendable>(
        _ users: [SandboxUser], _ body: @escaping @Sendable (IdentityStore) throws -> Value
    ) async throws -> Value {
        let database = try await SandboxDatabase(directory: nil)
        return try await database.write { database in
            try SandboxSeed.plant(database, users: users, now: 0)
            return try body(IdentityStore(database: database))
        }
    }

    @Test func `an account is found by its id, its canonical id and its address`() async throws {
        let account = Account(
            id: "210987654321", canonicalID: "team$carol", displayName: "Carol", email: "c@example.com")
        let found = try await saving([Self.carol]) { store in
            [
                try store.account("210987654321"), try store.account(canonicalID: "team$carol"),
                try store.account(email: "C@Example.com"), try store.account(canonicalID: "team$CAROL"),
            ]
        }
        #expect(found == [account, account, account, nil])
    }

    @Test func `a key's caller carries its account's canonical id, also in a role's session`() async throws {
        let callers = try await saving([Self.carol]) { store in
            let session = try store.issue(
                SessionIssue(roleARN: SandboxDefaults.controlRole, name: "test", duration: 900), now: 0)
            return [
                try store.accessKey("CAROLSACCESSKEY1")?.identity, try store.accessKey(session.accessKeyID)?.identity,
            ]
        }
        #expect(callers.map { $0?.canonicalID } == ["team$carol", CanonicalID.derived(from: SandboxDefaults.account)])
        #expect(callers.map { $0?.displayName } == ["Carol", "sandbox"])
    }

    @Test func `without a canonical id the account has one of its own, always the same`() async throws {
        var user = Self.carol
        (user.canonicalID, user.displayName, user.email) = (nil, nil, nil)
        let account = try await saving([user]) { try $0.account("210987654321") }
        #expect(
            account
                == Account(
                    id: "210987654321",
                    canonicalID: "5a6adfa25dca2cf5e8475671d58e90e09cdc557602c4f731a1bff1c5f8daf370",
                    displayName: "carol", email: nil))
    }

    @Test func `a user given again with another key loses the former one`() async throws {
        var changed = Self.carol
        changed.accessKeyID = "CAROLSACCESSKEY2"
        changed.displayName = "Caroline"
        let (former, caller) = try await saving([Self.carol]) { [changed] store in
            try store.save(changed, policy: SandboxSeed.userPolicy)
            return (try store.accessKey("CAROLSACCESSKEY1"), try store.accessKey("CAROLSACCESSKEY2")?.identity)
        }
        #expect(former == nil)
        #expect(caller?.displayName == "Caroline")
    }

    @Test func `a user with the key, canonical id or address of somebody in the state is refused`() async throws {
        var (key, canonical, email) = (Self.carol, Self.carol, Self.carol)
        key.accessKeyID = SandboxDefaults.adminAccessKeyID
        (canonical.account, canonical.accessKeyID) = ("321098765432", "OTHERACCESSKEY01")
        (email.account, email.accessKeyID, email.canonicalID) = ("321098765432", "OTHERACCESSKEY01", nil)
        for (user, what) in [
            (key, "account 210987654321: the access key AKIASANDBOXADMIN0000"),
            (canonical, "account 321098765432: the canonical id team$carol"),
            (email, "account 321098765432: the e-mail address c@example.com"),
        ] {
            let error = await #expect(throws: SandboxUserConflict.self) {
                try await saving([Self.carol, user]) { _ in }
            }
            #expect(error?.description == "the sandbox's user carol of \(what) is somebody else's")
        }
    }
}
