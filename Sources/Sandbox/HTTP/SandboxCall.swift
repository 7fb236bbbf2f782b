import S3Server

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A request whose sender is known and whose operation is decided.
struct SandboxCall: Sendable {
    enum Operation: Sendable {
        case s3(S3Route, S3Upload)
        case s3Control(AccessGrantsRoute, [UInt8])
        case sts(QueryItems)
    }

    let operation: Operation
    let caller: Caller
    /// The region of the signature: whose endpoint the client believes it is talking to.
    let region: String
    let now: Date

    /// The API operation's name, by which faults are matched and calls are counted.
    var name: String {
        switch operation {
        case .s3(let route, _): route.operation.rawValue
        case .s3Control(let route, _): route.operation.rawValue
        case .sts(let parameters): parameters["Action"] ?? ""
        }
    }
}
