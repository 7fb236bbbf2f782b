import AWS
import Domain
import Testing

@testable import Worker

@Suite struct AWSProblemTests {
    @Test(arguments: [
        (AWSError.Kind.service, "AccessDenied", 403, AWSProblem.Kind.refused),
        (.service, "SlowDown", 503, .throttled), (.service, "ThrottlingException", 400, .throttled),
        (.service, "Anything", 429, .throttled), (.service, "InternalError", 500, .serviceFault),
        (.service, "ServiceUnavailable", 503, .serviceFault), (.service, "InvalidIamRole", 400, .refused),
        (.credentials, "CredentialsNotFound", 0, .credentials), (.decoding, "MalformedResponse", 200, .serviceFault),
        (.invalidRequest, "InvalidRequest", 0, .refused),
    ])
    func `what AWS said becomes a problem of this kind`(
        _ kind: AWSError.Kind, _ code: String, _ status: Int, _ expected: AWSProblem.Kind
    ) {
        let problem = AWSProblem(
            AWSError(
                kind: kind, operation: "s3:CreateAccessGrantsLocation", code: code, message: "text",
                httpStatus: status == 0 ? nil : status, requestID: "R1", bucketRegion: "eu-west-2",
                mayHaveSucceeded: true))
        #expect(
            problem
                == AWSProblem(
                    kind: expected, code: code, message: "text", action: "s3:CreateAccessGrantsLocation",
                    requestID: "R1", bucketRegion: "eu-west-2", mayHaveSucceeded: true))
    }
}
