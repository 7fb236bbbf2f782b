import HTTPTypes
import SigV4
import Transport
import XML

/// One operation with its arguments, ready to be signed and sent, as often as it takes.
struct AWSCall<Output: Sendable>: Sendable {
    /// The IAM action.
    var operation: String
    var service: AWSService
    var endpoint: ServiceEndpoint
    var method: HTTPRequest.Method = .get
    /// Below the endpoint; percent-encoded.
    var path: String
    /// Decoded, in the order sent.
    var query: [QueryParameter] = []
    var headerFields: HTTPFields = [:]
    var body: [UInt8] = []
    /// Reads a successful answer. Throws `AnswerProblem` or `XMLError`.
    var decode: @Sendable (DocumentResponse) throws -> Output

    var isMutating: Bool { service != .sts && method != .get && method != .head }

    /// The request before it is signed.
    var request: HTTPRequest {
        var target = endpoint.basePath + path
        if target.isEmpty { target = "/" }
        for (index, parameter) in query.enumerated() {
            target += index == 0 ? "?" : "&"
            target += "\(URIEncoding.encode(parameter.name))=\(URIEncoding.encode(parameter.value))"
        }
        return HTTPRequest(
            method: method, scheme: endpoint.scheme, authority: endpoint.authority, path: target,
            headerFields: headerFields)
    }
}

/// What is wrong with a successful answer.
struct AnswerProblem: Error, CustomStringConvertible {
    var description: String

    static func missing(_ name: String) -> AnswerProblem {
        AnswerProblem(description: "the answer has no \(name)")
    }
}
