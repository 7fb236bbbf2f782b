public import Domain
public import Foundation
import Synchronization

/// Users, keys and tokens in memory, with the rules of the stored ones.
public final class InMemoryIdentityRepository: IdentityRepository {
    private struct State {
        var users: [User] = []
        var keys: [(hash: CredentialHash, key: APIKey)] = []
        var lastKeyID: Int64 = 0
        var tokens: [(hash: CredentialHash, keyID: Int64, expiresAt: Date)] = []
    }

    private let state = Mutex(State())

    public init() {}

    public func hasUsers() async throws(DomainError) -> Bool { state.withLock { !$0.users.isEmpty } }

    public func insertUser(
        iamid: String, userid: String, profile: User.Profile, permissions: Set<Permission>, now: Date
    )
        async throws(DomainError) -> User
    {
        try state.withLock { state throws(DomainError) in
            guard !state.users.contains(where: { $0.iamid == iamid && $0.userid == userid }) else {
                throw DomainError.useridInUse(userid)
            }
            let user = User(
                id: UserID(Int64(state.users.count + 1)), iamid: iamid, userid: userid, permissions: permissions,
                profile: profile, createdAt: now.inMilliseconds, updatedAt: now.inMilliseconds)
            state.users.append(user)
            return user
        }
    }

    public func user(iamid: String, userid: String) async throws(DomainError) -> User? {
        state.withLock { $0.users.first { $0.iamid == iamid && $0.userid == userid } }
    }

    public func users() async throws(DomainError) -> [User] { state.withLock { $0.users } }

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
        _ hash: CredentialHash, user: UserID, name: String, expiresAt: Date?, now: Date
    )
        async throws(DomainError) -> APIKey
    {
        try state.withLock { state throws(DomainError) in
            guard state.users.contains(where: { $0.id == user }) else {
                throw DomainError(.notFound, "No user found with ID \(user).")
            }
            state.lastKeyID += 1
            let key = APIKey(
                id: state.lastKeyID, userID: user, name: name, createdAt: now.inMilliseconds,
                expiresAt: expiresAt?.inMilliseconds)
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

    public func revokeKey(_ id: Int64) async throws(DomainError) -> Bool {
        state.withLock { state in
            guard let index = state.keys.firstIndex(where: { $0.key.id == id }) else { return false }
            state.keys.remove(at: index)
            state.tokens.removeAll { $0.keyID == id }
            return true
        }
    }

    public func insertToken(
        _ hash: CredentialHash, keyID: Int64, expiresAt: Date, now: Date
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
