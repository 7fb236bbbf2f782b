import Domain
import Foundation
import TestSupport
import Testing

/// What every identity repository does with users. The one user of `make()` has id 1 and every permission.
@Suite struct UserRepositoryTests {
    let now = Fixtures.now
    let later = Fixtures.now.addingTimeInterval(60)
    let admin = User(
        id: UserID(1), iamid: "bim", userid: "admin", permissions: Set(Permission.allCases),
        profile: User.Profile(name: "Admin"), createdAt: Fixtures.now, updatedAt: Fixtures.now)
    let ids = ExternalUserIDs(
        iamPrincipalARN: "arn:aws:iam::123456789012:role/ada", identityCenterUserID: "9067-ada",
        identityCenterGroupIDs: ["group-2", "group-1"])

    private func insert(
        _ userid: String, _ permissions: Set<Permission> = [], profile: User.Profile = User.Profile(name: ""),
        in identities: any IdentityRepository
    ) async throws -> User {
        try await identities.insertUser(
            iamid: "bim", userid: userid, profile: profile, permissions: permissions, by: .system, now: now)
    }

    private func origin(_ user: User) -> AuditOrigin {
        AuditOrigin(actor: .init(user: user.id, userid: user.userid, keyID: 1))
    }

    @Test(arguments: Implementation.allCases)
    func `a user keeps every AWS principal`(_ implementation: Implementation) async throws {
        let identities = try await implementation.make().identities
        let profile = User.Profile(name: "Ada", email: "ada@example.com", externalUserIDs: ids)
        let ada = try await insert("ada", [.audit], profile: profile, in: identities)
        #expect(
            ada
                == User(
                    id: UserID(2), iamid: "bim", userid: "ada", permissions: [.audit], profile: profile,
                    createdAt: now, updatedAt: now))
        #expect(try await identities.user(iamid: "bim", userid: "ada") == ada)
        #expect(ada.profile.externalUserIDs.identityCenterGroupIDs == ["group-1", "group-2"])
    }

    @Test(arguments: Implementation.allCases)
    func `a page holds those that match, by id, and counts all`(_ implementation: Implementation) async throws {
        let identities = try await implementation.make().identities
        var users = [admin]
        for (userid, name, email) in [
            ("ada", "Ada Lovelace", nil), ("b", "Über 100%_", "b@Example.com"), ("c", "C", "ada@example.org"),
        ] {
            users.append(
                try await insert(userid, profile: User.Profile(name: name, email: email), in: identities))
        }
        for (text, size, offset, hits, count) in [
            (nil, 50, 0, [0, 1, 2, 3], 4), (nil, 2, 1, [1, 2], 4), (nil, 50, 9, [], 4), (nil, 0, 0, [], 4),
            ("ADA", 50, 0, [1, 3], 2), ("ADA", 1, 1, [3], 2), ("love", 50, 0, [1], 1), ("example", 50, 0, [2, 3], 2),
            ("%", 50, 0, [2], 1), ("_", 50, 0, [2], 1), ("Über", 50, 0, [2], 1), ("x'y", 50, 0, [], 0),
        ] as [(String?, Int, Int, [Int], Int)] {
            let page = try await identities.users(UserQuery(searchText: text, size: size, offset: offset))
            #expect(page == UserPage(hits: hits.map { users[$0] }, count: count), "\(text ?? "all") \(size) \(offset)")
        }
    }

    @Test(arguments: Implementation.allCases)
    func `a profile's given parts are replaced`(_ implementation: Implementation) async throws {
        let identities = try await implementation.make().identities
        var ada = try await insert(
            "ada", profile: User.Profile(name: "Ada", email: "a@b", externalUserIDs: ids), in: identities)
        for (change, expected) in [
            (ProfileChange(name: "Lady Ada"), User.Profile(name: "Lady Ada", email: "a@b", externalUserIDs: ids)),
            (ProfileChange(email: .some(nil)), User.Profile(name: "Lady Ada", externalUserIDs: ids)),
            (
                ProfileChange(email: "c@d", externalUserIDs: ExternalUserIDs(identityCenterUserID: "x")),
                User.Profile(name: "Lady Ada", email: "c@d", externalUserIDs: .init(identityCenterUserID: "x"))
            ),
            (ProfileChange(externalUserIDs: ExternalUserIDs()), User.Profile(name: "Lady Ada", email: "c@d")),
        ] {
            ada.profile = expected
            ada.updatedAt = later
            #expect(try await identities.updateProfile(of: ada.id, change, by: .system, now: later) == ada)
        }
        let unchanged = try await identities.updateProfile(
            of: ada.id, ProfileChange(name: "Lady Ada"), by: .system, now: later.addingTimeInterval(1))
        #expect(unchanged == ada, "what changes nothing is no update")
        #expect(try await identities.user(iamid: "bim", userid: "ada") == ada)
    }

    @Test(arguments: Implementation.allCases)
    func `permissions are replaced, and the last administrator of users stays one`(
        _ implementation: Implementation
    ) async throws {
        let identities = try await implementation.make().identities
        await #expect(throws: DomainError.lastUserAdmin("admin")) {
            try await identities.setPermissions(of: admin.id, to: [.audit], by: .system, now: later)
        }
        var ada = try await insert("ada", [.audit], in: identities)
        ada.permissions = [.userAdmin, .governance]
        ada.updatedAt = later
        #expect(
            try await identities.setPermissions(of: ada.id, to: ada.permissions, by: .system, now: later) == ada)
        var demoted = admin
        demoted.permissions = []
        demoted.updatedAt = later
        #expect(try await identities.setPermissions(of: admin.id, to: [], by: .system, now: later) == demoted)
        await #expect(throws: DomainError.lastUserAdmin("ada")) {
            try await identities.setPermissions(of: ada.id, to: [], by: .system, now: later)
        }
        await #expect(throws: DomainError.lastUserAdmin("ada")) {
            try await identities.deleteUser(ada.id, by: origin(admin), now: later)
        }
    }

    @Test(arguments: Implementation.allCases)
    func `a deleted user is gone with keys and tokens, and the userid is free`(
        _ implementation: Implementation
    ) async throws {
        let identities = try await implementation.make().identities
        let ada = try await insert("ada", [.userAdmin], in: identities)
        let (one, two) = (
            CredentialHash(bytes: Array(repeating: 1, count: 32)), CredentialHash(bytes: Array(repeating: 2, count: 32))
        )
        let key = try await identities.insertKey(one, user: ada.id, name: "k", expiresAt: nil, now: now)
        try await identities.insertToken(two, keyID: key.id, expiresAt: later, now: now)
        await #expect(throws: DomainError.ownDeletion) {
            try await identities.deleteUser(ada.id, by: origin(ada), now: later)
        }
        #expect(try await identities.authenticated(by: two, now: now)?.caller.user == ada)

        try await identities.deleteUser(ada.id, by: origin(admin), now: later)
        #expect(try await identities.user(iamid: "bim", userid: "ada") == nil)
        #expect(try await identities.users(UserQuery()) == UserPage(hits: [admin], count: 1))
        #expect(try await identities.keys(of: nil) == [])
        for hash in [one, two] { #expect(try await identities.authenticated(by: hash, now: now) == nil) }
        await #expect(throws: DomainError.unknownUser(ada.id)) {
            try await identities.deleteUser(ada.id, by: .system, now: later)
        }
        await #expect(throws: DomainError.unknownUser(ada.id)) {
            try await identities.setPermissions(of: ada.id, to: [], by: .system, now: later)
        }
        await #expect(throws: DomainError.unknownUser(ada.id)) {
            try await identities.updateProfile(of: ada.id, ProfileChange(), by: .system, now: later)
        }
        await #expect(throws: DomainError.unknownUser(ada.id)) {
            try await identities.insertKey(one, user: ada.id, name: "", expiresAt: nil, now: later)
        }
        await #expect(throws: DomainError.lastUserAdmin("admin")) {
            try await identities.deleteUser(admin.id, by: .system, now: later)
        }
        #expect(try await insert("ada", in: identities).id == UserID(3), "the id of a deleted user is not given again")
    }
}
