import S3Server

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A request whose sender is known and whose operation is decided.
struct SandboxCall: Sendable {
    enum Operation: Sendable {
        case s3(S3Route)
        case s3Control(AccessGrantsRoute)
        case sts(QueryItems)
    }

    let operation: Operation
    let caller: Caller
    /// The region of the signature: whose endpoint the client believes it is talking to.
    let region: String
    let body: [UInt8]
    let now: Date

    /// The API operation's name, by which faults are matched and calls are counted.
    var name: String {
        switch operation {
        case .s3(let route): route.operation.rawValue
        case .s3Control(let route): route.operation.rawValue
        case .sts(let parameters): parameters["Action"] ?? ""
        }
    }
}

/// `x-amz-request-id` and `x-amz-id-2` of one answer.
struct RequestIDs: Sendable {
    let request = RandomText.text(16, of: .hexadecimal)
    let host = RandomText.text(64) + "="
}
