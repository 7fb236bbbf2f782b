public import HTTPTypes

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Verifies the signatures of requests to one service.
///
/// A server parses the claim (`SignatureClaim`), looks up the secret of its access key and session token, and verifies:
/// ```swift
/// let claim = try SignatureClaim(request)
/// let key = SigningKey(secret: try await secret(of: claim), scope: claim.scope)
/// try verifier.verify(claim, request, key: key, now: .now)
/// ```
/// After that the body must be compared with `claim.payload`, by passing its hash or while it is read.
public struct SignatureVerifier: Sendable {
    public var service: String
    /// nil: any.
    public var region: String?
    public var pathRule: PathRule
    /// How far a request's date may be from the server's, in seconds.
    public var allowedSkew: Int

    /// - Parameter pathRule: nil: `.s3` when the service is `s3`, else `.general`.
    public init(service: String, region: String?, pathRule: PathRule? = nil, allowedSkew: Int = 900) {
        self.service = service
        self.region = region
        self.pathRule = pathRule ?? (service == "s3" ? .s3 : .general)
        self.allowedSkew = allowedSkew
    }

    /// Returns when the request is what the owner of the secret signed, for here and now.
    ///
    /// - Parameters:
    ///   - claim: The claim of this very request.
    ///   - request: As it came; its path is the request target in origin form.
    ///   - payload: The body or its hash, where it is at hand: it is compared with the claimed one. Services other than
    ///     S3 need it, unless the body is empty. nil: the claim is believed, and the caller compares later.
    ///   - key: Derived from the secret for `claim.scope`.
    public func verify(
        _ claim: SignatureClaim, _ request: HTTPRequest, payload: PayloadHash? = nil, key: SigningKey, now: Date
    ) throws(SigV4Error) {
        try checkScope(of: claim)
        try checkTime(of: claim, now: now)
        try checkSignedHeaders(of: claim, request)
        let hash = try payloadHash(of: claim, actual: payload)
        precondition(key.scope == claim.scope, "the key is derived for the claim's scope")
        let canonical = CanonicalRequest(
            request, signedHeaders: claim.signedHeaders, payload: hash, pathRule: pathRule,
            isPresigned: claim.location == .query)
        let stringToSign = canonical.stringToSign(timestamp: claim.timestamp, scope: claim.scope)
        guard key.isSignature(claim.signature, of: stringToSign) else {
            throw .signatureDoesNotMatch(canonicalRequest: canonical.description, stringToSign: stringToSign)
        }
    }

    /// As above, deriving the key from the secret.
    public func verify(
        _ claim: SignatureClaim, _ request: HTTPRequest, payload: PayloadHash? = nil, secret: Secret, now: Date
    ) throws(SigV4Error) {
        try verify(claim, request, payload: payload, key: SigningKey(secret: secret, scope: claim.scope), now: now)
    }

    private func checkScope(of claim: SignatureClaim) throws(SigV4Error) {
        let scope = claim.scope
        guard scope.service == service else {
            throw .wrongService(expected: service, actual: scope.service, claim.location)
        }
        if let region, scope.region != region {
            throw .wrongRegion(expected: region, actual: scope.region, claim.location)
        }
        guard claim.timestamp.hasPrefix(scope.day) else {
            throw .wrongDay(expected: String(claim.timestamp.prefix(8)), actual: scope.day, claim.location)
        }
    }

    private func checkTime(of claim: SignatureClaim, now: Date) throws(SigV4Error) {
        let age = now.timeIntervalSince(claim.date)
        guard let expires = claim.expires else {
            guard abs(age) <= Double(allowedSkew) else {
                throw .requestTimeTooSkewed(requestTime: claim.date, serverTime: now, allowedSkew: allowedSkew)
            }
            return
        }
        guard age >= -Double(allowedSkew) else { throw .notYetValid(validFrom: claim.date, serverTime: now) }
        guard age <= Double(expires) else {
            throw .expired(at: claim.date.addingTimeInterval(Double(expires)), serverTime: now)
        }
    }

    private func checkSignedHeaders(of claim: SignatureClaim, _ request: HTTPRequest) throws(SigV4Error) {
        guard claim.signedHeaders.contains("host") else { throw .missingSignedHeader("host") }
        for field in request.headerFields {
            let name = field.name.canonicalName
            guard name.hasPrefix("x-amz-"), !claim.signedHeaders.contains(name) else { continue }
            // Some services want the token added after signing; S3 does not.
            if name == "x-amz-security-token", pathRule == .general { continue }
            throw .missingSignedHeader(name)
        }
        for name in claim.signedHeaders where !(name == "host" && request.authority != nil) {
            guard request.headerFields.contains(where: { $0.name.canonicalName == name }) else {
                throw .missingSignedHeader(name)
            }
        }
        if claim.location == .header, !claim.signedHeaders.contains("x-amz-date"),
            !claim.signedHeaders.contains("date")
        {
            throw .missingSignedHeader("x-amz-date")
        }
    }

    private func payloadHash(of claim: SignatureClaim, actual: PayloadHash?) throws(SigV4Error) -> PayloadHash {
        guard let claimed = claim.payload else {
            switch (pathRule, claim.location) {
            case (.s3, .header): throw .missingPayloadHash
            case (.s3, .query): return .unsigned
            case (.general, _): return actual ?? .empty
            }
        }
        if let first = claimed.sha256, let second = actual?.sha256, first != second {
            throw .payloadHashMismatch(claimed: first, computed: second)
        }
        return claimed
    }
}
