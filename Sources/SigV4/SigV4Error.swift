#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Why a request's signature was refused. In brackets: the code that S3 answers, and its status.
public enum SigV4Error: Error, Sendable, Equatable {
    /// Neither an `Authorization` header nor a presigned query [AccessDenied 403].
    case missingAuthentication
    /// Both of them [InvalidArgument 400].
    case multipleAuthentications
    /// Another algorithm than `AWS4-HMAC-SHA256`, such as Signature Version 2 or 4A [InvalidRequest 400].
    case unsupportedAlgorithm(String)
    /// [AuthorizationHeaderMalformed 400]
    case malformedAuthorization(String)
    /// [AuthorizationQueryParametersError 400]
    case malformedQuery(String)
    /// Neither `x-amz-date` nor `Date`, or not a date [AccessDenied 403].
    case missingDate
    /// The scope's region is not this one [AuthorizationHeaderMalformed or AuthorizationQueryParametersError 400 with a
    /// `Region` element].
    case wrongRegion(expected: String, actual: String, SignatureClaim.Location)
    /// The scope's service is not this one [as above].
    case wrongService(expected: String, actual: String, SignatureClaim.Location)
    /// The scope's day is not the request's [as above].
    case wrongDay(expected: String, actual: String, SignatureClaim.Location)
    /// [RequestTimeTooSkewed 403]
    case requestTimeTooSkewed(requestTime: Date, serverTime: Date, allowedSkew: Int)
    /// A presigned request before its time [AccessDenied 403, "Request is not valid yet"].
    case notYetValid(validFrom: Date, serverTime: Date)
    /// A presigned request after its time [AccessDenied 403, "Request has expired"].
    case expired(at: Date, serverTime: Date)
    /// A header that must be signed is not (`host`, a present `x-amz-*`) [AccessDenied 403, "There were headers present
    /// in the request which were not signed"], or one that is said to be signed is not in the request.
    case missingSignedHeader(String)
    /// No `x-amz-content-sha256` [InvalidRequest 400, "Missing required header for this request: x-amz-content-sha256"].
    case missingPayloadHash
    /// `x-amz-content-sha256` is neither a SHA-256 nor a known marker [InvalidArgument 400].
    case invalidPayloadHash(String)
    /// The body is not the one that was signed [XAmzContentSHA256Mismatch 400].
    case payloadHashMismatch(claimed: String, computed: String)
    /// [SignatureDoesNotMatch 403] Both texts are made from the request alone and may be answered.
    case signatureDoesNotMatch(canonicalRequest: String, stringToSign: String)
    /// A chunk's or a trailer's [SignatureDoesNotMatch 403].
    case chunkSignatureDoesNotMatch
}
