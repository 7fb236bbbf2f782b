public import HTTPTypes
public import NIOCore
public import SigV4

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// What a server knows of an access key.
public struct AccessKeyRecord<Identity: Sendable>: Sendable {
    public var secret: Secret
    /// Of temporary credentials: every request must carry it.
    public var sessionToken: Secret?
    public var expiration: Date?
    /// Whether `Authorization: AWS key:secret` is taken, the secret in the signature's place.
    public var acceptsSecretAsSignature: Bool
    public var identity: Identity

    public init(
        secret: Secret, sessionToken: Secret? = nil, expiration: Date? = nil, acceptsSecretAsSignature: Bool = false,
        identity: Identity
    ) {
        self.secret = secret
        self.sessionToken = sessionToken
        self.expiration = expiration
        self.acceptsSecretAsSignature = acceptsSecretAsSignature
        self.identity = identity
    }
}

/// Who sent a request, proven by its signature.
public struct AuthenticatedRequest<Identity: Sendable>: Sendable {
    public var identity: Identity
    /// Whose endpoint the client believes it is talking to.
    public var region: String
    /// Nil for requests without a signature, or with one of version 2.
    public var claim: SignatureClaim?
    /// For verifying what the signature does not cover yet: the chunks of the body.
    public var key: SigningKey?

    /// The request's body, which is verified while it is read.
    /// - Throws: as `S3BodyDecoder`.
    public func upload(
        _ body: some AsyncSequence<ByteBuffer, any Error> & Sendable, headers: HTTPFields, for operation: S3Operation,
        wanted: S3BodyDecoder.Wanted = .all
    ) throws(S3Error) -> S3Upload {
        var headers = headers
        if operation == .completeMultipartUpload {
            // The checksum is that of the object which the parts make.
            for algorithm in S3ChecksumAlgorithm.allCases { headers[algorithm.fieldName] = nil }
        }
        return S3Upload(
            body, decoder: try decoder(headers: headers, wanted: wanted), waitsForContinue: headers.expectsContinue)
    }

    /// As `upload`, for a body that is at hand.
    public func decode(_ body: [UInt8], headers: HTTPFields) throws(S3Error) -> [UInt8] {
        var decoder = try decoder(headers: headers, wanted: .claimed)
        decoder.append(ByteBuffer(bytes: body))
        var decoded: [UInt8] = []
        while let data = try decoder.next() { decoded.append(contentsOf: data.readableBytesView) }
        _ = try decoder.finish()
        return decoded
    }

    private func decoder(headers: HTTPFields, wanted: S3BodyDecoder.Wanted) throws(S3Error) -> S3BodyDecoder {
        var verifier: ChunkVerifier?
        if let claim, let key { verifier = ChunkVerifier(claim: claim, key: key) }
        // Unsigned requests may stream too, without signatures of chunks.
        let payload = claim.map(\.payload) ?? headers[.contentSHA256].flatMap { PayloadHash(header: $0) }
        if claim == nil, case .streaming(let mode)? = payload, mode != .unsignedTrailer {
            throw .invalidRequest("A body with signed chunks needs a signed request.")
        }
        return try S3BodyDecoder(headers: headers, payload: payload, verifier: verifier, wanted: wanted)
    }
}

/// Verifies the signature of a request, in its header or its query, and finds out whose it is.
public struct RequestAuthenticator<Identity: Sendable>: Sendable {
    private let regions: Set<String>
    private let defaultRegion: String
    private let anonymous: Identity?
    private let keys = SigningKeys()
    private let lookUp: @Sendable (String) async throws -> AccessKeyRecord<Identity>?

    /// - Parameters:
    ///   - regions: those the server tells apart. A request to S3 signed for another one is taken as one for
    ///     `defaultRegion`, for S3-compatible products are used with any text; other services refuse it.
    ///   - anonymous: who sends requests to S3 without a signature; nil: they are refused.
    ///   - lookUp: the record of an access key id.
    public init(
        regions: Set<String>, defaultRegion: String, anonymous: Identity? = nil,
        lookUp: @escaping @Sendable (String) async throws -> AccessKeyRecord<Identity>?
    ) {
        self.regions = regions
        self.defaultRegion = defaultRegion
        self.anonymous = anonymous
        self.lookUp = lookUp
    }

