import Crypto
import HTTPTypes
import SigV4

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Signature Version 2, S3's first: HMAC-SHA1 of a few headers, in `Authorization: AWS key:signature` or in a presigned
/// query (`AWSAccessKeyId`, `Expires`, `Signature`). It says nothing of the body.
struct SignatureV2: Sendable, Equatable {
    let accessKeyID: String
    /// Base64.
    let signature: String
    /// Seconds since 1970, of a presigned request.
    let expires: Int?

    /// How far a request's date may be from the server's, in seconds.
    private static let allowedSkew = 900.0

    /// Query parameters that are part of the resource.
    private static let subresources: Set<String> = [
        "accelerate", "acl", "cors", "delete", "lifecycle", "location", "logging", "notification", "partNumber",
        "policy", "requestPayment", "response-cache-control", "response-content-disposition",
        "response-content-encoding", "response-content-language", "response-content-type", "response-expires",
        "restore", "tagging", "torrent", "uploadId", "uploads", "versionId", "versioning", "versions", "website",
    ]

    /// Nil when the request claims no signature of this version.
    /// - Throws: `InvalidArgument` or `AccessDenied` for a malformed one.
    init?(_ request: HTTPRequest, query: QueryItems) throws(S3Error) {
        if let header = request.headerFields[.authorization] {
            guard header.hasPrefix("AWS ") else { return nil }
            let parts = header.dropFirst(4).split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
                throw .invalidArgument("Authorization header is invalid -- one and only one ' ' (space) required")
            }
            (accessKeyID, signature, expires) = (String(parts[0]), String(parts[1]), nil)
            return
        }
        guard let id = query["AWSAccessKeyId"] else { return nil }
        guard let signature = query["Signature"], let text = query["Expires"], let expires = Int(text) else {
            throw .accessDenied(
                "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters")
        }
        (accessKeyID, self.signature, self.expires) = (id, signature, expires)
    }

    /// - Parameters:
    ///   - query: that of the request's path, decoded.
    ///   - hostBucket: the bucket of a virtual-hosted address, which is part of what is signed.
    /// - Throws: `SignatureDoesNotMatch`, `RequestTimeTooSkewed` or `AccessDenied`.
    func verify(
        _ request: HTTPRequest, query: QueryItems, secret: Secret, hostBucket: String?, now: Date
    ) throws(S3Error) {
        try checkDate(request, now: now)
        let key = SymmetricKey(data: Array(secret.reveal().utf8))
        let isRight = Self.resources(request, query, hostBucket).contains { resource in
            let text = Array(stringToSign(request, resource).utf8)
            let code = HMAC<Insecure.SHA1>.authenticationCode(for: text, using: key)
            return Secret(Data(code).base64EncodedString()) == Secret(signature)
        }
        guard isRight else {
            throw S3Error(
                "SignatureDoesNotMatch", 403,
                "The request signature we calculated does not match the signature you provided. Check your key and "
                    + "signing method.",
                elements: [.init("AWSAccessKeyId", accessKeyID)])
        }
    }

    private func checkDate(_ request: HTTPRequest, now: Date) throws(S3Error) {
        if let expires {
            guard now.timeIntervalSince1970 <= Double(expires) else { throw .accessDenied("Request has expired") }
            return
        }
        let headers = request.headerFields
        guard let text = headers[.amzDate] ?? headers[.date], let date = HTTPDate.parse(text),
            date.timeIntervalSince1970 >= 0
        else {
            throw .accessDenied("AWS authentication requires a valid Date or x-amz-date header")
        }
        guard abs(now.timeIntervalSince(date)) <= Self.allowedSkew else {
            throw S3Error(
                "RequestTimeTooSkewed", 403,
                "The difference between the request time and the current time is too large.",
                elements: [.init("RequestTime", text), .init("MaxAllowedSkewMilliseconds", "900000")])
        }
    }

    private func stringToSign(_ request: HTTPRequest, _ resource: String) -> String {
        let headers = request.headerFields
        var amazon: [String: [String]] = [:]
        for field in headers where field.name.canonicalName.hasPrefix("x-amz-") {
            amazon[field.name.canonicalName, default: []].append(field.value)
        }
        let date = expires.map { String($0) } ?? (amazon["x-amz-date"] == nil ? headers[.date] ?? "" : "")
        let lines = [
            request.method.rawValue, headers[.contentMD5] ?? "", headers[.contentType] ?? "", date,
        ]
        let amazonLines = amazon.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value.joined(separator: ","))\n" }
        return lines.joined(separator: "\n") + "\n" + amazonLines.joined() + resource
    }

    /// What the resource may have been signed as: clients sign a bucket with a slash behind it, whether they send one or
    /// not.
    private static func resources(_ request: HTTPRequest, _ query: QueryItems, _ hostBucket: String?) -> [String] {
        let path = (request.path ?? "/").split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)[0]
        let parameters = query.items.filter { subresources.contains($0.name) }
            .sorted { $0.name < $1.name }
            .map { $0.value.isEmpty ? $0.name : "\($0.name)=\($0.value)" }
        let query = parameters.isEmpty ? "" : "?" + parameters.joined(separator: "&")
        let full = (hostBucket.map { "/\($0)" } ?? "") + path
        let isBucket = full.utf8.dropFirst().allSatisfy { $0 != UInt8(ascii: "/") } && full.utf8.count > 1
        return isBucket ? [full + query, full + "/" + query] : [full + query]
    }
}

extension HTTPField.Name {
    static let amzDate = Self(known: "x-amz-date")
}
