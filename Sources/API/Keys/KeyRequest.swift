import Domain
import HTTPTypes
import Hummingbird

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// `{"name","expiresAt"?,"userid"?}`
struct KeyRequest {
    var name: String
    var expiresAt: Date?
    /// Whose key it will be; the caller's own without it.
    var userid: String?

    static func read(_ json: JSONValue, now: Date, with faults: [InputFault]) throws(DomainError) -> KeyRequest {
        var root = try FieldReader.root(json)
        let name = root.string("name", limit: 255)
        let expiryText = root.optionalString("expiresAt", limit: 64)
        let expiresAt = root.parse("expiresAt", expiryText) { text throws(InputFault) in
            guard let date = Timestamp.date(text) else {
                throw InputFault("", "must be a moment in ISO 8601, such as 2030-01-31T12:00:00Z")
            }
            guard date > now else { throw InputFault("", "must be in the future") }
            return date
        }
        let userid = root.optionalString("userid", limit: 255)
        try root.finish(with: faults)
        guard let name else { preconditionFailure("a missing name is a fault") }
        return KeyRequest(name: name, expiresAt: expiresAt, userid: userid)
    }
}

/// The API key of `POST /bim/apikey/authenticate`: as JSON, as a form, or in the Authorization header.
enum AuthenticationRequest {
    static func credential(_ request: Request) async throws -> Substring? {
        let bytes = try await request.collectedBody()
        guard !bytes.isEmpty else { return Authenticator.credential(in: request.headers[.authorization]) }
        if request.mediaType == "application/x-www-form-urlencoded" { return try form(bytes)[...] }
        guard request.mediaType == "application/json" else {
            throw APIFailure(
                .unsupportedMediaType,
                "The content type must be application/json or application/x-www-form-urlencoded.")
        }
        var root = try FieldReader.root(try request.json(bytes))
        let key = root.string("apikey", limit: Authenticator.maximumCredentialBytes)
        try root.finish()
        return key.map { $0[...] }
    }

    private static func form(_ bytes: [UInt8]) throws(DomainError) -> String {
        let missing = DomainError.invalid([InputFault("apikey", "is required")])
        guard let text = String(validating: bytes, as: UTF8.self) else { throw missing }
        for pair in text.split(separator: "&") where pair.hasPrefix("apikey=") {
            guard let key = FormCoding.decode(pair.dropFirst("apikey=".count)), !key.isEmpty else { throw missing }
            return key
        }
        throw missing
    }
}
