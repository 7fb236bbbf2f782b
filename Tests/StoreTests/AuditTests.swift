import Domain
import Foundation
import GRDB
import TestSupport
import Testing

@testable import Store

/// The audit log, and the rows that changes leave in it.
@Suite struct AuditTests {
    let directory: TemporaryDirectory
    let store: SQLiteStore
    let admin: User
    let ada = AuditOrigin(
        actor: .init(user: UserID(7), userid: "ada", keyID: 3), source: "192.0.2.1", requestID: "r-1")

    init() async throws {
        directory = try TemporaryDirectory()
        store = try await SQLiteStore.open(at: directory.file("sluice.db"), keys: MasterKeys(current: MasterKey()))
        admin = try await store.identities.insertUser(
            iamid: "bim", userid: "admin", profile: User.Profile(name: "Admin"),
            permissions: Set(Permission.allCases), now: Fixtures.now)
    }

    private func moment(_ seconds: Double) -> Date { Fixtures.now.addingTimeInterval(seconds) }

    private func entry(_ second: Double, _ id: String, by origin: AuditOrigin = .system) -> AuditEntry {
        AuditEntry(
            at: moment(second), origin: origin, action: .createAccessGrant, target: AuditTarget(.accessGrant, id),
            after: .members([("n", .integer(Int64(second)))]), awsRequestID: "aws-\(id)")
    }

    private func events(
        _ query: AuditQuery = AuditQuery(), after: Int64 = 0, limit: Int = 100
    ) async throws
        -> [AuditEvent]
    {
        try await store.audit.events(query, after: after, limit: limit)
    }

    private func verified(_ piece: Int = 100) async throws -> AuditVerification {
        var last = AuditCheckpoint.start
        while true {
            let outcome = try await store.audit.verify(after: last, limit: piece)
            guard case .whole(let checkpoint) = outcome else { return outcome }
            last = checkpoint
        }
    }

    /// As somebody with the file and without Sluice would.
    private func tamper(_ statements: String...) async throws {
        try await store.database.pool.write { db in
            try db.execute(sql: "DROP TRIGGER audit_event_is_not_updated; DROP TRIGGER audit_event_is_not_deleted")
            for statement in statements { try db.execute(sql: statement) }
        }
    }

    // MARK: The chain

    @Test func `a row is read as it was written, and hangs on the row before it`() async throws {
        try await store.audit.append(entry(5, "g-1", by: ada))
        let events = try await events()
        let hash = try #require(events.last).hash
        #expect(hash.count == 32 && hash != events[0].hash)
        #expect(
            events[1...]
                == [
                    AuditEvent(
                        id: 2, at: moment(5), origin: ada, action: "accessGrant.create", targetType: "accessGrant",
                        targetID: "g-1", before: nil, after: #"{"n":5}"#, outcome: .succeeded, awsRequestID: "aws-g-1",
                        hash: hash)
                ])
        for piece in [1, 2, 100] { #expect(try await verified(piece) == .end(AuditCheckpoint(id: 2, hash: hash))) }
    }

