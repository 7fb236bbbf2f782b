/// Where the services are: AWS's own hosts, or endpoints given in their place.
///
/// The variables are AWS's own. A custom endpoint is used as given: no account id and no bucket in front of its host.
public struct EndpointConfiguration: Sendable, Equatable {
    public var sts: CustomEndpoint?
    public var s3: CustomEndpoint?
    public var s3Control: CustomEndpoint?
    public var usesFIPS: Bool
    public var usesDualStack: Bool

    public init(
        sts: CustomEndpoint? = nil, s3: CustomEndpoint? = nil, s3Control: CustomEndpoint? = nil,
        usesFIPS: Bool = false, usesDualStack: Bool = false
    ) {
        self.sts = sts
        self.s3 = s3
        self.s3Control = s3Control
        self.usesFIPS = usesFIPS
        self.usesDualStack = usesDualStack
    }

    /// Every service at one endpoint.
    public init(all endpoint: CustomEndpoint) {
        self.init(sts: endpoint, s3: endpoint, s3Control: endpoint)
    }

    /// Reads `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_STS`, `_S3`, `_S3_CONTROL`, `AWS_USE_FIPS_ENDPOINT` and
    /// `AWS_USE_DUALSTACK_ENDPOINT`. Throws `AWSError.Kind.invalidRequest`, naming the variable that cannot be read.
    public init(environment: [String: String]) throws(AWSError) {
        func endpoint(_ name: String) throws(AWSError) -> CustomEndpoint? {
            guard let text = environment[name], !text.isEmpty else { return nil }
            guard let endpoint = CustomEndpoint(text) else {
                throw .invalidRequest("\(name) is not an http or https URL of a host", "configuration")
            }
            return endpoint
        }
        func flag(_ name: String) throws(AWSError) -> Bool {
            switch environment[name]?.lowercased() ?? "" {
            case "", "false": return false
            case "true": return true
            default: throw .invalidRequest("\(name) is neither true nor false", "configuration")
            }
        }
        let common = try endpoint("AWS_ENDPOINT_URL")
        self.init(
            sts: try endpoint("AWS_ENDPOINT_URL_STS") ?? common,
            s3: try endpoint("AWS_ENDPOINT_URL_S3") ?? common,
            s3Control: try endpoint("AWS_ENDPOINT_URL_S3_CONTROL") ?? common,
            usesFIPS: try flag("AWS_USE_FIPS_ENDPOINT"),
            usesDualStack: try flag("AWS_USE_DUALSTACK_ENDPOINT"))
    }
}

/// An endpoint in place of AWS's: `http` or `https`, a host with an optional port, an optional path in front of all.
public struct CustomEndpoint: Sendable, Equatable {
    public let scheme: String
    /// Host and port as they go into `Host`.
    public let authority: String
    /// Empty, or begins with a slash and does not end with one.
    public let basePath: String

    /// nil for anything but `http(s)://host[:port][/path]`: no user, query or fragment.
    public init?(_ url: String) {
        let lowered = url.lowercased()
        let schemes = ["http", "https"].filter { lowered.hasPrefix($0 + "://") }
        guard let scheme = schemes.first else { return nil }
        let rest = url.dropFirst(scheme.count + 3)
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let authority = rest[..<slash]
        guard !authority.isEmpty, authority.utf8.allSatisfy(Self.isAuthorityByte),
            rest[slash...].utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && !"?#\\".utf8.contains($0) })
        else { return nil }
        var path = rest[slash...]
        while path.hasSuffix("/") { path.removeLast() }
        self.scheme = scheme
        self.authority = String(authority)
        basePath = String(path)
    }

    private static func isAuthorityByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "-._:[]".utf8.contains(byte)
        }
    }
}
