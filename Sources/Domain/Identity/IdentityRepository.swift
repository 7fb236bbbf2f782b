#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Users, their keys and tokens. Each call is one transaction, with the audit row of what it changes in it. A deleted user
/// is known to nothing here but `hasUsers`.
public protocol IdentityRepository: Sendable {
    /// Whether there ever was one.
    func hasUsers() async throws(DomainError) -> Bool
    /// - Throws: `conflict` when the userid is taken.
    func insertUser(
        iamid: String, userid: String, profile: User.Profile, permissions: Set<Permission>, by origin: AuditOrigin,
        now: Date
    ) async throws(DomainError) -> User
    func user(iamid: String, userid: String) async throws(DomainError) -> User?
    /// By id.
    func users(_ query: UserQuery) async throws(DomainError) -> UserPage

    /// When the principals change, so may the grants of all the user's subscriptions: they are marked as unplanned.
    ///
    /// - Throws: `notFound`.
    func updateProfile(
        of user: UserID, _ change: ProfileChange, by origin: AuditOrigin, now: Date
    )
        async throws(DomainError) -> User
    /// - Throws: `notFound`; `conflict` when nobody would have `USER_ADMIN` any more.
    func setPermissions(
        of user: UserID, to permissions: Set<Permission>, by origin: AuditOrigin, now: Date
    )
        async throws(DomainError) -> User
    /// Ends the user's keys and tokens and revokes the subscriptions. The userid is free again; the id is not.
    ///
    /// - Throws: `notFound`; `conflict` when nobody would have `USER_ADMIN` any more, and when it is the origin's own.
    func deleteUser(_ user: UserID, by origin: AuditOrigin, now: Date) async throws(DomainError)

    /// A key or a token; a token ends with its key. `nil` when it is unknown, revoked or expired at `now`.
    func authenticated(by hash: CredentialHash, now: Date) async throws(DomainError) -> Authenticated?
    /// - Throws: `notFound` when there is no such user.
    func insertKey(
        _ hash: CredentialHash, user: UserID, name: String, expiresAt: Date?, by origin: AuditOrigin, now: Date
    )
        async throws(DomainError) -> APIKey
    /// An S3 key pair, which is listed and revoked as other keys are, and stands for its user at the gateway only.
    ///
    /// - Throws: `notFound` when there is no such user.
    func insertS3Key(
        _ pair: S3KeyPair, user: UserID, name: String, expiresAt: Date?, by origin: AuditOrigin, now: Date
    )
        async throws(DomainError) -> APIKey
    /// Those of one user, or of all; by id.
    func keys(of user: UserID?) async throws(DomainError) -> [APIKey]
    func key(_ id: Int64) async throws(DomainError) -> APIKey?
    /// Also ends the key's tokens. `false` when there is no such key.
    func revokeKey(_ id: Int64, by origin: AuditOrigin, now: Date) async throws(DomainError) -> Bool
    /// Expired tokens are removed in the same transaction.
    ///
    /// - Throws: `notFound` when there is no such key.
    func insertToken(
        _ hash: CredentialHash, keyID: Int64, expiresAt: Date, by origin: AuditOrigin, now: Date
    )
        async throws(DomainError)
}

/// Which users are asked for.
public struct UserQuery: Sendable, Equatable {
    /// Part of the userid, the name or the e-mail address, whatever the case of its ASCII letters.
    public var searchText: String?
    public var size: Int
    public var offset: Int

    public init(searchText: String? = nil, size: Int = 50, offset: Int = 0) {
        self.searchText = searchText
        self.size = size
        self.offset = offset
    }
}

public struct UserPage: Sendable, Equatable {
    public var hits: [User]
    /// All that match.
    public var count: Int

    public init(hits: [User], count: Int) {
        self.hits = hits
        self.count = count
    }
}

/// `nil` leaves a part as it is.
public struct ProfileChange: Sendable, Equatable {
    public var name: String?
    /// `.some(nil)` removes it.
    public var email: String??
    /// Takes the place of all of them.
    public var externalUserIDs: ExternalUserIDs?

    public init(name: String? = nil, email: String?? = nil, externalUserIDs: ExternalUserIDs? = nil) {
        self.name = name
        self.email = email
        self.externalUserIDs = externalUserIDs
    }

    public func applied(to profile: User.Profile) -> User.Profile {
        User.Profile(
            name: name ?? profile.name, email: email ?? profile.email,
            externalUserIDs: externalUserIDs ?? profile.externalUserIDs)
    }
}

extension DomainError {
    public static func useridInUse(_ userid: String) -> DomainError {
        DomainError(.conflict, "A user with the userid \"\(userid)\" already exists.")
    }

    public static func unknownUser(_ id: UserID) -> DomainError {
        DomainError(.notFound, "No user found with ID \(id).")
    }

    public static func lastUserAdmin(_ userid: String) -> DomainError {
        DomainError(
            .conflict,
            "\"\(userid)\" is the last user with the permission USER_ADMIN: give it to another user first.")
    }

    public static let ownDeletion = DomainError(.conflict, "One cannot delete oneself: let another user do it.")
}