    @Test func `the log cannot be changed with a statement`() async throws {
        for statement in ["UPDATE audit_event SET action = 'x'", "DELETE FROM audit_event"] {
            await #expect(throws: DatabaseError.self) {
                try await store.database.pool.write { try $0.execute(sql: statement) }
            }
        }
    }

    /// Every column of row 3; then rows taken out, put in, and exchanged.
    @Test(arguments: [
        ("UPDATE audit_event SET at = at + 1 WHERE id = 3", 3),
        ("UPDATE audit_event SET actor_id = 8 WHERE id = 3", 3),
        ("UPDATE audit_event SET actor_id = NULL WHERE id = 3", 3),
        ("UPDATE audit_event SET actor_userid = 'adb' WHERE id = 3", 3),
        ("UPDATE audit_event SET key_id = 4 WHERE id = 3", 3),
        ("UPDATE audit_event SET action = 'accessGrant.delete' WHERE id = 3", 3),
        ("UPDATE audit_event SET target_type = 'user' WHERE id = 3", 3),
        ("UPDATE audit_event SET target_id = 'g-9' WHERE id = 3", 3),
        ("UPDATE audit_event SET target_id = '', target_type = 'accessGrantg-3' WHERE id = 3", 3),
        ("UPDATE audit_event SET before = after, after = before WHERE id = 3", 3),
        ("UPDATE audit_event SET after = '{}' WHERE id = 3", 3),
        ("UPDATE audit_event SET source = NULL WHERE id = 3", 3),
        ("UPDATE audit_event SET request_id = source, source = request_id WHERE id = 3", 3),
        ("UPDATE audit_event SET aws_request_id = NULL WHERE id = 3", 3),
        ("UPDATE audit_event SET outcome = 'refused' WHERE id = 3", 3),
        ("UPDATE audit_event SET previous_hash = hash WHERE id = 3", 3),
        ("UPDATE audit_event SET hash = previous_hash WHERE id = 3", 3),
        ("DELETE FROM audit_event WHERE id = 1", 1),
        ("DELETE FROM audit_event WHERE id = 3", 3),
        ("DELETE FROM audit_event WHERE id = 3; UPDATE audit_event SET id = id - 1 WHERE id > 3", 3),
        ("UPDATE audit_event SET id = -id WHERE id IN (3, 4); UPDATE audit_event SET id = 7 + id WHERE id < 0", 3),
        (
            """
            UPDATE audit_event SET id = -id WHERE id > 3; UPDATE audit_event SET id = 1 - id WHERE id < 0;
            INSERT INTO audit_event SELECT 4, at, actor_id, actor_userid, key_id, action, target_type, target_id,
            before, after, source, request_id, aws_request_id, outcome, previous_hash, hash
            FROM audit_event WHERE id = 3
            """, 4
        ),
        (
            """
            INSERT INTO audit_event SELECT 6, at, actor_id, actor_userid, key_id, action, target_type, target_id,
            before, after, source, request_id, aws_request_id, outcome, hash, hash
            FROM audit_event WHERE id = 5
            """, 6
        ),
    ])
    func `whatever is changed breaks the chain there`(_ statement: String, _ row: Int64) async throws {
        for second in 2...5 { try await store.audit.append(entry(Double(second), "g-\(second)", by: ada)) }
        guard case .end = try await verified() else { return #expect(Bool(false), "it was whole before") }
        try await tamper(statement)
        for piece in [1, 100] { #expect(try await verified(piece) == .broken(id: row)) }
    }

    @Test func `rows cut off at the end are missed only by who kept the last hash`() async throws {
        for second in 2...5 { try await store.audit.append(entry(Double(second), "g-\(second)")) }
        guard case .end(let kept) = try await verified() else { return #expect(Bool(false), "it was whole before") }
        try await tamper("DELETE FROM audit_event WHERE id > 3")
        guard case .end(let cut) = try await verified() else { return #expect(Bool(false), "a prefix is whole") }
        #expect(kept.id == 5 && cut.id == 3)
    }

    // MARK: Reading

    @Test func `events are filtered, and paged in order`() async throws {
        for second in 2...9 {
            try await store.audit.append(
                entry(Double(second), "g-\(second % 2)", by: second % 3 == 0 ? ada : .system))
        }
        let numeric = AuditOrigin(actor: .init(user: UserID(9), userid: "7", keyID: 1))
        try await store.audit.append(entry(10, "g-2", by: numeric))
        func ids(
            after: Int64 = 0, limit: Int = 100, _ change: (inout AuditQuery) -> Void
        ) async throws -> [Int64] {
            var query = AuditQuery()
            change(&query)
            return try await events(query, after: after, limit: limit).map(\.id)
        }
        #expect(try await ids { _ in } == Array(1...10))
        #expect(try await ids(after: 4, limit: 3) { _ in } == [5, 6, 7])
        #expect(try await ids { $0.actor = "ada" } == [3, 6, 9])
        #expect(try await ids { $0.actor = "7" } == [3, 6, 9, 10], "a number is an id, or a userid")
        #expect(try await ids(after: 3, limit: 2) { $0.actor = "7" } == [6, 9])
        #expect(try await ids { $0.actor = "nobody" } == [])
        #expect(try await ids { $0.from = moment(4) } == Array(4...10))
        #expect(try await ids { ($0.from, $0.until) = (moment(4), moment(6)) } == [4, 5])
        #expect(try await ids(after: 5) { $0.from = moment(4) } == Array(6...10))
        #expect(try await ids { $0.from = moment(11) } == [])
        #expect(try await ids { $0.action = "user.create" } == [1])
        #expect(try await ids { ($0.targetType, $0.targetID) = ("accessGrant", "g-1") } == [3, 5, 7, 9])
        #expect(try await ids { $0.targetType = "user" } == [1])
        #expect(try await ids { $0.targetID = "g-0" } == [2, 4, 6, 8])
        #expect(try await ids { ($0.actor, $0.action) = ("7", "accessGrant.create") } == [3, 6, 9, 10])
        #expect(
            try await ids {
                ($0.actor, $0.targetType, $0.targetID, $0.action) = ("7", "accessGrant", "g-1", "accessGrant.create")
            } == [3, 9])
        #expect(
            try await ids(limit: 1) { ($0.targetID, $0.actor, $0.from) = ("g-1", "ada", moment(4)) } == [9])
    }

    /// However many rows there are, a page must not need all of them.
    @Test(arguments: [
        ("", [], "PRIMARY KEY"), ("targetType", ["integration"], "PRIMARY KEY"),
        ("targetType targetId", ["integration", "1"], "audit_event_target "),
        ("actor", ["ada"], "audit_event_actor_userid "), ("action", ["user.create"], "audit_event_action "),
        ("actor action", ["ada", "user.create"], "audit_event_actor_userid "),
        ("targetType targetId actor action", ["integration", "1", "ada", "user.create"], "audit_event_target "),
    ])
    func `no page is sorted`(_ names: String, _ values: [String], _ index: String) async throws {
        var query = AuditQuery()
        for (name, value) in zip(names.split(separator: " "), values) {
            switch name {
            case "targetType": query.targetType = value
            case "targetId": query.targetID = value
            case "actor": query.actor = value
            default: query.action = value
            }
        }
        query.from = moment(0)
        query.until = moment(9)
        let plan = try await store.database.pool.read { [query] db in
            let selection = AuditSelection(query, after: 0, limit: 10)
            return try Row.fetchAll(
                db, sql: "EXPLAIN QUERY PLAN \(selection.sql)", arguments: selection.arguments
            ).map { $0["detail"] as String? ?? "" }
        }
        #expect(!plan.contains { $0.contains("TEMP B-TREE") }, "\(plan)")
        #expect(plan[0].contains(index), "\(plan)")
    }

    // MARK: What leaves a row

    private func rows(_ change: () async throws -> Void) async throws -> [String] {
        let last = try await events().last?.id ?? 0
        try await change()
        return try await events(after: last).map { event in
            let actor = event.origin.actor?.userid ?? "-"
            return "\(actor) \(event.action) \(event.targetType) \(event.targetID) \(event.outcome)"
        }
    }

    @Test func `each change of a user, a key or a token leaves one row, and what changes nothing none`() async throws {
        let identities = store.identities
        let hash = CredentialHash(bytes: Array(repeating: 1, count: 32))
        var user = admin
        var key: APIKey?
        #expect(
            try await rows {
                user = try await identities.insertUser(
                    iamid: "bim", userid: "eve", profile: .init(name: "Eve"), permissions: [.audit], by: ada,
                    now: Fixtures.now)
            } == ["ada user.create user eve succeeded"])
        #expect(
            try await rows {
                _ = try await identities.updateProfile(
                    of: user.id, ProfileChange(name: "E"), by: ada, now: Fixtures.now)
                _ = try await identities.updateProfile(
                    of: user.id, ProfileChange(name: "E"), by: ada, now: Fixtures.now)
            } == ["ada user.updateProfile user eve succeeded"])
        #expect(
            try await rows {
                _ = try await identities.setPermissions(of: user.id, to: [], by: ada, now: Fixtures.now)
                _ = try await identities.setPermissions(of: user.id, to: [], by: ada, now: Fixtures.now)
            } == ["ada user.updatePermissions user eve succeeded"])
        #expect(
            try await rows {
                key = try await identities.insertKey(
                    hash, user: user.id, name: "k", expiresAt: nil, by: ada, now: Fixtures.now)
            } == ["ada apiKey.create apiKey 1 succeeded"])
        #expect(
            try await rows {
                try await identities.insertToken(
                    hash, keyID: 1, expiresAt: moment(9), by: ada, now: Fixtures.now)
            } == ["ada token.create token 1 succeeded"])
        #expect(
            try await rows {
                _ = try await identities.revokeKey(try #require(key).id, by: ada, now: Fixtures.now)
                _ = try await identities.revokeKey(try #require(key).id, by: ada, now: Fixtures.now)
            } == ["ada apiKey.revoke apiKey 1 succeeded"])
        #expect(
            try await rows { try await identities.deleteUser(user.id, by: ada, now: Fixtures.now) }
                == ["ada user.delete user eve succeeded"])
    }

    @Test func `a row shows what was before and after`() async throws {
        let profile = User.Profile(
            name: "Eve \"E\"", externalUserIDs: ExternalUserIDs(identityCenterGroupIDs: ["b", "a"]))
        let user = try await store.identities.insertUser(
            iamid: "bim", userid: "eve", profile: profile, permissions: [.audit], by: ada, now: Fixtures.now)
        _ = try await store.identities.setPermissions(of: user.id, to: [], by: ada, now: Fixtures.now)
        func shown(_ permissions: String) -> String {
            #"{"id":2,"iamid":"bim","userid":"eve","name":"Eve \"E\"","email":null,"awsIamPrincipalArn":null,"#
                + #""awsIdentityCenterUserId":null,"awsIdentityCenterGroupIds":["a","b"],"permissions":\#(permissions)}"#
        }
        let last = try #require(try await events().last)
        #expect([last.before, last.after] == [shown(#"["AUDIT"]"#), shown("[]")])
        try await store.identities.deleteUser(user.id, by: ada, now: Fixtures.now)
        let deletion = try #require(try await events().last)
        #expect([deletion.before, deletion.after] == [shown("[]"), nil])
    }

    @Test func `an integration's changes leave a row when somebody asked for them`() async throws {
        var integration: Integration?
        #expect(
            try await rows {
                let inserted = try await store.integrations.insert(
                    Fixtures.newIntegration(), answer: nil, by: ada)
                guard case .inserted(let new) = inserted else { throw UnexpectedAnswer() }
                integration = new
            } == ["ada integration.create integration 1 succeeded"])
        var current = try #require(integration)
        current.locationWasMade(Fixtures.made(), at: current.configuration.path, now: Fixtures.now)
        #expect(try await rows { current = try await store.integrations.save(current) } == [])
        try current.requestDeletion(validation: nil, now: Fixtures.now)
        #expect(
            try await rows {
                _ = try await store.integrations.save(current, for: AuditedRequest(.deleteIntegration, by: ada))
            } == ["ada integration.delete integration 1 succeeded"])
        let last = try #require(try await events().last)
        #expect(last.before?.hasPrefix(#"{"status":"enabled","config":{"name":"research","#) == true)
        #expect(last.after?.hasPrefix(#"{"status":"deleting","#) == true)
    }

    @Test func `a row is rolled back with its change`() async throws {
        let before = try await events()
        await #expect(throws: DomainError.self) {
            _ = try await store.identities.insertUser(
                iamid: "bim", userid: "admin", profile: .init(name: ""), permissions: [], by: ada, now: Fixtures.now)
        }
        await #expect(throws: DomainError.lastUserAdmin("admin")) {
            _ = try await store.identities.setPermissions(of: admin.id, to: [], by: ada, now: Fixtures.now)
        }
        await #expect(throws: StoppedTransaction.self) {
            try await store.database.pool.write { [store, entry = entry(1, "x")] db in
                try AuditTrail(db: db, mask: store.audit.mask).append(entry)
                throw StoppedTransaction()
            }
        }
        #expect(try await events() == before)
    }

    @Test func `a change is rolled back with its row`() async throws {
        try await store.database.pool.write { db in
            try db.execute(
                sql: """
                    CREATE TRIGGER full BEFORE INSERT ON audit_event BEGIN SELECT RAISE(ABORT, 'no space'); END
                    """)
        }
        await #expect(throws: DomainError.self) {
            _ = try await store.identities.updateProfile(
                of: admin.id, ProfileChange(name: "x"), by: ada, now: Fixtures.now)
        }
        #expect(try await store.identities.users() == [admin])
    }

    @Test func `a secret is told apart from another, and told to nobody`() async throws {
        func shown(_ secret: String) async throws -> String {
            try await store.audit.append(
                AuditEntry(
                    at: Fixtures.now, origin: ada, action: .read, target: AuditTarget(.user, ""),
                    before: .secret(Secret(secret))))
            return try #require(try await events().last?.before)
        }
        let first = try await shown("CANARY-one")
        #expect(first.hasPrefix("\"hmac-sha256:") && first.utf8.count == 78)
        #expect(try await shown("CANARY-one") == first)
        #expect(try await shown("CANARY-two") != first)
        for name in try FileManager.default.contentsOfDirectory(atPath: directory.url.path) {
            let bytes = try Data(contentsOf: URL(filePath: directory.file(name)))
            #expect(bytes.range(of: Data("CANARY".utf8)) == nil, "\(name)")
        }
    }

    private struct StoppedTransaction: Error {}
}
