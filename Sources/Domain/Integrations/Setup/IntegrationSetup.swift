/// The AWS side of an integration: the role S3 Access Grants hands data out with, and the role Sluice works with.
///
/// Source: "Register a location" and "S3 Access Grants limitations", Amazon S3 User Guide.
public struct IntegrationSetup: Sendable, Equatable {
    public let configuration: IntegrationConfiguration
    /// The role Sluice works with: `awsRoleToAssume`, or the one proposed when there is none.
    public let sluiceRole: IAMRoleARN
    public let externalID: ExternalID

    /// - Throws: `MalformedARN` when account and partition make no role's ARN, which valid ones do.
    public init(
        _ configuration: IntegrationConfiguration, externalIDs: any ExternalIDSource
    ) throws(IAMRoleARN.MalformedARN) {
        self.configuration = configuration
        let connection = configuration.connection
        if let role = connection.authentication.roleToAssume {
            sluiceRole = role
        } else {
            sluiceRole = try IAMRoleARN(
                "arn:\(connection.region.partition):iam::\(connection.accountID):role/\(Self.proposedRoleName)")
        }
        externalID = externalIDs.externalID(accountID: connection.accountID, role: sluiceRole)
    }

    static let proposedRoleName = "sluice-access-grants"

    /// Whether `sluiceRole` is a proposal, to be put into `awsRoleToAssume`.
    public var isRoleProposed: Bool { configuration.connection.authentication.roleToAssume == nil }

    private var connection: AWSConnection { configuration.connection }
    private var partition: String { connection.region.partition }
    private var account: String { connection.accountID.description }
    private var instanceARN: String {
        "arn:\(partition):s3:\(connection.region):\(account):access-grants/default"
    }
    private var bucketARN: String { "arn:\(partition):s3:::\(configuration.path.bucket ?? "*")" }
    /// `…amazonaws.com.cn` in China.
    private var servicePrincipal: String {
        "access-grants.s3.amazonaws.com" + (partition == "aws-cn" ? ".cn" : "")
    }

    // MARK: The location's role

    public var locationRole: RolePolicies {
        RolePolicies(role: configuration.locationRole, trust: locationTrust, permissions: locationPermissions)
    }

    private var locationTrust: PolicyDocument {
        PolicyDocument([
            .init(
                "AccessGrants", principal: ("Service", servicePrincipal),
                ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:SetContext"],
                if: [
                    .init("StringEquals", "aws:SourceAccount", account),
                    .init("ArnEquals", "aws:SourceArn", instanceARN),
                ])
        ])
    }

    private var locationPermissions: PolicyDocument {
        let conditions = [
            PolicyDocument.Condition("StringEquals", "aws:ResourceAccount", account),
            PolicyDocument.Condition("ArnEquals", "s3:AccessGrantsInstanceArn", instanceARN),
        ]
        let objects = "\(bucketARN)/\(configuration.path.prefix)*"
        return PolicyDocument([
            .init("ReadObjects", Self.objectReads, on: [objects], if: conditions),
            .init("WriteObjects", Self.objectWrites, on: [objects], if: conditions),
            .init("ListBuckets", Self.bucketReads, on: [bucketARN], if: conditions),
        ])
    }

    private static let objectReads = [
        "s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectAcl", "s3:GetObjectVersionAcl",
        "s3:ListMultipartUploadParts",
    ]
    private static let objectWrites = [
        "s3:PutObject", "s3:PutObjectAcl", "s3:PutObjectVersionAcl", "s3:DeleteObject", "s3:DeleteObjectVersion",
        "s3:AbortMultipartUpload",
    ]
    private static let bucketReads = ["s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"]

    /// For buckets encrypted with SSE-KMS: added to the location role, with the keys' ARNs as the resource.
    public var kms: PolicyDocument {
        PolicyDocument([
            .init(
                "EncryptedObjects", ["kms:Decrypt", "kms:GenerateDataKey"],
                on: ["arn:\(partition):kms:\(connection.region):\(account):key/*"])
        ])
    }

    // MARK: Sluice's role

    public var sluiceRolePolicies: RolePolicies {
        RolePolicies(role: sluiceRole, trust: sluiceTrust, permissions: sluicePermissions)
    }

    /// Identities of the account, as far as their own policies let them; the external id keeps everybody else's
    /// Sluice out.
    private var sluiceTrust: PolicyDocument {
        PolicyDocument([
            .init(
                "Sluice", principal: ("AWS", "arn:\(partition):iam::\(account):root"), ["sts:AssumeRole"],
                if: [.init("StringEquals", "sts:ExternalId", externalID.description)])
        ])
    }

    private var sluicePermissions: PolicyDocument {
        var statements: [PolicyDocument.Statement] = [
            .init("AccessGrants", Self.accessGrantsActions, on: [instanceARN, instanceARN + "/*"]),
            .init("AccessGrantsInstances", ["s3:ListAccessGrantsInstances"], on: ["*"]),
            .init("LookAtLocationRole", ["iam:GetRole"], on: [configuration.locationRole.description]),
            .init(
                "PassLocationRole", ["iam:PassRole"], on: [configuration.locationRole.description],
                if: [.init("StringEquals", "iam:PassedToService", servicePrincipal)]),
            .init("ListPath", ["s3:ListBucket"], on: [bucketARN]),
        ]
        if configuration.path.bucket == nil {
            statements.append(.init("ListEveryBucket", ["s3:ListAllMyBuckets"], on: ["*"]))
        }
        return PolicyDocument(statements)
    }

    /// Everything Sluice ever calls on the instance.
    private static let accessGrantsActions = [
        "s3:CreateAccessGrant", "s3:DeleteAccessGrant", "s3:GetAccessGrant", "s3:ListAccessGrants",
        "s3:CreateAccessGrantsLocation", "s3:GetAccessGrantsLocation", "s3:UpdateAccessGrantsLocation",
        "s3:DeleteAccessGrantsLocation", "s3:ListAccessGrantsLocations", "s3:GetAccessGrantsInstance",
        "s3:GetAccessGrantsInstanceForPrefix", "s3:GetAccessGrantsInstanceResourcePolicy",
    ]

    /// For grants to Identity Center users and groups: added to Sluice's role.
    public var identityCenter: PolicyDocument {
        PolicyDocument([
            .init(
                "IdentityCenter",
                [
                    "sso:DescribeInstance", "sso:DescribeApplication", "identitystore:DescribeUser",
                    "identitystore:DescribeGroup",
                ], on: ["*"])
        ])
    }
}
