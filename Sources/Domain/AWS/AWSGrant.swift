#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// A grant as AWS shows it.
public struct AWSGrant: Sendable, Equatable {
    public var id: String
    public var arn: String
    public var locationID: String
    /// The location's scope and the sub-prefix put together.
    public var scope: String
    public var grantee: Grantee
    /// As AWS spells it; may be `WRITE`, which Sluice never asks for.
    public var permission: String
    /// It is for one application of IAM Identity Center only, which Sluice never asks for.
    public var isForOneApplication: Bool
    public var createdAt: Date?

    public init(
        id: String, arn: String, locationID: String, scope: String, grantee: Grantee, permission: String,
        isForOneApplication: Bool = false, createdAt: Date?
    ) {
        self.id = id
        self.arn = arn
        self.locationID = locationID
        self.scope = scope
        self.grantee = grantee
        self.permission = permission
        self.isForOneApplication = isForOneApplication
        self.createdAt = createdAt
    }

    /// Whether it is the grant that `key` asks for, at the location of that id. AWS has one such at most.
    public func matches(_ key: GrantKey, locationID: String) -> Bool {
        grantee == key.grantee && permission == key.permission.rawValue && scope == key.scope
            && self.locationID == locationID && !isForOneApplication
    }
}

/// What was made or removed, with the id of the request that did it.
public struct AWSAnswer<Value: Sendable>: Sendable {
    public var value: Value
    public var requestID: String?

    public init(_ value: Value, requestID: String?) {
        self.value = value
        self.requestID = requestID
    }
}

extension AWSAnswer: Equatable where Value: Equatable {}

public struct AWSGrantPage: Sendable, Equatable {
    public var grants: [AWSGrant]
    /// `nil` on the last page.
    public var next: String?

    public init(grants: [AWSGrant], next: String?) {
        self.grants = grants
        self.next = next
    }
}
