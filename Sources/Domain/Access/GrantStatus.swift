/// How far AWS agrees with a subscription, as the contract spells it.
public enum GrantStatus: String, Sendable, CaseIterable {
    /// Not all of its grants are there yet.
    case pending
    /// All of its grants are there, and no other.
    case active
    /// It is to go, and some of its grants are still there.
    case revoking
    /// AWS refused one of its grants.
    case failed
    /// The user has no AWS principal: there is nothing to grant.
    case noPrincipal
    /// The Access Grants instance is full.
    case quotaExceeded
}

/// Its status, with the reason in words and what to do about it.
public struct GrantState: Sendable, Equatable {
    public var status: GrantStatus
    public var message: String?

    public init(_ status: GrantStatus, _ message: String? = nil) {
        self.status = status
        self.message = message
    }
}
