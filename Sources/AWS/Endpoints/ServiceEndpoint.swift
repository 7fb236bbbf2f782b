/// The services these clients speak to.
enum AWSService: Sendable {
    case sts, s3, s3Control

    /// The service of the credential scope; S3 Control signs as S3.
    var signingName: String {
        switch self {
        case .sts: "sts"
        case .s3, .s3Control: "s3"
        }
    }
}

/// Where one request goes.
struct ServiceEndpoint: Sendable, Equatable {
    var scheme: String
    var authority: String
    /// In front of the operation's own path; holds the bucket where it is addressed by path.
    var basePath: String
    var signingRegion: String
}

extension EndpointConfiguration {
    /// `sts.{region}.{suffix}`; `aws-global` is the old host for all, which signs as us-east-1.
    func stsEndpoint(region: String, operation: String) throws(AWSError) -> ServiceEndpoint {
        try Self.check(region: region, operation)
        let isGlobal = region == "aws-global"
        let signingRegion = isGlobal ? "us-east-1" : region
        if let sts { return ServiceEndpoint(sts, signingRegion) }
        let partition = try partition(region, operation)
        if isGlobal { return ServiceEndpoint(host: "sts.amazonaws.com", signingRegion) }
        // GovCloud's plain hosts are the validated ones.
        let service = usesFIPS && !(partition.id == "aws-us-gov" && !usesDualStack) ? "sts-fips" : "sts"
        let suffix = usesDualStack ? partition.dualStackDNSSuffix : partition.dnsSuffix
        return ServiceEndpoint(host: "\(service).\(region).\(suffix)", signingRegion)
    }

    /// `{account}.s3-control[-fips][.dualstack].{region}.{suffix}`.
    func s3ControlEndpoint(region: String, account: String, operation: String) throws(AWSError) -> ServiceEndpoint {
        try Self.check(region: region, operation)
        guard account.utf8.count == 12, account.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw .invalidRequest("an AWS account id has 12 digits", operation)
        }
        if let s3Control { return ServiceEndpoint(s3Control, region) }
        let suffix = try partition(region, operation).dnsSuffix
        let service = usesFIPS ? "s3-control-fips" : "s3-control"
        let stack = usesDualStack ? ".dualstack" : ""
        return ServiceEndpoint(host: "\(account).\(service)\(stack).\(region).\(suffix)", region)
    }

    /// By virtual host where the bucket's name can be one label of a certified host, by path otherwise and at custom
    /// endpoints.
    func s3Endpoint(region: String, bucket: String?, operation: String) throws(AWSError) -> ServiceEndpoint {
        try Self.check(region: region, operation)
        if let bucket, !Self.isBucketName(bucket) { throw .invalidRequest("no bucket can have this name", operation) }
        var endpoint: ServiceEndpoint
        if let s3 {
            endpoint = ServiceEndpoint(s3, region)
            if let bucket { endpoint.basePath += "/\(bucket)" }
            return endpoint
        }
        let suffix = try partition(region, operation).dnsSuffix
        let service = usesFIPS ? "s3-fips" : "s3"
        let stack = usesDualStack ? ".dualstack" : ""
        endpoint = ServiceEndpoint(host: "\(service)\(stack).\(region).\(suffix)", region)
        guard let bucket else { return endpoint }
        if Self.isHostLabel(bucket), bucket == bucket.lowercased() {
            endpoint.authority = "\(bucket).\(endpoint.authority)"
        } else {
            endpoint.basePath = "/\(bucket)"
        }
        return endpoint
    }

    private func partition(_ region: String, _ operation: String) throws(AWSError) -> AWSPartition {
        let partition = AWSPartition.of(region: region)
        if usesFIPS, !partition.supportsFIPS { throw .invalidRequest("partition does not support FIPS", operation) }
        return partition
    }

    private static func check(region: String, _ operation: String) throws(AWSError) {
        guard isHostLabel(region) else { throw .invalidRequest("no region can have this name", operation) }
    }

    private static func isHostLabel(_ text: String) -> Bool {
        (1...63).contains(text.utf8.count) && text.first != "-" && text.last != "-"
            && text.utf8.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") }
    }

    /// Wide enough for the old buckets of us-east-1, which may have capital letters and underscores.
    private static func isBucketName(_ text: String) -> Bool {
        (3...255).contains(text.utf8.count)
            && text.utf8.allSatisfy { isLetterOrDigit($0) || "-._".utf8.contains($0) }
            && text.utf8.contains(where: isLetterOrDigit)
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}

extension ServiceEndpoint {
    fileprivate init(_ custom: CustomEndpoint, _ signingRegion: String) {
        self.init(
            scheme: custom.scheme, authority: custom.authority, basePath: custom.basePath,
            signingRegion: signingRegion)
    }

    fileprivate init(host: String, _ signingRegion: String) {
        self.init(scheme: "https", authority: host, basePath: "", signingRegion: signingRegion)
    }
}
