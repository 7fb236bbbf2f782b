import AWS
import Domain

extension AWSProblem {
    /// What AWS said, in the domain's words: the one place where they are translated.
    init(_ error: AWSError) {
        let (kind, code): (Kind, String) =
            switch error.kind {
            case .service where error.isThrottling: (.throttled, error.code)
            case .service where (error.httpStatus ?? 0) >= 500: (.serviceFault, error.code)
            case .service: (.refused, error.code)
            case .transport: (.unreachable, error.transportFailure ?? error.code)
            case .credentials: (.credentials, error.code)
            case .decoding: (.serviceFault, error.code)
            // An account, Region or endpoint that cannot be one: asking again does not help.
            case .invalidRequest: (.refused, error.code)
            }
        self.init(
            kind: kind, code: code, message: error.message, action: error.operation, requestID: error.requestID,
            bucketRegion: error.bucketRegion, mayHaveSucceeded: error.mayHaveSucceeded)
    }
}
