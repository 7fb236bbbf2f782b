import HTTPTypes
import S3Server
import SigV4

/// A request's target taken apart, and which of the services it is for.
///
/// Routed by content, not by host: `/v20180820/` is S3 Control, a form posted to `/` is STS, `/_sandbox/` the sandbox's
/// own, the rest S3.
struct SandboxTarget: Sendable, Equatable {
    enum Service: Sendable, Equatable {
        case s3
        case s3Control
        case sts
        case admin

        /// Its name in signatures.
        var signingName: String {
            switch self {
            case .s3, .s3Control: "s3"
            case .sts, .admin: "sts"
            }
        }
    }

    let service: Service
    let s3: S3Target
    /// The account id in front of the host; nil where there is none.
    let hostAccount: String?
    /// The Region an AWS host names (`s3-control.eu-west-1.amazonaws.com`); nil for others.
    let hostRegion: String?
    /// The bucket in front of the host, for virtual-hosted addresses.
    let hostBucket: String?

    var request: HTTPRequest { s3.request }
    /// As on the wire, without the query.
    var rawPath: String { s3.rawPath }
    var query: QueryItems { s3.query }

    /// - Parameter bucketDomain: under which a host's first label is a bucket.
    /// - Throws: `InvalidURI`.
    init(_ request: HTTPRequest, bucketDomain: String?) throws(S3Error) {
        s3 = try S3Target(request, domain: bucketDomain)
        let labels = s3.host.split(separator: ".").map(String.init)
        hostAccount = labels.first.flatMap { labels.count > 1 && AccountID.isValid($0) ? $0 : nil }
        hostRegion = Self.region(labels)
        hostBucket = s3.hostBucket.flatMap { name in
            S3Path.isBucketName(name) && name != "s3" && !AccountID.isValid(name) ? name : nil
        }
        service = Self.service(s3.request, path: s3.rawPath)
    }

    private static func service(_ request: HTTPRequest, path: String) -> Service {
        if path.hasPrefix(AccessGrantsRoute.prefix) { return .s3Control }
        if path.hasPrefix("/_sandbox/") { return .admin }
        let isForm =
            request.headerFields[.contentType]?.lowercased().hasPrefix("application/x-www-form-urlencoded") ?? false
        return request.method == .post && path == "/" && isForm ? .sts : .s3
    }

    /// `….{service}.{region}.amazonaws.com[.cn]`.
    private static func region(_ labels: [String]) -> String? {
        guard let amazon = labels.lastIndex(of: "amazonaws"), amazon >= 2 else { return nil }
        let region = labels[amazon - 1]
        return SandboxDefaults.regions.contains(region) ? region : nil
    }
}
