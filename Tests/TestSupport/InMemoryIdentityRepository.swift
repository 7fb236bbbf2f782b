public import Domain
public import Foundation
import Synchronization

/// Users, keys and tokens in memory, with the rules of the stored ones. There are no subscriptions here, and no audit log.
public final class InMemoryIdentityRepository: IdentityRepository {
    private struct State {
        /// Not the deleted ones.
        var users: [User] = []
        var lastUserID: Int64 = 0
        var keys: [(hash: CredentialHash, key: APIKey)] = []
        var lastKeyID: Int64 = 0
        var tokens: [(hash: CredentialHash, keyID: Int64, expiresAt: Date)] = []

        func index(of user: UserID) throws(DomainError) -> Int {
            guard let index = users.firstIndex(where: { $0.id == user }) else { throw DomainError.unknownUser(user) }
            return index
        }

        func checkOtherUserAdmin(than user: User) throws(DomainError) {
            let others = users.filter { $0.id != user.id && $0.permissions.contains(.userAdmin) }
            guard !user.permissions.contains(.userAdmin) || !others.isEmpty else {
                throw DomainError.lastUserAdmin(user.userid)
            }
        }

        mutating func change(_ index: Int, now: Date, _ change: (inout User) -> Void) -> User {
            var user = users[index]
            change(&user)
            if user != users[index] { user.updatedAt = now.inMilliseconds }
            users[index] = user
            return user
        }
    }

    private let state = Mutex(State())

    public init() {}

    public func hasUsers() async throws(DomainError) -> Bool { state.withLock { $0.lastUserID > 0 } }

    public func insertUser(
        iamid: String, userid: String, profile: User.Profile, permissions: Set<Permission>, by origin: AuditOrigin,
        now: Date
    ) async throws(DomainError) -> User {
        try state.withLock { state throws(DomainError) in
            guard !state.users.contains(where: { $0.iamid == iamid && $0.userid == userid }) else {
                throw DomainError.useridInUse(userid)
            }
            state.lastUserID += 1
            let user = User(
                id: UserID(state.lastUserID), iamid: iamid, userid: userid, permissions: permissions,
                profile: profile, createdAt: now.inMilliseconds, updatedAt: now.inMilliseconds)
            state.users.append(user)
            return user
        }
    }

    public func user(iamid: String, userid: String) async throws(DomainError) -> User? {
        state.withLock { $0.users.first { $0.iamid == iamid && $0.userid == userid } }
    }

    public func users(_ query: UserQuery) async throws(DomainError) -> UserPage {
        let wanted = query.searchText.map(Self.inLowerASCII)
        let matching = state.withLock(\.users).filter { user in
            guard let wanted else { return true }
            return [user.userid, user.profile.name, user.profile.email ?? ""]
                .contains { Self.inLowerASCII($0).contains(wanted) }
        }
        return UserPage(
            hits: Array(matching.dropFirst(query.offset).prefix(query.size)), count: matching.count)
    }

    private static func inLowerASCII(_ text: String) -> [UInt8] {
        text.utf8.map { (0x41...0x5A).contains($0) ? $0 + 0x20 : $0 }
    }

    public func updateProfile(
        of user: UserID, _ change: ProfileChange, by origin: AuditOrigin, now: Date
    )
        async throws(DomainError) -> User
    {
        try state.withLock { state throws(DomainError) in
            let index = try state.index(of: user)
            return state.change(index, now: now) { $0.profile = change.applied(to: $0.profile) }
        }
    }

    public func setPermissions(
        of user: UserID, to permissions: Set<Permission>, by origin: AuditOrigin, now: Date
    )
        async throws(DomainError) -> User
    {
        try state.withLock { state throws(DomainError) in
            let index = try state.index(of: user)
            if !permissions.contains(.userAdmin) { try state.checkOtherUserAdmin(than: state.users[index]) }
            return state.change(index, now: now) { $0.permissions = permissions }
        }
    }

    public func deleteUser(_ user: UserID, by origin: AuditOrigin, now: Date) async throws(DomainError) {
        try state.withLock { state throws(DomainError) in
            let index = try state.index(of: user)
            guard origin.actor?.user != user else { throw DomainError.ownDeletion }
            try state.checkOtherUserAdmin(than: state.users[index])
            state.users.remove(at: index)
            let keys = state.keys.filter { $0.key.userID == user }.map(\.key.id)
            state.keys.removeAll { $0.key.userID == user }
            state.tokens.removeAll { keys.contains($0.keyID) }
        }
    }
}

// MARK: Keys and tokens

extension InMemoryIdentityRepository {
    public func authenticated(by hash: CredentialHash, now: Date) async throws(DomainError) -> Authenticated? {
        state.withLock { state in
            let token = state.tokens.first { $0.hash == hash }
            guard let key = state.keys.first(where: { $0.hash == hash || $0.key.id == token?.keyID })?.key,
                let user = state.users.first(where: { $0.id == key.userID })
            else { return nil }
            let end = [token?.expiresAt, key.expiresAt].compactMap(\.self).min()
            if let end, end <= now { return nil }
            return Authenticated(caller: Caller(user: user, keyID: key.id), expiresAt: end)
        }
    }

    public func insertKey(
        _ hash: CredentialHash, user: UserID, name: String, expiresAt: Date?, by origin: AuditOrigin, now: Date
    )
        async throws(DomainError) -> APIKey
    {
        try insertKey(hash, pair: nil, user: user, name: name, expiresAt: expiresAt, now: now)
    }

    public func insertS3Key(
        _ pair: S3KeyPair, user: UserID, name: String, expiresAt: Date?, by origin: AuditOrigin, now: Date
    )
        async throws(DomainError) -> APIKey
    {
        try insertKey(.ofNothing(), pair: pair, user: user, name: name, expiresAt: expiresAt, now: now)
    }

    private func insertKey(
        _ hash: CredentialHash, pair: S3KeyPair?, user: UserID, name: String, expiresAt: Date?, now: Date
    ) throws(DomainError) -> APIKey {
        try state.withLock { state throws(DomainError) in
            let owner = state.users[try state.index(of: user)]
            state.lastKeyID += 1
            let key = APIKey(
                id: state.lastKeyID, userID: user, userid: owner.userid, name: name, createdAt: now.inMilliseconds,
                expiresAt: expiresAt?.inMilliseconds, accessKeyID: pair?.accessKeyID)
            state.keys.append((hash, key))
            return key
        }
    }

    public func keys(of user: UserID?) async throws(DomainError) -> [APIKey] {
        state.withLock { $0.keys.map(\.key).filter { user == nil || $0.userID == user } }
    }

    public func key(_ id: Int64) async throws(DomainError) -> APIKey? {
        state.withLock { $0.keys.first { $0.key.id == id }?.key }
    }

    public func revokeKey(_ id: Int64, by origin: AuditOrigin, now: Date) async throws(DomainError) -> Bool {
        state.withLock { state in
            guard let index = state.keys.firstIndex(where: { $0.key.id == id }) else { return false }
            state.keys.remove(at: index)
            state.tokens.removeAll { $0.keyID == id }
            return true
        }
    }

    public func insertToken(
        _ hash: CredentialHash, keyID: Int64, expiresAt: Date, by origin: AuditOrigin, now: Date
    )
        async throws(DomainError)
    {
        try state.withLock { state throws(DomainError) in
            state.tokens.removeAll { $0.expiresAt <= now }
            guard state.keys.contains(where: { $0.key.id == keyID }) else {
                throw DomainError(.notFound, "No API key found with ID \(keyID).")
            }
            state.tokens.append((hash, keyID, expiresAt.inMilliseconds))
        }
    }
}
