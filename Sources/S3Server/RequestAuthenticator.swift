public import HTTPTypes
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
    public var identity: Identity

    public init(secret: Secret, sessionToken: Secret? = nil, expiration: Date? = nil, identity: Identity) {
        self.secret = secret
        self.sessionToken = sessionToken
        self.expiration = expiration
        self.identity = identity
    }
}

/// Who sent a request, proven by its signature.
public struct AuthenticatedRequest<Identity: Sendable>: Sendable {
    public var identity: Identity
    public var claim: SignatureClaim
    /// For verifying what the signature does not cover yet: the chunks of the body.
    public var key: SigningKey
}

/// Verifies the signature of a request, in its header or its query, and finds out whose it is.
public struct RequestAuthenticator<Identity: Sendable>: Sendable {
    private let regions: Set<String>
    private let defaultRegion: String
    private let lookUp: @Sendable (String) async throws -> AccessKeyRecord<Identity>?

    /// - Parameters:
    ///   - regions: which a request may be signed for.
    ///   - defaultRegion: named to a client that signed for another.
    ///   - lookUp: the record of an access key id.
    public init(
        regions: Set<String>, defaultRegion: String,
        lookUp: @escaping @Sendable (String) async throws -> AccessKeyRecord<Identity>?
    ) {
        self.regions = regions
        self.defaultRegion = defaultRegion
        self.lookUp = lookUp
    }

    /// - Parameters:
    ///   - request: its path in origin form.
    ///   - endpointRegion: the region the host names, where it names one.
    ///   - body: for services other than S3, whose signatures cover the body without naming its hash.
    /// - Throws: `S3Error` with S3's or STS's code for the failure.
    public func authenticate(
        _ request: HTTPRequest, service: String, endpointRegion: String? = nil, body: [UInt8]? = nil, now: Date
    ) async throws -> AuthenticatedRequest<Identity> {
        let errors = AuthenticationErrors(service: service)
        if errors.isSignatureVersion2(request) { throw errors.unsupportedMechanism }
        do {
            let claim = try SignatureClaim(request)
            let region = endpointRegion ?? (regions.contains(claim.scope.region) ? claim.scope.region : defaultRegion)
            guard let record = try await lookUp(claim.accessKeyID) else { throw errors.unknownKey(claim.accessKeyID) }
            let key = SigningKey(secret: record.secret, scope: claim.scope)
            let payload: PayloadHash? = service == "s3" ? nil : body.map(PayloadHash.body)
            try SignatureVerifier(service: service, region: region)
                .verify(claim, request, payload: payload, key: key, now: now)
            try check(record, claim, errors, now)
            return AuthenticatedRequest(identity: record.identity, claim: claim, key: key)
        } catch let error as SigV4Error {
            throw errors.error(for: error)
        }
    }

    private func check(
        _ record: AccessKeyRecord<Identity>, _ claim: SignatureClaim, _ errors: AuthenticationErrors, _ now: Date
    ) throws {
        guard record.sessionToken == claim.sessionToken.map({ Secret($0) }) else { throw errors.invalidToken }
        if let expiration = record.expiration, expiration <= now { throw errors.expiredToken }
    }
}
