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
    /// The request with its target in origin form and the authority that was signed.
    let request: HTTPRequest
    /// As on the wire, without the query.
    let rawPath: String
    let path: String
    let query: QueryItems
    /// The account id in front of the host; nil where there is none.
    let hostAccount: String?
    /// The Region an AWS host names (`s3-control.eu-west-1.amazonaws.com`); nil for others.
    let hostRegion: String?
    /// The bucket in front of the host, for virtual-hosted addresses.
    let hostBucket: String?

    /// - Parameter bucketDomain: under which a host's first label is a bucket.
    /// - Throws: `InvalidURI`.
    init(_ request: HTTPRequest, bucketDomain: String?) throws(S3Error) {
        let request = Self.inOriginForm(request)
        let target = request.path ?? ""
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard target.hasPrefix("/"), let rawPath = parts.first.map(String.init),
            let path = URIEncoding.decode(rawPath, plusIsSpace: false),
            let query = QueryItems(parsing: parts.count == 2 ? parts[1] : "")
        else { throw .invalidURI }
        self.request = request
        self.rawPath = rawPath
        self.path = path
        self.query = query
        let host = Self.withoutPort(request.authority ?? "")
        let labels = host.split(separator: ".").map(String.init)
        hostAccount = labels.first.flatMap { labels.count > 1 && AccountID.isValid($0) ? $0 : nil }
        hostRegion = Self.region(labels)
        hostBucket = bucketDomain.flatMap { domain in
            guard host.hasSuffix(".\(domain)") else { return nil }
            let name = String(host.dropLast(domain.utf8.count + 1))
            return S3Path.isBucketName(name) && name != "s3" && !AccountID.isValid(name) ? name : nil
        }
        service = Self.service(request, path: rawPath)
    }

    /// Clients behind HTTP_PROXY send the absolute form (RFC 9112, section 3.2.2); they sign the origin form.
    private static func inOriginForm(_ request: HTTPRequest) -> HTTPRequest {
        var request = request
        let target = request.path ?? "/"
        guard let scheme = ["http://", "https://"].first(where: { target.lowercased().hasPrefix($0) }) else {
            return request
        }
        let rest = target.dropFirst(scheme.count)
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        request.authority = String(rest[..<end])
        request.path = rest[end...].hasPrefix("/") ? String(rest[end...]) : "/" + rest[end...]
        return request
    }

    private static func service(_ request: HTTPRequest, path: String) -> Service {
        if path.hasPrefix(AccessGrantsRoute.prefix) { return .s3Control }
        if path.hasPrefix("/_sandbox/") { return .admin }
        let isForm =
            request.headerFields[.contentType]?.lowercased().hasPrefix("application/x-www-form-urlencoded") ?? false
        return request.method == .post && path == "/" && isForm ? .sts : .s3
    }

    private static func withoutPort(_ authority: String) -> String {
        guard let colon = authority.lastIndex(of: ":"), !authority.hasSuffix("]") else { return authority }
        return String(authority[..<colon])
    }

    /// `….{service}.{region}.amazonaws.com[.cn]`.
    private static func region(_ labels: [String]) -> String? {
        guard let amazon = labels.lastIndex(of: "amazonaws"), amazon >= 2 else { return nil }
        let region = labels[amazon - 1]
        return SandboxDefaults.regions.contains(region) ? region : nil
    }
}
