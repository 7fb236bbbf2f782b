/// One setting: what it is called, what it means, and what it is when nobody says.
public struct Setting: Sendable, Hashable {
    /// Dotted; the path in the configuration file: `http.port` is `{"http": {"port": 8080}}`.
    public let key: String
    public let kind: Kind
    /// `nil`: not set.
    public let defaultValue: String?
    /// One sentence for `sluice doctor` and the README.
    public let summary: String

    public enum Kind: Sendable, Equatable, CaseIterable {
        case text, integer, flag
        /// Text that is never printed.
        case secret
    }

    init(_ key: String, _ summary: String, _ kind: Kind = .text, default defaultValue: String? = nil) {
        self.key = key
        self.kind = kind
        self.defaultValue = defaultValue
        self.summary = summary
    }

    /// `SLUICE_HTTP_PORT` for `http.port`; AWS's settings keep AWS's names.
    public var environmentName: String {
        var name = key.hasPrefix("aws.") ? "" : "SLUICE_"
        for character in key {
            if character == "." {
                name += "_"
            } else {
                if character.isUppercase { name += "_" }
                name += character.uppercased()
            }
        }
        return name
    }
}

extension Setting {
    static let httpHostname = Setting(
        "http.hostname", "Address to listen on; 0.0.0.0 for every network of the machine.", default: "127.0.0.1")
    static let httpPort = Setting("http.port", "Port to listen on; 0 takes a free one.", .integer, default: "8080")
    static let database = Setting(
        "database", "The SQLite file. Key files and the sandbox's state lie beside it.", default: "sluice.db")
    static let sandbox = Setting(
        "sandbox", "Start the embedded AWS in the same process and use it in place of the real one.", .flag,
        default: "false")
    static let sandboxPort = Setting(
        "sandboxPort", "Loopback port of that embedded AWS; 0 takes a free one.", .integer, default: "0")
    static let sandboxUsers = Setting(
        "sandboxUsers", "JSON file of further users of that embedded AWS, as of 'sluice sandbox --users'.")
    static let masterKey = Setting(
        "masterKey",
        "32 bytes in base64 under which stored secrets are sealed; without it, a 0600 key file beside the database.",
        .secret)
    static let bootstrapAPIKey = Setting(
        "bootstrap.apiKey",
        "API key of the first administrator, read while there is no user; without it, one is made and written to a file.",
        .secret)
    static let validationInterval = Setting(
        "validation.intervalSeconds", "Seconds between the recurring checks of an integration.", .integer,
        default: "900")
    static let locationQuota = Setting(
        "quota.locations", "Locations that AWS allows an Access Grants instance; AWS Support raises it.", .integer,
        default: "1000")
    static let grantQuota = Setting(
        "quota.grants", "Grants that AWS allows an Access Grants instance; AWS Support raises it.", .integer,
        default: "100000")
    static let gatewayBucket = Setting(
        "s3p.bucket", "Bucket of the S3 access pattern at /s3p.", default: "immuta")
    static let gatewayDomain = Setting(
        "s3p.domain", "Host whose subdomains are that bucket (<bucket>.<domain>), for tools that know no other style.")
    static let gatewayCompatibilitySecret = Setting(
        "s3p.allowCompatibilitySecret",
        "Take API keys with the secret 'immuta' at /s3p, as S3 tools are usually set up; without it, S3 key pairs only.",
        .flag, default: "true")
    static let gatewayAudit = Setting(
        "s3p.audit", "What of /s3p the audit log holds: none, writes (with refusals) or all.", default: "writes")
    static let logLevel = Setting(
        "log.level", "trace, debug, info, notice, warning, error or critical.", default: "info")

    static let url = Setting(
        "url", "Server that the client commands (integration, key) talk to.", default: "http://127.0.0.1:8080")
    static let apiKey = Setting("apiKey", "API key that the client commands send.", .secret)

    static let aws = [
        Setting("aws.region", "Region of calls that name none."),
        Setting("aws.profile", "Profile in AWS's shared files.", default: "default"),
        Setting("aws.accessKeyId", "Access key of the server's own identity (authenticationType auto)."),
        Setting("aws.secretAccessKey", "Its secret.", .secret),
        Setting("aws.sessionToken", "Its session token, for temporary credentials.", .secret),
        Setting("aws.sharedCredentialsFile", "AWS's shared credentials file.", default: "~/.aws/credentials"),
        Setting("aws.configFile", "AWS's shared configuration file.", default: "~/.aws/config"),
        Setting("aws.endpointUrl", "Endpoint of every AWS service, used as given."),
        Setting("aws.endpointUrlSts", "Endpoint of STS."),
        Setting("aws.endpointUrlS3", "Endpoint of S3."),
        Setting("aws.endpointUrlS3Control", "Endpoint of S3 Control."),
        Setting("aws.maxAttempts", "Attempts of an AWS call, the first one included.", .integer, default: "3"),
        Setting("aws.caBundle", "PEM file of the certificate authorities to trust, in place of the system's."),
    ]

    /// Everything that can be set, in the order `sluice doctor` prints it.
    public static let all =
        [
            httpHostname, httpPort, database, sandbox, sandboxPort, sandboxUsers, masterKey, bootstrapAPIKey,
            validationInterval, locationQuota, grantQuota, gatewayBucket, gatewayDomain, gatewayCompatibilitySecret,
            gatewayAudit,
            logLevel, url, apiKey,
        ] + aws
}
