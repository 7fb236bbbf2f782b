/// Whom AWS gives a grant to.
public struct Grantee: Sendable, Hashable {
    public var type: Kind
    /// An IAM user's or role's ARN, or an id of IAM Identity Center.
    public var identifier: String

    /// As AWS spells them.
    public enum Kind: String, Sendable, CaseIterable {
        case iam = "IAM"
        case directoryUser = "DIRECTORY_USER"
        case directoryGroup = "DIRECTORY_GROUP"
    }

    public init(_ type: Kind, _ identifier: String) {
        self.type = type
        self.identifier = identifier
    }
}

/// As AWS spells them. A permission cannot be changed: another grant takes the place of the old one.
public enum GrantPermission: String, Sendable, CaseIterable {
    case read = "READ"
    case readWrite = "READWRITE"
}

/// Whom AWS knows a user as: `externalUserIds` of the contract.
public struct ExternalUserIDs: Sendable, Equatable {
    /// The ARN of an IAM user or role.
    public var iamPrincipalARN: String?
    public var identityCenterUserID: String?
    /// Without repetition, in ascending order.
    public var identityCenterGroupIDs: [String]

    public init(
        iamPrincipalARN: String? = nil, identityCenterUserID: String? = nil, identityCenterGroupIDs: [String] = []
    ) {
        self.iamPrincipalARN = iamPrincipalARN
        self.identityCenterUserID = identityCenterUserID
        self.identityCenterGroupIDs = Set(identityCenterGroupIDs).sorted()
    }

    public init(_ grantees: [Grantee]) {
        self.init(
            iamPrincipalARN: grantees.first { $0.type == .iam }?.identifier,
            identityCenterUserID: grantees.first { $0.type == .directoryUser }?.identifier,
            identityCenterGroupIDs: grantees.filter { $0.type == .directoryGroup }.map(\.identifier))
    }

    /// All of them.
    public var grantees: [Grantee] {
        [iamPrincipalARN.map { Grantee(.iam, $0) }, identityCenterUserID.map { Grantee(.directoryUser, $0) }]
            .compactMap(\.self) + identityCenterGroupIDs.map { Grantee(.directoryGroup, $0) }
    }
}
