import Domain
import HTTPTypes
import Hummingbird
import NIOCore

/// An error as it is sent: `{"statusCode":409,"error":"Conflict","message":"…"}` and what the contract adds.
struct APIFailure: HTTPResponseError {
    static let internalMessage = "An internal server error occurred."

    var status: HTTPResponse.Status
    var message: String
    var headers = HTTPFields()
    var faults: [InputFault] = []
    var validationResults: ValidationResults?
    var requestID: String?

    init(_ status: HTTPResponse.Status, _ message: String) {
        self.status = status
        self.message = message
    }

    init(_ error: DomainError) {
        self.init(error.code.status, error.code == .internal ? Self.internalMessage : error.message)
        faults = error.faults
        validationResults = error.validationResults
        if error.code == .unauthorized { headers[.wwwAuthenticate] = "Bearer" }
    }

    var json: JSONValue {
        .members([
            "statusCode": .integer(status.code),
            "error": .string(status.hapiReason),
            "message": .string(message),
            "validation": faults.isEmpty
                ? nil
                : .array(
                    faults.map { .members(["path": .string($0.path), "message": .string($0.message)]) }),
            "validationResults": validationResults?.json,
            "requestId": requestID.map { .string($0) },
        ])
    }

    func response(from request: Request, context: some RequestContext) throws -> Response {
        var response = Response(json: json, status: status)
        for field in headers { response.headers[field.name] = field.value }
        if let requestID { response.headers[.requestID] = requestID }
        // RFC 9110, 9.3.2: the answer to HEAD has no content.
        return request.method == .head ? response.createHeadResponse() : response
    }
}

extension DomainError.Code {
    var status: HTTPResponse.Status {
        switch self {
        case .badRequest: .badRequest
        case .unauthorized: .unauthorized
        case .forbidden: .forbidden
        case .notFound: .notFound
        case .conflict, .staleRevision: .conflict
        case .preconditionFailed: .preconditionFailed
        case .unprocessable: .unprocessableContent
        case .unavailable: .serviceUnavailable
        case .internal: .internalServerError
        }
    }
}

extension HTTPResponse.Status {
    /// The reason phrase as hapi's boom spells it.
    var hapiReason: String {
        switch code {
        case 413: "Request Entity Too Large"
        case 422: "Unprocessable Entity"
        default: reasonPhrase
        }
    }
}

extension Response {
    init(json: JSONValue, status: HTTPResponse.Status = .ok) {
        self.init(jsonBytes: json.bytes, status: status)
    }

    init(jsonBytes: [UInt8], status: HTTPResponse.Status = .ok) {
        self.init(jsonBuffer: ByteBuffer(bytes: jsonBytes), status: status)
    }

    init(jsonBuffer: ByteBuffer, status: HTTPResponse.Status = .ok) {
        self.init(
            status: status,
            headers: [.contentType: "application/json; charset=utf-8", .cacheControl: "no-cache"],
            body: ResponseBody(byteBuffer: jsonBuffer))
    }
}
