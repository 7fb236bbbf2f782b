import Domain
import Foundation
import GRDB
import TestSupport
import Testing

@testable import Store

/// Secrets at rest, and the keys they are sealed under.
@Suite struct SecretsTests {
    let directory: TemporaryDirectory
    let canary = "CANARY-wJalrXUtnFEMI/K7MDENG"

    init() throws { directory = try TemporaryDirectory() }

    private func open(_ keys: MasterKeys) async throws -> SQLiteStore {
        try await SQLiteStore.open(at: directory.file("sluice.db"), keys: keys)
    }

    /// Two integrations whose secrets are the canary and its reverse.
    private func fill(_ store: SQLiteStore) async throws -> [Integration] {
        _ = try await store.identities.insertUser(
            iamid: "bim", userid: "a", profile: User.Profile(name: "A"), permissions: [], now: Fixtures.now)
        for (name, secret) in [("one", canary), ("two", String(canary.reversed()))] {
            let connection = Fixtures.connection(base: .accessKey(id: "AKIA\(name)", secret: Secret(secret)))
            _ = try await store.integrations.insert(
                Fixtures.newIntegration(
                    Fixtures.configuration(name: name, path: "s3://\(name)/", connection: connection)),
                answer: nil)
        }
        return try await store.integrations.integrations()
    }

