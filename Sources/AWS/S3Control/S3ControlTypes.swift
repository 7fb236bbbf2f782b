#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// An S3 Access Grants instance: at most one an account and region.
public struct AccessGrantsInstance: Sendable, Equatable {
    public var id: String
    public var arn: String
    public var createdAt: Date?
    public var identityCenterInstanceARN: String?
    public var identityCenterApplicationARN: String?

    public init(
        id: String, arn: String, createdAt: Date? = nil, identityCenterInstanceARN: String? = nil,
        identityCenterApplicationARN: String? = nil
    ) {
        self.id = id
        self.arn = arn
        self.createdAt = createdAt
        self.identityCenterInstanceARN = identityCenterInstanceARN
        self.identityCenterApplicationARN = identityCenterApplicationARN
    }
}

/// The instance's resource policy, which lets other accounts in.
public struct AccessGrantsResourcePolicy: Sendable, Equatable {
    /// JSON.
    public var policy: String
    public var organization: String?

    public init(policy: String, organization: String? = nil) {
        self.policy = policy
        self.organization = organization
    }
}

/// A registered location: a scope and the role that reaches it.
public struct AccessGrantsLocation: Sendable, Equatable {
    public var id: String
    public var arn: String
    /// `s3://`, `s3://bucket` or `s3://bucket/prefix`.
    public var scope: String
    public var roleARN: String
    public var createdAt: Date?

    public init(id: String, arn: String, scope: String, roleARN: String, createdAt: Date? = nil) {
        self.id = id
        self.arn = arn
        self.scope = scope
        self.roleARN = roleARN
        self.createdAt = createdAt
    }
}

public enum AccessGrantPermission: String, Sendable, CaseIterable {
    case read = "READ"
    case write = "WRITE"
    case readWrite = "READWRITE"
}

public struct AccessGrantee: Sendable, Hashable {
    public enum Kind: String, Sendable, CaseIterable {
        case iam = "IAM"
        case directoryUser = "DIRECTORY_USER"
        case directoryGroup = "DIRECTORY_GROUP"
    }

    public var kind: Kind
    /// An ARN for IAM, an Identity Center id else.
    public var identifier: String

    public init(kind: Kind, identifier: String) {
        self.kind = kind
        self.identifier = identifier
    }
}

public struct AccessGrant: Sendable, Equatable {
    public var id: String
    public var arn: String
    public var grantee: AccessGrantee
    public var permission: AccessGrantPermission
    public var locationID: String
    public var subPrefix: String?
    /// The location's scope and the sub-prefix put together.
    public var scope: String
    public var applicationARN: String?
    public var createdAt: Date?

    public init(
        id: String, arn: String, grantee: AccessGrantee, permission: AccessGrantPermission, locationID: String,
        subPrefix: String? = nil, scope: String, applicationARN: String? = nil, createdAt: Date? = nil
    ) {
        self.id = id
        self.arn = arn
        self.grantee = grantee
        self.permission = permission
        self.locationID = locationID
        self.subPrefix = subPrefix
        self.scope = scope
        self.applicationARN = applicationARN
        self.createdAt = createdAt
    }
}

public struct CreateAccessGrantRequest: Sendable, Equatable {
    public var locationID: String
    public var subPrefix: String?
    public var grantee: AccessGrantee
    public var permission: AccessGrantPermission
    /// The grant is for the one object that the sub-prefix names.
    public var isObject: Bool
    public var applicationARN: String?

    public init(
        locationID: String, subPrefix: String? = nil, grantee: AccessGrantee, permission: AccessGrantPermission,
        isObject: Bool = false, applicationARN: String? = nil
    ) {
        self.locationID = locationID
        self.subPrefix = subPrefix
        self.grantee = grantee
        self.permission = permission
        self.isObject = isObject
        self.applicationARN = applicationARN
    }
}

/// What a grant must have to be listed; nil members let everything through.
public struct AccessGrantFilter: Sendable, Equatable {
    public var granteeKind: AccessGrantee.Kind?
    public var granteeIdentifier: String?
    public var permission: AccessGrantPermission?
    public var scope: String?
    public var applicationARN: String?

    public init(
        granteeKind: AccessGrantee.Kind? = nil, granteeIdentifier: String? = nil,
        permission: AccessGrantPermission? = nil, scope: String? = nil, applicationARN: String? = nil
    ) {
        self.granteeKind = granteeKind
        self.granteeIdentifier = granteeIdentifier
        self.permission = permission
        self.scope = scope
        self.applicationARN = applicationARN
    }
}

/// What an operation answered, and under which id AWS knows the request.
public struct AWSReply<Value: Sendable>: Sendable {
    public var value: Value
    /// For AWS Support, and to find the call in CloudTrail.
    public var requestID: String?

    public init(_ value: Value, requestID: String?) {
        self.value = value
        self.requestID = requestID
    }
}

/// One page of a list, and what to ask with for the next.
public struct AWSPage<Item: Sendable>: Sendable {
    public var items: [Item]
    /// nil when this is the last page.
    public var nextToken: String?

    public init(items: [Item], nextToken: String? = nil) {
        self.items = items
        self.nextToken = nextToken
    }
}

extension AWSPage: Equatable where Item: Equatable {}
