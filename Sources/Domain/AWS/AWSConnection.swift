/// Which credentials reach an integration's AWS account, and where. An integration's credentials are always the
/// ones its configuration says; there is no fallback.
public struct AWSConnection: Sendable, Hashable {
    public var accountID: AWSAccountID
    public var region: AWSRegion
    public var authentication: AWSAuthentication
    /// Sent with every AssumeRole, so that a trust policy can demand it.
    public var externalID: ExternalID

    public init(
        accountID: AWSAccountID, region: AWSRegion, authentication: AWSAuthentication, externalID: ExternalID
    ) {
        self.accountID = accountID
        self.region = region
        self.authentication = authentication
        self.externalID = externalID
    }
}

public struct AWSAuthentication: Sendable, Hashable {
    public var base: Base
    /// Assumed with the base credentials.
    public var roleToAssume: IAMRoleARN?

    public init(base: Base, roleToAssume: IAMRoleARN? = nil) {
        self.base = base
        self.roleToAssume = roleToAssume
    }

    public enum Base: Sendable, Hashable {
        /// The server's own credential chain.
        case auto
        case accessKey(id: String, secret: Secret)
    }
}

/// Unguessable, and stable for one installation, account and role (the confused-deputy guard of AssumeRole).
public struct ExternalID: Sendable, Hashable, CustomStringConvertible {
    public let description: String

    /// 2 to 1,224 of `[\w+=,.@:/-]`, as STS asks.
    public init?(_ text: String) {
        guard (2...1224).contains(text.utf8.count),
            text.utf8.allSatisfy({ byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                default: "_+=,.@:/-".utf8.contains(byte)
                }
            })
        else { return nil }
        description = text
    }
}

/// Makes external ids.
public protocol ExternalIDSource: Sendable {
    /// The same answer for the same account and role for as long as this installation's database lives.
    func externalID(accountID: AWSAccountID, role: IAMRoleARN?) -> ExternalID
}
