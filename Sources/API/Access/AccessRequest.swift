import Domain
import Hummingbird

/// `{"profileId","state","accessGrant"}`, in JSON or YAML.
struct AccessRequest {
    var user: UserID
    var state: SubscriptionState
    var level: AccessLevel

    /// - Throws: `badRequest` with every fault.
    static func read(_ value: JSONValue, with faults: [InputFault]) throws(DomainError) -> AccessRequest {
        var root = try FieldReader.root(value)
        let profile = root.id("profileId")
        let state = root.choice("state", of: SubscriptionState.self)
        let level = root.choice("accessGrant", of: AccessLevel.self)
        try root.finish(with: faults)
        guard let profile, let state, let level else { preconditionFailure("each missing member is a fault") }
        return AccessRequest(user: UserID(profile), state: state, level: level)
    }
}

extension Request {
    private static let yamlTypes: Set<String> = ["application/yaml", "application/x-yaml", "text/yaml"]

    /// - Throws: 413, 415, and 400 for what is neither JSON nor YAML.
    func jsonOrYAMLBody() async throws -> JSONValue {
        guard let mediaType, Self.yamlTypes.contains(mediaType), isPlainUTF8 else {
            guard mediaType == "application/json", isPlainUTF8 else {
                throw APIFailure(
                    .unsupportedMediaType, "The content type must be application/json or application/yaml, in UTF-8.")
            }
            return try await jsonBody().value
        }
        let bytes = try await collectedBody()
        guard !bytes.isEmpty else { throw DomainError(.badRequest, "The body is empty; JSON or YAML is expected.") }
        do {
            return try FlatYAMLReader.read(bytes)
        } catch {
            throw DomainError(.badRequest, "The body is not a flat YAML mapping: \(error.reason) (line \(error.line)).")
        }
    }
}