    /// - Parameters:
    ///   - request: its path in origin form.
    ///   - query: that of the path, decoded.
    ///   - endpointRegion: the region the host names, where it names one.
    ///   - hostBucket: the bucket the host names, where it names one.
    ///   - body: for services other than S3, whose signatures cover the body without naming its hash.
    /// - Throws: `S3Error` with S3's or STS's code for the failure.
    public func authenticate(
        _ request: HTTPRequest, query: QueryItems, service: String, endpointRegion: String? = nil,
        hostBucket: String? = nil, body: [UInt8]? = nil, now: Date
    ) async throws -> AuthenticatedRequest<Identity> {
        let errors = AuthenticationErrors(service: service)
        if let old = try SignatureV2(request, query: query) {
            guard service == "s3" else { throw errors.unsupportedMechanism }
            return try await authenticate(request, query, old, hostBucket, errors, now)
        }
        if service == "s3", let text = query["X-Amz-Expires"], let seconds = Int(text), seconds <= 0 {
            throw S3Error.accessDenied("Request has expired")
        }
        do {
            let claim = try SignatureClaim(request, query: query.items)
            let known = service != "s3" || regions.contains(claim.scope.region)
            let region = endpointRegion ?? (known ? defaultRegionUnlessKnown(claim.scope.region) : claim.scope.region)
            guard let record = try await lookUp(claim.accessKeyID) else { throw errors.unknownKey(claim.accessKeyID) }
            let payload: PayloadHash? = service == "s3" ? nil : body.map(PayloadHash.body)
            let key = try keys.withKey(
                accessKeyID: claim.accessKeyID, secret: record.secret, scope: claim.scope
            ) { key throws(SigV4Error) in
                try SignatureVerifier(service: service, region: region)
                    .verify(claim, request, payload: payload, key: key, now: now)
                return key
            }
            guard record.sessionToken == claim.sessionToken.map({ Secret($0) }) else { throw errors.invalidToken }
            try check(record, errors, now)
            return AuthenticatedRequest(
                identity: record.identity, region: known ? claim.scope.region : endpointRegion ?? defaultRegion,
                claim: claim, key: key)
        } catch SigV4Error.missingAuthentication {
            guard service == "s3", let anonymous else { throw errors.error(for: .missingAuthentication) }
            return AuthenticatedRequest(identity: anonymous, region: endpointRegion ?? defaultRegion)
        } catch let error as SigV4Error {
            throw errors.error(for: error)
        }
    }

    private func defaultRegionUnlessKnown(_ region: String) -> String {
        regions.contains(region) ? region : defaultRegion
    }

    private func authenticate(
        _ request: HTTPRequest, _ query: QueryItems, _ signature: SignatureV2, _ hostBucket: String?,
        _ errors: AuthenticationErrors,
        _ now: Date
    ) async throws -> AuthenticatedRequest<Identity> {
        guard let record = try await lookUp(signature.accessKeyID) else {
            throw errors.unknownKey(signature.accessKeyID)
        }
        let isSecret = record.acceptsSecretAsSignature && Secret(signature.signature) == record.secret
        if !isSecret || signature.expires != nil {
            try signature.verify(request, query: query, secret: record.secret, hostBucket: hostBucket, now: now)
        }
        let token = request.headerFields[.amzSecurityToken].map { Secret($0) }
        guard record.sessionToken == token else { throw errors.invalidToken }
        try check(record, errors, now)
        return AuthenticatedRequest(identity: record.identity, region: defaultRegion)
    }

    private func check(
        _ record: AccessKeyRecord<Identity>, _ errors: AuthenticationErrors, _ now: Date
    ) throws {
        if let expiration = record.expiration, expiration <= now { throw errors.expiredToken }
    }
}

extension HTTPField.Name {
    static let contentSHA256 = Self(known: "x-amz-content-sha256")
    static let amzSecurityToken = Self(known: "x-amz-security-token")
}
