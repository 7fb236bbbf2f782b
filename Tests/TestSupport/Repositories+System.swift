public import Domain
public import Foundation

/// What a test sets up, nobody asked for.
extension IntegrationRepository {
    public func insert(
        _ new: NewIntegration, answer: AnswerToKeep<Integration>?
    ) async throws(DomainError) -> InsertedIntegration {
        try await insert(new, answer: answer, by: .system)
    }
}

extension IdentityRepository {
    public func insertUser(
        iamid: String, userid: String, profile: User.Profile, permissions: Set<Permission>, now: Date
    )
        async throws(DomainError) -> User
    {
        try await insertUser(
            iamid: iamid, userid: userid, profile: profile, permissions: permissions, by: .system, now: now)
    }

    public func insertKey(
        _ hash: CredentialHash, user: UserID, name: String, expiresAt: Date?, now: Date
    )
        async throws(DomainError) -> APIKey
    {
        try await insertKey(hash, user: user, name: name, expiresAt: expiresAt, by: .system, now: now)
    }

    public func revokeKey(_ id: Int64) async throws(DomainError) -> Bool {
        try await revokeKey(id, by: .system, now: Fixtures.now)
    }

    public func insertToken(_ hash: CredentialHash, keyID: Int64, expiresAt: Date, now: Date) async throws(DomainError)
    {
        try await insertToken(hash, keyID: keyID, expiresAt: expiresAt, by: .system, now: now)
    }

    /// The first thousand, by id.
    public func users() async throws(DomainError) -> [User] { try await users(UserQuery(size: 1000)).hits }
}
