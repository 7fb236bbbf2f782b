#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// The documented global permissions.
public enum Permission: String, Sendable, CaseIterable {
    /// All of /integrations.
    case applicationAdmin = "APPLICATION_ADMIN"
    /// Register data sources.
    case createS3DataSource = "CREATE_S3_DATASOURCE"
    /// Any data source.
    case governance = "GOVERNANCE"
    /// Users, keys of others, access.
    case userAdmin = "USER_ADMIN"
    /// The audit log.
    case audit = "AUDIT"
}

public struct UserID: Sendable, Hashable, CustomStringConvertible {
    public let value: Int64
    public init(_ value: Int64) { self.value = value }
    public var description: String { String(value) }
}

public struct User: Sendable, Equatable {
    public let id: UserID
    /// The identity provider; `bim` is the built-in one.
    public var iamid: String
    /// The login name, unique within `iamid`.
    public var userid: String
    public var permissions: Set<Permission>
    public var profile: Profile
    public var createdAt: Date
    public var updatedAt: Date

    public struct Profile: Sendable, Equatable {
        public var name: String
        public var email: String?
        /// Whom AWS knows the user as.
        public var externalUserIDs: ExternalUserIDs

        public init(name: String, email: String? = nil, externalUserIDs: ExternalUserIDs = ExternalUserIDs()) {
            self.name = name
            self.email = email
            self.externalUserIDs = externalUserIDs
        }
    }

    public init(
        id: UserID, iamid: String, userid: String, permissions: Set<Permission>, profile: Profile, createdAt: Date,
        updatedAt: Date
    ) {
        self.id = id
        self.iamid = iamid
        self.userid = userid
        self.permissions = permissions
        self.profile = profile
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}

/// Who makes a request, once that is known.
public struct Caller: Sendable, Equatable {
    public var user: User
    public var keyID: Int64

    public init(user: User, keyID: Int64) {
        self.user = user
        self.keyID = keyID
    }

    /// - Throws: `forbidden`, naming the permission.
    public func require(_ permission: Permission) throws(DomainError) {
        guard user.permissions.contains(permission) else {
            throw DomainError(.forbidden, "This needs the permission \(permission.rawValue).")
        }
    }
}

/// A key without its value, which is shown once, when it is made.
public struct APIKey: Sendable, Equatable {
    public let id: Int64
    public var userID: UserID
    /// Its user's login name.
    public var userid: String
    public var name: String
    public var createdAt: Date
    public var expiresAt: Date?
    /// Of an S3 key pair; nil for a key to be sent as it is.
    public var accessKeyID: String?

    public init(
        id: Int64, userID: UserID, userid: String, name: String, createdAt: Date, expiresAt: Date?,
        accessKeyID: String? = nil
    ) {
        self.id = id
        self.userID = userID
        self.userid = userid
        self.name = name
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.accessKeyID = accessKeyID
    }
}

/// What signs requests to the gateway. The secret is kept sealed, as verifying a signature needs it.
public struct S3KeyPair: Sendable, Equatable {
    /// What every access key id begins with, and next to no API key.
    public static let prefix = "SLUICE"

    /// Unique; `SLUICE` and more of `[A-Z0-9]`.
    public var accessKeyID: String
    public var secretAccessKey: Secret

    public init(accessKeyID: String, secretAccessKey: Secret) {
        precondition(accessKeyID.utf8.starts(with: Self.prefix.utf8), "the gateway knows pairs by their prefix")
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
    }
}

/// SHA-256 of an API key or token: all that is kept of it.
public struct CredentialHash: Sendable, Hashable {
    /// 32 bytes.
    public let bytes: [UInt8]
    public init(bytes: [UInt8]) { self.bytes = bytes }

    /// The hash of a value that nobody knows.
    public static func ofNothing() -> CredentialHash {
        var generator = SystemRandomNumberGenerator()
        return CredentialHash(bytes: (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
    }

    /// Takes the same time wherever the first difference is.
    public static func == (a: Self, b: Self) -> Bool {
        guard a.bytes.count == b.bytes.count else { return false }
        var difference: UInt8 = 0
        for (x, y) in zip(a.bytes, b.bytes) { difference |= x ^ y }
        return difference == 0
    }
}

/// What a credential stands for, with the moment it ends.
public struct Authenticated: Sendable, Equatable {
    public var caller: Caller
    public var expiresAt: Date?

    public init(caller: Caller, expiresAt: Date?) {
        self.caller = caller
        self.expiresAt = expiresAt
    }
}
