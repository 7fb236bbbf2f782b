#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// What a request is signed with.
public struct AWSCredentials: Sendable, Equatable {
    public var accessKeyID: String
    public var secretAccessKey: Secret
    /// Belongs to temporary credentials and goes with every request signed with them. It is no secret by itself, but is
    /// not printed either.
    public var sessionToken: String?
    /// When temporary credentials stop working; nil for those that don't.
    public var expiration: Date?

    public init(accessKeyID: String, secretAccessKey: Secret, sessionToken: String? = nil, expiration: Date? = nil) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
        self.expiration = expiration
    }
}

extension AWSCredentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "AWSCredentials(\(accessKeyID), <redacted>)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["accessKeyID": accessKeyID]) }
}
