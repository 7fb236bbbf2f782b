/// A group of regions with its own ARNs, DNS names and identities.
///
/// Source: botocore's `partitions.json`, as far as these clients need it.
public struct AWSPartition: Sendable, Hashable {
    /// The second part of its ARNs: `aws`, `aws-cn`, `aws-us-gov`, …
    public let id: String
    public let dnsSuffix: String
    /// The suffix of those services whose dual-stack hosts have one of their own, such as STS.
    public let dualStackDNSSuffix: String
    public let supportsFIPS: Bool
    private let regionPrefixes: [String]

    private init(
        _ id: String, _ dnsSuffix: String, dualStack: String, supportsFIPS: Bool = true, prefixes: [String]
    ) {
        self.id = id
        self.dnsSuffix = dnsSuffix
        dualStackDNSSuffix = dualStack
        self.supportsFIPS = supportsFIPS
        regionPrefixes = prefixes
    }

    /// The partition of a region; `aws` for one that no other claims, as AWS's SDKs do.
    public static func of(region: String) -> AWSPartition {
        others.first { $0.regionPrefixes.contains(where: region.hasPrefix) } ?? aws
    }

    public static let aws = AWSPartition("aws", "amazonaws.com", dualStack: "api.aws", prefixes: [])

    private static let others = [
        AWSPartition(
            "aws-cn", "amazonaws.com.cn", dualStack: "api.amazonwebservices.com.cn", supportsFIPS: false,
            prefixes: ["cn-"]),
        AWSPartition("aws-us-gov", "amazonaws.com", dualStack: "api.aws", prefixes: ["us-gov-"]),
        AWSPartition("aws-eusc", "amazonaws.eu", dualStack: "api.amazonwebservices.eu", prefixes: ["eusc-"]),
        AWSPartition("aws-iso-b", "sc2s.sgov.gov", dualStack: "api.aws.scloud", prefixes: ["us-isob-"]),
        AWSPartition("aws-iso-e", "cloud.adc-e.uk", dualStack: "api.cloud-aws.adc-e.uk", prefixes: ["eu-isoe-"]),
        AWSPartition(
            "aws-iso-f", "csp.hci.ic.gov", dualStack: "api.aws.hci.ic.gov", prefixes: ["us-isof-", "eu-isof-"]),
        AWSPartition("aws-iso", "c2s.ic.gov", dualStack: "api.aws.ic.gov", prefixes: ["us-iso-"]),
    ]
}
