public import HTTPTypes

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Signs requests with AWS Signature Version 4.
///
/// The request's path is sent and signed as it is: percent-encoded, in origin form (see `URIEncoding`). `host` is its
/// `Host` field or its authority; one of the two must be there, with the port if it is not the scheme's own.
public struct Signer: Sendable {
    public var credentials: AWSCredentials
    public var region: String
    public var service: String
    public var pathRule: PathRule
    /// Leave the session token out of the signature and add it afterwards, as a few services want (S3 does not).
    public var omitsSessionToken: Bool
    /// Send `x-amz-content-sha256`: S3 demands it, other services don't.
    public var sendsPayloadHash: Bool

    /// - Parameters:
    ///   - pathRule: nil: `.s3` when the service is `s3`, else `.general`.
    ///   - sendsPayloadHash: nil: when the path rule is S3's.
    public init(
        credentials: AWSCredentials, region: String, service: String, pathRule: PathRule? = nil,
        omitsSessionToken: Bool = false, sendsPayloadHash: Bool? = nil
    ) {
        let pathRule = pathRule ?? (service == "s3" ? .s3 : .general)
        self.credentials = credentials
        self.region = region
        self.service = service
        self.pathRule = pathRule
        self.omitsSessionToken = omitsSessionToken
        self.sendsPayloadHash = sendsPayloadHash ?? (pathRule == .s3)
    }

    /// The key for the day of `date`, for those who keep it.
    public func signingKey(at date: Date) -> SigningKey {
        SigningKey(
            secret: credentials.secretAccessKey,
            scope: CredentialScope(date: date, region: region, service: service))
    }

    /// The request with `x-amz-date`, `x-amz-security-token`, `x-amz-content-sha256` (as far as they apply) and
    /// `Authorization`, which replace those it had. Every header field is signed but those that proxies and clients
    /// change on the way (`Connection`, `User-Agent`, …).
    /// - Parameter key: A kept `signingKey(at:)`; one of another scope is not used.
    public func sign(
        _ request: HTTPRequest, payload: PayloadHash, at date: Date, key: SigningKey? = nil
    ) -> HTTPRequest {
        signed(request, payload: payload, at: date, key: key).request
    }

    /// The request signed for a body in signed chunks, and what signs those.
    public func signStreaming(
        _ request: HTTPRequest, payload: StreamingPayload, at date: Date, key: SigningKey? = nil
    ) -> (request: HTTPRequest, chunks: ChunkSigner) {
        let (request, signature, key) = signed(request, payload: .streaming(payload), at: date, key: key)
        return (request, ChunkSigner(seed: signature, timestamp: AmzDate.format(date), key: key))
    }

    private func signed(
        _ request: HTTPRequest, payload: PayloadHash, at date: Date, key: SigningKey?
    ) -> (request: HTTPRequest, signature: String, key: SigningKey) {
        let timestamp = AmzDate.format(date)
        let key = self.key(timestamp: timestamp, kept: key)
        var request = request
        request.headerFields[.authorization] = nil
        request.headerFields[.amzDate] = timestamp
        request.headerFields[.amzSecurityToken] = omitsSessionToken ? nil : credentials.sessionToken
        if sendsPayloadHash { request.headerFields[.amzContentSHA256] = payload.header }

        let names = Self.headersToSign(of: request)
        let canonical = CanonicalRequest(request, signedHeaders: names, payload: payload, pathRule: pathRule)
        let signature = key.signature(of: canonical.stringToSign(timestamp: timestamp, scope: key.scope))
        let credential = "\(credentials.accessKeyID)/\(key.scope)"
        let signedHeaders = names.joined(separator: ";")
        request.headerFields[.authorization] =
            "AWS4-HMAC-SHA256 Credential=\(credential), SignedHeaders=\(signedHeaders), Signature=\(signature)"
        if omitsSessionToken { request.headerFields[.amzSecurityToken] = credentials.sessionToken }
        return (request, signature, key)
    }

    /// The request with the signature in its query: whoever has its URL may send it until it expires.
    /// - Parameters:
    ///   - expires: Seconds from `date` on; AWS takes 1 to 604,800.
    ///   - payload: nil: unsigned for S3, else empty.
    public func presign(
        _ request: HTTPRequest, expires: Int, at date: Date, payload: PayloadHash? = nil, key: SigningKey? = nil
    ) -> HTTPRequest {
        let timestamp = AmzDate.format(date)
        let key = self.key(timestamp: timestamp, kept: key)
        var request = request
        let names = Self.headersToSign(of: request)
        var added = [
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
            ("X-Amz-Credential", "\(credentials.accessKeyID)/\(key.scope)"),
            ("X-Amz-Date", timestamp),
            ("X-Amz-SignedHeaders", names.joined(separator: ";")),
            ("X-Amz-Expires", String(expires)),
        ]
        let token = credentials.sessionToken.map { ("X-Amz-Security-Token", $0) }
        if let token, !omitsSessionToken { added.append(token) }
        request.add(added)
        let canonical = CanonicalRequest(
            request, signedHeaders: names, payload: payload ?? (pathRule == .s3 ? .unsigned : .empty),
            pathRule: pathRule)
        if let token, omitsSessionToken { request.add([token]) }
        let signature = key.signature(of: canonical.stringToSign(timestamp: timestamp, scope: key.scope))
        request.add([("X-Amz-Signature", signature)])
        return request
    }

    private func key(timestamp: String, kept: SigningKey?) -> SigningKey {
        let scope = CredentialScope(day: String(timestamp.prefix(8)), region: region, service: service)
        if let kept, kept.scope == scope { return kept }
        return SigningKey(secret: credentials.secretAccessKey, scope: scope)
    }

    private static func headersToSign(of request: HTTPRequest) -> [String] {
        var names: Set<String> = ["host"]
        for field in request.headerFields where !unsigned.contains(field.name.canonicalName) {
            names.insert(field.name.canonicalName)
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// What botocore leaves unsigned too.
    private static let unsigned: Set = [
        "authorization", "connection", "expect", "keep-alive", "proxy-authenticate", "proxy-authorization", "te",
        "trailer", "transfer-encoding", "upgrade", "user-agent", "x-amzn-trace-id",
    ]
}

extension HTTPRequest {
    fileprivate mutating func add(_ parameters: [(name: String, value: String)]) {
        var target = path ?? "/"
        for (name, value) in parameters {
            target += target.utf8.contains(UInt8(ascii: "?")) ? "&" : "?"
            target += "\(name)=\(URIEncoding.encode(value))"
        }
        path = target
    }
}
