public import HTTPTypes
import SigV4

/// A request's target taken apart.
public struct S3Target: Sendable, Equatable {
    /// With its target in origin form and the authority that was signed.
    public let request: HTTPRequest
    /// As on the wire, without the query and the mount.
    public let rawPath: String
    /// Decoded, once.
    public let path: String
    public let query: QueryItems
    /// The host without port, in lower case.
    public let host: String
    /// The bucket in front of the domain, for virtual-hosted addresses.
    public let hostBucket: String?

    /// - Parameters:
    ///   - mount: what the path begins with and S3 does not know of, such as `/s3p`. Signatures cover it.
    ///   - domain: under which a host's first labels are a bucket; nil: path style only.
    /// - Throws: `InvalidURI`.
    public init(_ request: HTTPRequest, mount: String = "", domain: String? = nil) throws(S3Error) {
        let request = Self.inOriginForm(request)
        let target = request.path ?? ""
        let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) ?? target.endIndex
        let host = Self.withoutPort(request.authority ?? "").lowercased()
        let hostBucket = domain.flatMap { domain in
            host.hasSuffix(".\(domain)") ? String(host.dropLast(domain.utf8.count + 1)) : nil
        }
        var raw = target[..<mark]
        if raw.hasPrefix(mount + "/") || raw == mount { raw = raw.dropFirst(mount.count) }
        let rawPath = raw.isEmpty ? "/" : String(raw)
        guard target.hasPrefix("/"), rawPath.hasPrefix("/"), let path = URIEncoding.decode(rawPath, plusIsSpace: false),
            let query = QueryItems(parsing: target[mark...].dropFirst())
        else { throw .invalidURI }
        self.request = request
        self.rawPath = rawPath
        self.path = path
        self.query = query
        self.host = host
        self.hostBucket = hostBucket?.isEmpty == true ? nil : hostBucket
    }

    /// Clients behind HTTP_PROXY send the absolute form (RFC 9112, section 3.2.2); they sign the origin form.
    private static func inOriginForm(_ request: HTTPRequest) -> HTTPRequest {
        let target = request.path ?? "/"
        guard !target.utf8.starts(with: "/".utf8),
            let scheme = ["http://", "https://"].first(where: { target.lowercased().hasPrefix($0) })
        else { return request }
        var request = request
        let rest = target.dropFirst(scheme.count)
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        request.authority = String(rest[..<end])
        request.path = rest[end...].hasPrefix("/") ? String(rest[end...]) : "/" + rest[end...]
        return request
    }

    private static func withoutPort(_ authority: String) -> String {
        guard let colon = authority.utf8.lastIndex(of: UInt8(ascii: ":")), !authority.hasSuffix("]") else {
            return authority
        }
        return String(authority[..<colon])
    }
}
