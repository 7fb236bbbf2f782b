import Crypto
import GRDB
import HTTPTypes
import NIOCore
import S3Server
import SigV4

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Puts what `SandboxDefaults` names into an empty state.
enum SandboxSeed {
    static let everything = #"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#

    private static let account = SandboxDefaults.account

    static let locationTrust = """
        {"Version":"2012-10-17","Statement":[{"Effect":"Allow",\
        "Principal":{"Service":"access-grants.s3.amazonaws.com"},\
        "Action":["sts:AssumeRole","sts:SetSourceIdentity","sts:SetContext"]}]}
        """

    static let locationPolicy = """
        {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:GetObjectVersion",\
        "s3:GetObjectAcl","s3:GetObjectVersionAcl","s3:ListMultipartUploadParts","s3:PutObject","s3:PutObjectAcl",\
        "s3:PutObjectVersionAcl","s3:DeleteObject","s3:DeleteObjectVersion","s3:AbortMultipartUpload","s3:ListBucket",\
        "s3:ListBucketVersions","s3:ListBucketMultipartUploads"],"Resource":"arn:aws:s3:::*"}]}
        """

    static let controlTrust = """
        {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::\(account):root"},\
        "Action":"sts:AssumeRole"}]}
        """

    /// The documented policy of the control plane, no more.
    static let controlPolicy = """
        {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:GetRole","iam:PassRole",\
        "s3:CreateAccessGrant","s3:DeleteAccessGrantsLocation","s3:GetAccessGrantsLocation",\
        "s3:CreateAccessGrantsLocation","s3:GetAccessGrantsInstance","s3:GetAccessGrantsInstanceForPrefix",\
        "s3:GetAccessGrantsInstanceResourcePolicy","s3:ListAccessGrants","s3:ListAccessGrantsLocations",\
        "s3:ListAccessGrantsInstances","s3:DeleteAccessGrant","s3:GetAccessGrant","s3:ListBucket",\
        "s3:ListAllMyBuckets","s3:UpdateAccessGrantsLocation"],"Resource":"*"}]}
        """

    /// What a user of AWS's clients for S3 Access Grants needs.
    static let dataPolicy = """
        {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetDataAccess",\
        "s3:ListCallerAccessGrants","s3:GetAccessGrantsInstanceForPrefix"],"Resource":"*"}]}
        """

    private static let objects = [
        "README.txt": "Objects to try Sluice with.\n",
        "sales/2026/january.csv": "region,amount\nnorth,120\nsouth,95\n",
        "sales/2026/february.csv": "region,amount\nnorth,133\nsouth,101\n",
        "research/notes.txt": "Findings go here.\n",
    ]

    /// Of the users that a sandbox is given.
    static let userPolicy = """
        {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","sts:*"],"Resource":"*"}]}
        """

    /// A state that is not empty gets only the users it lacks, and those given as they are given.
    /// - Throws: `SandboxUserConflict`.
    static func plant(_ database: Database, users: [SandboxUser] = [], now: Milliseconds) throws {
        let identities = IdentityStore(database: database)
        if try !identities.hasAccount(account) { try plantEverything(database, identities, now: now) }
        for user in [SandboxDefaults.alice, SandboxDefaults.bob] {
            try identities.insertUser(
                account: account, name: user.name, policy: dataPolicy, accessKeyID: user.accessKeyID,
                secret: user.secretAccessKey)
        }
        for user in users { try identities.save(user, policy: userPolicy) }
    }

    private static func plantEverything(
        _ database: Database, _ identities: IdentityStore, now: Milliseconds
    ) throws {
        try identities.insertAccount(account, displayName: SandboxDefaults.accountName)
        try identities.insertUser(
            account: account, name: SandboxDefaults.adminUserName, policy: everything,
            accessKeyID: SandboxDefaults.adminAccessKeyID, secret: SandboxDefaults.adminSecretAccessKey)
        for role in [SandboxDefaults.locationRole, SandboxDefaults.otherLocationRole] {
            try identities.insertRole(
                role, account: account, trust: locationTrust, policy: locationPolicy, maximumSession: 43_200, now: now)
        }
        try identities.insertRole(
            SandboxDefaults.controlRole, account: account, trust: controlTrust, policy: controlPolicy, now: now)
        try plantObjects(S3Transaction(database), now: now)
        _ = try AccessGrantsStore(database: database).insertInstance(
            account: account, region: SandboxDefaults.region, at: now, identityCenter: nil)
    }

    private static func plantObjects(_ transaction: S3Transaction, now: Milliseconds) throws {
        try transaction.buckets.insert(
            SandboxDefaults.bucket, account: account, region: SandboxDefaults.region, now: now)
        guard let bucket = try transaction.buckets.bucket(SandboxDefaults.bucket) else { return }
        for (key, text) in objects.sorted(by: { $0.key < $1.key }) {
            let buffer = ByteBuffer(string: text)
            let crc64 = CRC.crc64nvme.checksum(of: [buffer])
            let record = ObjectRecord(
                size: buffer.readableBytes, etag: Hex.encode(Insecure.MD5.hash(data: buffer.readableBytesView)),
                modifiedAt: now,
                headers: StoredHeaders.encode([.contentType: key.hasSuffix(".csv") ? "text/csv" : "text/plain"]),
                checksum: S3Checksum(.crc64nvme, of: Array(buffer.readableBytesView)), owner: account,
                access: .private, tags: [])
            let made = try transaction.objects.insert(record, key: key, in: bucket, over: nil)
            try transaction.objects.insert(
                NewBlob(size: record.size, crc64: crc64, place: .inline(Data(text.utf8))), of: made.id)
        }
    }
}
