import HTTPTypes
import SigV4

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// How a service names the ways a signature can fail: S3 and S3 Control one way, STS and its like another.
struct AuthenticationErrors {
    let service: String

    private var isS3: Bool { service == "s3" }

    var unsupportedMechanism: S3Error {
        .invalidRequest(
            "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.")
    }

    func unknownKey(_ id: String) -> S3Error {
        isS3
            ? S3Error(
                "InvalidAccessKeyId", 403, "The AWS Access Key Id you provided does not exist in our records.",
                elements: [.init("AWSAccessKeyId", id)])
            : S3Error("InvalidClientTokenId", 403, "The security token included in the request is invalid.")
    }

    var invalidToken: S3Error {
        isS3
            ? S3Error("InvalidToken", 400, "The provided token is malformed or otherwise invalid.")
            : S3Error("InvalidClientTokenId", 403, "The security token included in the request is invalid.")
    }

    var expiredToken: S3Error {
        isS3
            ? S3Error("ExpiredToken", 400, "The provided token has expired.")
            : S3Error("ExpiredToken", 403, "The security token included in the request is expired")
    }

    func error(for error: SigV4Error) -> S3Error {
        switch error {
        case .missingAuthentication:
            isS3 ? .accessDenied() : S3Error("MissingAuthenticationToken", 403, "Missing Authentication Token")
        case .multipleAuthentications:
            .invalidArgument("Only one auth mechanism allowed")
        case .unsupportedAlgorithm:
            unsupportedMechanism
        case .malformedAuthorization(let reason):
            malformed(reason)
        case .malformedQuery(let reason):
            isS3 ? S3Error("AuthorizationQueryParametersError", 400, reason) : malformed(reason)
        case .missingDate:
            isS3
                ? .accessDenied("AWS authentication requires a valid Date or x-amz-date header")
                : malformed("the date is missing")
        case .wrongRegion(let expected, let actual, let location):
            wrongScope("the region '\(actual)' is wrong; expecting '\(expected)'", location, region: expected)
        case .wrongService(let expected, let actual, let location):
            wrongScope("incorrect service \"\(actual)\". This endpoint belongs to \"\(expected)\".", location)
        case .wrongDay(let expected, let actual, let location):
            wrongScope("invalid credential date \"\(actual)\"; expecting \"\(expected)\"", location)
        case .requestTimeTooSkewed(let requestTime, let serverTime, let allowedSkew):
            skewed(requestTime, serverTime, allowedSkew)
        case .notYetValid:
            .accessDenied("Request is not valid yet")
        case .expired(let date, let serverTime):
            S3Error(
                "AccessDenied", 403, "Request has expired",
                elements: [.init("Expires", date.ISO8601Format()), .init("ServerTime", serverTime.ISO8601Format())])
        case .missingSignedHeader(let name):
            isS3
                ? S3Error(
                    "AccessDenied", 403, "There were headers present in the request which were not signed",
                    elements: [.init("HeadersNotSigned", name)])
                : S3Error("SignatureDoesNotMatch", 403, "'\(name)' must be a 'SignedHeader' in the AWS Authorization.")
        case .missingPayloadHash:
            .invalidRequest("Missing required header for this request: x-amz-content-sha256")
        case .invalidPayloadHash:
            .invalidArgument(
                "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, a STREAMING- value, or a valid sha256 value.")
        case .payloadHashMismatch, .signatureDoesNotMatch, .chunkSignatureDoesNotMatch:
            S3Error(
                "SignatureDoesNotMatch", 403,
                "The request signature we calculated does not match the signature you provided. "
                    + "Check your key and signing method.")
        }
    }

    private func malformed(_ reason: String) -> S3Error {
        isS3
            ? S3Error("AuthorizationHeaderMalformed", 400, "The authorization header is malformed; \(reason)")
            : S3Error("IncompleteSignature", 400, "Authorization header is malformed: \(reason)")
    }

    private func wrongScope(
        _ reason: String, _ location: SignatureClaim.Location, region: String? = nil
    ) -> S3Error {
        guard isS3 else {
            return S3Error("SignatureDoesNotMatch", 403, "Credential should be scoped correctly: \(reason)")
        }
        let code =
            switch location {
            case .header: "AuthorizationHeaderMalformed"
            case .query: "AuthorizationQueryParametersError"
            }
        return S3Error(
            code, 400, "The authorization header is malformed; \(reason)",
            elements: region.map { [.init("Region", $0)] } ?? [])
    }

    private func skewed(_ requestTime: Date, _ serverTime: Date, _ allowedSkew: Int) -> S3Error {
        guard isS3 else {
            return S3Error(
                "SignatureDoesNotMatch", 403, "Signature not yet current or expired: \(AmzDate.format(requestTime))")
        }
        return S3Error(
            "RequestTimeTooSkewed", 403,
            "The difference between the request time and the server's time is too large.",
            elements: [
                .init("RequestTime", AmzDate.format(requestTime)), .init("ServerTime", serverTime.ISO8601Format()),
                .init("MaxAllowedSkewMilliseconds", String(allowedSkew * 1_000)),
            ])
    }
}