    @Test func `no file of the database holds a secret`() async throws {
        let store = try await open(MasterKeys(current: MasterKey()))
        var one = try await fill(store)[0]
        one.locationWasMade(Fixtures.made("s3://one/"), at: one.configuration.path, now: Fixtures.now)
        one = try await store.integrations.save(one)
        var wanted = one.configuration
        wanted.connection.authentication.base = .accessKey(id: "AKIAnext", secret: Secret("next-\(canary)"))
        try one.requestEdit(to: wanted, validation: Fixtures.passed, now: Fixtures.now)
        one = try await store.integrations.save(one, for: AuditedRequest(.editIntegration, by: .system))
        #expect(one.pending == wanted)
        _ = try await store.identities.insertS3Key(
            S3KeyPair(accessKeyID: "SLUICEPAIR", secretAccessKey: Secret("pair-\(canary)")), user: UserID(1), name: "",
            expiresAt: nil, by: .system, now: Fixtures.now)

        func leaks(_ text: String) throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: directory.url.path).filter { name in
                try Data(contentsOf: URL(filePath: directory.file(name))).range(of: Data(text.utf8)) != nil
            }
        }
        #expect(try leaks("AKIAnext") != [], "the search finds what is there")
        #expect(try leaks("SLUICEPAIR") != [])
        #expect(try leaks(canary) == [])
        #expect(try leaks(String(canary.reversed())) == [])
        try await store.close()
        #expect(try leaks(canary) == [])
    }

    @Test func `a sealed secret moved to another row does not open`() async throws {
        let store = try await open(MasterKeys(current: MasterKey()))
        _ = try await fill(store)
        try await store.database.pool.write { db in
            try db.execute(
                sql: """
                    UPDATE integration_secret SET secret_access_key =
                        (SELECT secret_access_key FROM integration_secret WHERE integration_id = 2)
                    WHERE integration_id = 1
                    """)
        }
        let error = await #expect(throws: DomainError.self) {
            try await store.integrations.integration(IntegrationID(1), includingDeleted: false)
        }
        #expect(error == DomainError(.internal, "An internal error occurred.", cause: "tampered"))
    }

    @Test func `keys rotate: a new one in front, reseal, drop the old one`() async throws {
        let (old, new) = (MasterKey(), MasterKey())
        let first = try await open(MasterKeys(current: old))
        let integrations = try await fill(first)
        let externalID = first.externalIDs.externalID(accountID: Fixtures.accountID, role: nil)
        let pair = S3KeyPair(accessKeyID: "SLUICEABCDEFGHIJKLMN", secretAccessKey: Secret(canary))
        _ = try await first.identities.insertS3Key(
            pair, user: UserID(1), name: "", expiresAt: nil, by: .system, now: Fixtures.now)
        try await first.close()

        await #expect(
            throws: StoreError.wrongMasterKey(sealedUnder: old.id.description, given: [new.id.description])
        ) { try await open(MasterKeys(current: new)) }

        let both = try await open(MasterKeys(current: new, older: [old]))
        #expect(try await both.integrations.integrations() == integrations)
        #expect(try await both.resealSecrets() == 4)
        #expect(try await both.resealSecrets() == 0)
        try await both.close()

        let last = try await open(MasterKeys(current: new))
        #expect(try await last.integrations.integrations() == integrations)
        #expect(last.externalIDs.externalID(accountID: Fixtures.accountID, role: nil) == externalID)
        let found = try await last.gateway.caller(accessKeyID: pair.accessKeyID, now: Fixtures.now)
        #expect(found?.secret == pair.secretAccessKey)
    }

    @Test func `no byte of a sealed secret can be changed, cut or added`() throws {
        let secrets = SealedSecrets(MasterKeys(current: MasterKey()))
        let secret = Array(canary.utf8)
        let sealed = try secrets.seal(secret, at: "table/1/column")
        #expect(try secrets.open(sealed, at: "table/1/column") == secret)
        #expect(throws: SealedSecrets.Failure.tampered) { try secrets.open(sealed, at: "table/2/column") }
        #expect(try secrets.seal(secret, at: "table/1/column") != sealed, "each sealing has its own nonce")
        for index in sealed.indices {
            for bit in 0..<8 {
                var changed = sealed
                changed[index] ^= 1 << bit
                #expect(throws: SealedSecrets.Failure.self) { try secrets.open(changed, at: "table/1/column") }
            }
            #expect(throws: SealedSecrets.Failure.self) {
                try secrets.open(Array(sealed[..<index]), at: "table/1/column")
            }
        }
        #expect(throws: SealedSecrets.Failure.tampered) { try secrets.open(sealed + [0], at: "table/1/column") }
    }

    @Test(arguments: [
        (String(repeating: "0f", count: 32), 1), (String(repeating: "AA", count: 32), 1),
        ("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", 1),
        (" AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=,\n" + String(repeating: "0f", count: 32) + "\n", 2),
        ("", 0), ("00", 0), (String(repeating: "0f", count: 31), 0), (String(repeating: "0f", count: 33), 0),
        (String(repeating: "0g", count: 32), 0), ("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==", 0),
        (String(repeating: "0f", count: 32) + ",short", 0),
    ])
    func `master keys are 32 bytes in base64 or hexadecimal`(_ text: String, _ count: Int) throws {
        let keys = try? MasterKeys(Secret(text), source: "SLUICE_MASTER_KEY")
        #expect((keys?.all.count ?? 0) == count)
    }

    @Test func `a master key does not print`() {
        let key = MasterKey()
        #expect("\(key)" == "<redacted \(key.id)>")
        #expect(!String(reflecting: MasterKeys(current: key)).contains(key.base64))
    }

    @Test func `the key file is made once, for a new database only, and must be private`() async throws {
        let path = directory.file("sluice.db")
        let made = try MasterKeys.load(masterKey: nil, databasePath: path)
        let attributes = try FileManager.default.attributesOfItem(atPath: path + ".key")
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        #expect(try MasterKeys.load(masterKey: nil, databasePath: path).current.id == made.current.id)
        try await open(made).close()

        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path + ".key")
        #expect(throws: StoreError.unsafeKeyFile(path: path + ".key")) {
            try MasterKeys.load(masterKey: nil, databasePath: path)
        }
        try FileManager.default.removeItem(atPath: path + ".key")
        #expect(throws: StoreError.missingMasterKey(keyFile: path + ".key")) {
            try MasterKeys.load(masterKey: nil, databasePath: path)
        }
        let given = try MasterKeys.load(masterKey: Secret(made.current.base64), databasePath: path)
        #expect(given.current.id == made.current.id)
    }
}
