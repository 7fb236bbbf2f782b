/// What a sandbox holds when it is first started: enough to follow the project's examples as printed.
///
/// The keys are no secret. They open nothing but a sandbox, which by default listens on the loopback interface only.
public enum SandboxDefaults {
    public static let account = "123456789012"
    static let accountName = "sandbox"
    public static let region = "us-east-1"
    public static let adminUserName = "admin"
    public static let adminAccessKeyID = "AKIASANDBOXADMIN0000"
    public static let adminSecretAccessKey = "sandbox-admin-secret-key-do-not-use-elsewhere"
    /// Two people who read data with what S3 Access Grants hands out, and may do nothing else.
    public static let alice = DataUser(
        name: "alice", accessKeyID: "AKIASANDBOXALICE0000",
        secretAccessKey: "sandbox-alice-secret-key-do-not-use-elsewhere")
    public static let bob = DataUser(
        name: "bob", accessKeyID: "AKIASANDBOXBOB000000",
        secretAccessKey: "sandbox-bob-secret-key-do-not-use-elsewhere")
    public static let bucket = "sandbox-data"
    /// The role S3 Access Grants assumes to hand out access to the bucket.
    public static let locationRole = "arn:aws:iam::123456789012:role/access-grants-location"
    /// Another one that would do: to change a location's role to.
    public static let otherLocationRole = "arn:aws:iam::123456789012:role/access-grants-location-2"
    /// The role of the control plane: allowed the documented actions and nothing else.
    public static let controlRole = "arn:aws:iam::123456789012:role/sluice"

    /// An IAM user of the account with an access key.
    public struct DataUser: Sendable, Equatable {
        public let name: String
        public let accessKeyID: String
        public let secretAccessKey: String

        public var arn: String { "arn:aws:iam::\(SandboxDefaults.account):user/\(name)" }
    }

    /// Regions a request may be signed for; one listener plays the endpoints of them all.
    public static let regions: Set<String> = [
        "us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1",
        "eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-west-1", "eu-west-2", "eu-west-3",
        "ap-east-1", "ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2",
        "af-south-1", "me-central-1", "me-south-1", "il-central-1", "cn-north-1", "cn-northwest-1",
        "us-gov-east-1", "us-gov-west-1",
    ]
}
