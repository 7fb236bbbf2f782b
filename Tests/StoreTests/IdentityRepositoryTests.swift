import Domain
import Foundation
import TestSupport
import Testing

/// What every identity repository does. The one user of `make()` has id 1 and every permission.
@Suite struct IdentityRepositoryTests {
    let now = Fixtures.now
    let admin = User(
        id: UserID(1), iamid: "bim", userid: "admin", permissions: Set(Permission.allCases),
        profile: User.Profile(name: "Admin"), createdAt: Fixtures.now, updatedAt: Fixtures.now)

    private func hash(_ byte: UInt8, _ last: UInt8 = 0) -> CredentialHash {
        CredentialHash(bytes: Array(repeating: byte, count: 31) + [last])
    }

    @Test(arguments: Implementation.allCases)
    func `users are read back whole, by id`(_ implementation: Implementation) async throws {
        let identities = try await implementation.make().identities
        #expect(try await identities.hasUsers())
        let second = try await identities.insertUser(
            iamid: "okta", userid: "admin", profile: User.Profile(name: "Ada", email: "ada@example.com"),
            permissions: [.audit, .governance], now: now)
        let third = try await identities.insertUser(
            iamid: "bim", userid: "none", profile: User.Profile(name: ""), permissions: [], now: now)
        #expect(
            second
                == User(
                    id: UserID(2), iamid: "okta", userid: "admin", permissions: [.audit, .governance],
                    profile: User.Profile(name: "Ada", email: "ada@example.com"), createdAt: now, updatedAt: now))
        #expect(try await identities.users() == [admin, second, third])
        #expect(try await identities.user(iamid: "okta", userid: "admin") == second)
        #expect(try await identities.user(iamid: "bim", userid: "nobody") == nil)
        await #expect(throws: DomainError(.conflict, #"A user with the userid "admin" already exists."#)) {
            try await identities.insertUser(
                iamid: "bim", userid: "admin", profile: User.Profile(name: "x"), permissions: [.audit], now: now)
        }
    }

    @Test(arguments: Implementation.allCases)
    func `a key stands for its user until it expires or is revoked`(_ implementation: Implementation) async throws {
        let identities = try await implementation.make().identities
        let end = now.addingTimeInterval(60)
        let key = try await identities.insertKey(hash(1), user: admin.id, name: "ci", expiresAt: end, now: now)
        #expect(key == APIKey(id: 1, userID: admin.id, userid: "admin", name: "ci", createdAt: now, expiresAt: end))
        let forever = try await identities.insertKey(hash(2), user: admin.id, name: "", expiresAt: nil, now: now)

        #expect(
            try await identities.authenticated(by: hash(1), now: now)
                == Authenticated(caller: Caller(user: admin, keyID: 1), expiresAt: end))
        #expect(try await identities.authenticated(by: hash(1), now: end) == nil)
        #expect(try await identities.authenticated(by: hash(1, 1), now: now) == nil, "the whole hash counts")
        #expect(try await identities.authenticated(by: hash(3), now: now) == nil)
        #expect(
            try await identities.authenticated(by: hash(2), now: .distantFuture)
                == Authenticated(caller: Caller(user: admin, keyID: 2), expiresAt: nil))

        #expect(try await identities.keys(of: nil) == [key, forever])
        #expect(try await identities.keys(of: UserID(9)) == [])
        #expect(try await identities.key(2) == forever)
        #expect(try await identities.revokeKey(2))
        #expect(try await !identities.revokeKey(2))
        #expect(try await identities.key(2) == nil)
        #expect(try await identities.keys(of: admin.id) == [key])
        #expect(try await identities.authenticated(by: hash(2), now: now) == nil)
        let next = try await identities.insertKey(hash(4), user: admin.id, name: "", expiresAt: nil, now: now)
        #expect(next.id == 3, "the id of a revoked key is not given again")
    }

    @Test(arguments: Implementation.allCases)
    func `a key pair is listed and revoked as keys are`(_ implementation: Implementation) async throws {
        let identities = try await implementation.make().identities
        let pair = S3KeyPair(accessKeyID: "SLUICEABCDEFGHIJKLMN", secretAccessKey: Secret("secret"))
        let key = try await identities.insertS3Key(
            pair, user: admin.id, name: "notebook", expiresAt: nil, by: .system, now: now)
        #expect(
            key
                == APIKey(
                    id: 1, userID: admin.id, userid: "admin", name: "notebook", createdAt: now, expiresAt: nil,
                    accessKeyID: "SLUICEABCDEFGHIJKLMN"))
        #expect(try await identities.keys(of: nil) == [key])
        #expect(try await identities.key(1) == key)
        #expect(try await identities.revokeKey(1))
        #expect(try await identities.keys(of: nil) == [])
        await #expect(throws: DomainError(.notFound, "No user found with ID 7.")) {
            try await identities.insertS3Key(
                pair, user: UserID(7), name: "", expiresAt: nil, by: .system, now: now)
        }
    }

    @Test(arguments: Implementation.allCases)
    func `a token ends with its time or its key`(_ implementation: Implementation) async throws {
        let identities = try await implementation.make().identities
        let (soon, late) = (now.addingTimeInterval(60), now.addingTimeInterval(120))
        let key = try await identities.insertKey(hash(1), user: admin.id, name: "", expiresAt: late, now: now)
        try await identities.insertToken(hash(2), keyID: key.id, expiresAt: soon, now: now)
        try await identities.insertToken(hash(3), keyID: key.id, expiresAt: late.addingTimeInterval(60), now: now)

        func end(_ byte: UInt8, _ moment: Date) async throws -> Date? {
            try await identities.authenticated(by: hash(byte), now: moment)?.expiresAt
        }
        #expect(try await end(2, now) == soon)
        #expect(try await end(2, soon) == nil)
        #expect(try await end(3, soon) == late)
        #expect(try await end(3, late) == nil)

        try await identities.insertToken(hash(4), keyID: key.id, expiresAt: late, now: soon)
        #expect(try await end(2, now) == nil, "an expired token is removed")
        #expect(try await end(3, now) == late)
        #expect(try await identities.revokeKey(key.id))
        #expect(try await end(3, now) == nil)
    }

    @Test(arguments: Implementation.allCases)
    func `a key needs its user and a token its key`(_ implementation: Implementation) async throws {
        let identities = try await implementation.make().identities
        await #expect(throws: DomainError(.notFound, "No user found with ID 7.")) {
            try await identities.insertKey(hash(1), user: UserID(7), name: "", expiresAt: nil, now: now)
        }
        await #expect(throws: DomainError(.notFound, "No API key found with ID 7.")) {
            try await identities.insertToken(hash(1), keyID: 7, expiresAt: now, now: now)
        }
    }
}
