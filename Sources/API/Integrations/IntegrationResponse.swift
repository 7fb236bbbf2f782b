import Domain
import Hummingbird
import NIOCore
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension ValidationResults {
    var json: JSONValue {
        .members(["status": .string(status.rawValue), "validationTests": .array(tests.map(\.json))])
    }

    /// When no test was run, because the caller asked not to.
    static func notRun(_ tests: [ValidationTest.Name], because reason: String) -> ValidationResults {
        ValidationResults(tests: tests.map { ValidationTest($0, .skipped, reason) })
    }
}

extension ValidationTest {
    var json: JSONValue {
        .members([
            "name": .string(name.rawValue),
            "status": .string(status.rawValue),
            "message": message.map { .string($0) },
            "durationMs": .integer(durationMs),
        ])
    }
}

extension Integration {
    /// As reads show it: complete, but for the secret.
    var json: JSONValue {
        .members([
            "id": .string(id.description),
            "status": .string(status.rawValue),
            "type": .string(IntegrationRequest.type),
            "autoBootstrap": .bool(false),
            "config": configuration.json,
            "validationResults": report.validation?.json ?? .null,
            "statusMessage": report.message.map { .string($0) } ?? .null,
            "createdAt": .string(Timestamp.text(report.createdAt)),
            "updatedAt": .string(Timestamp.text(report.updatedAt)),
        ])
    }

    /// What create, edit and delete answer.
    func changeJSON(_ results: ValidationResults) -> JSONValue {
        .members([
            "id": .string(id.description), "status": .string(status.rawValue), "validationResults": results.json,
        ])
    }

    var statusJSON: JSONValue {
        .members([
            "id": .string(id.description),
            "status": .string(status.rawValue),
            "validationResults": report.validation?.json ?? .null,
            "statusMessage": report.message.map { .string($0) } ?? .null,
        ])
    }
}

extension IntegrationConfiguration {
    fileprivate var json: JSONValue {
        let authentication = connection.authentication
        var keyID: String?
        if case .accessKey(let id, _) = authentication.base { keyID = id }
        return .members([
            "name": .string(name),
            "awsAccountId": .string(connection.accountID.description),
            "awsRegion": .string(connection.region.description),
            "awsLocationRole": .string(locationRole.description),
            "awsLocationPath": .string(path.description),
            "authenticationType": .string(keyID == nil ? "auto" : "accessKey"),
            "awsAccessKeyId": keyID.map { .string($0) },
            "awsSecretAccessKey": keyID.map { _ in .string(IntegrationRequest.redacted) },
            "awsRoleToAssume": authentication.roleToAssume.map { .string($0.description) },
            "awsExternalId": .string(connection.externalID.description),
            "port": .number("443"),
        ])
    }
}

extension Response {
    init(_ json: JSONValue, revision: Int64) {
        self.init(jsonBuffer: ByteBuffer(bytes: json.bytes), revision: revision)
    }

    init(jsonBuffer: ByteBuffer, revision: Int64) {
        self.init(jsonBuffer: jsonBuffer)
        headers[.eTag] = RevisionTag.text(revision)
    }
}

/// Rendered reads, by revision: an integration is read far more often than it changes.
final class RenderedIntegrations: Sendable {
    /// At some 2 KiB each, about 8 MiB; at the limit all are forgotten.
    static let limit = 4096

    private let cache = Mutex<[IntegrationID: (revision: Int64, json: ByteBuffer)]>([:])

    /// What was rendered of that revision.
    func json(_ id: IntegrationID, revision: Int64) -> ByteBuffer? {
        let known = cache.withLock { $0[id] }
        return known?.revision == revision ? known?.json : nil
    }

    func json(_ integration: Integration) -> ByteBuffer {
        if let known = json(integration.id, revision: integration.revision) { return known }
        let json = ByteBuffer(bytes: integration.json.bytes)
        cache.withLock { cache in
            if cache.count >= Self.limit { cache = [:] }
            cache[integration.id] = (integration.revision, json)
        }
        return json
    }
}
