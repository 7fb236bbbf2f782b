import Domain
import Hummingbird
import Logging

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension DataSourceRoutes {
    /// All or none. A dry run is refused for what the real thing is refused for, and stores nothing.
    func register(_ request: Request, _ context: CallerContext) async throws -> Response {
        let (json, bytes) = try await request.jsonBody(limit: RegistrationRequest.maximumBodyBytes)
        var query = QueryReader(request)
        let isDryRun = query.flag("dryRun")
        var faults = query.finish()
        let key = IdempotencyKey(request, body: bytes, user: context.caller.user.id, faults: &faults)
        let wanted = try RegistrationRequest.read(json, with: faults)
        if let key, !isDryRun, let replay = try await replay(key) { return replay }
        let id = wanted.integrationID
        guard let integration = try await integrations.integration(id, includingDeleted: false) else {
            throw DomainError.noIntegration(id)
        }
        let new = try wanted.dataSources(of: integration.configuration)
        guard integration.status == .enabled else { throw DomainError.integrationNotEnabled(id, integration.status) }
        return isDryRun ? try await dryRun(new, of: id, context) : try await insert(new, of: id, key, context)
    }

    private func dryRun(
        _ new: [NewDataSource], of id: IntegrationID, _ context: CallerContext
    ) async throws -> Response {
        let preview = try await dataSources.preview(new, of: id, for: context.viewer)
        guard preview.duplicates.isEmpty else { throw DomainError.dataSourcesExist(preview.duplicates) }
        return Response(json: preview.json(of: new))
    }

    private func insert(
        _ new: [NewDataSource], of id: IntegrationID, _ key: IdempotencyKey?, _ context: CallerContext
    ) async throws -> Response {
        let now = now
        let answer = key.map { key in
            AnswerToKeep<Registration>(
                key: key.text, user: key.user, requestHash: key.bodyHash, now: now,
                expiredBefore: now.addingTimeInterval(-IntegrationRoutes.idempotencySeconds),
                render: { $0.json.bytes })
        }
        let inserted = try await dataSources.insert(
            new, of: id, for: context.viewer, answer: answer, by: context.origin, now: now)
        switch inserted {
        case .kept(let answer):
            guard let key else { preconditionFailure("only a keyed insert is answered with a kept answer") }
            return try key.replay(answer)
        case .inserted(let registration):
            context.logger.info(
                "data sources registered",
                metadata: ["integration.id": "\(id)", "count": "\(registration.dataSources.count)"])
            dependencies.wake()
            return Response(json: registration.json)
        }
    }

    private func replay(_ key: IdempotencyKey) async throws -> Response? {
        let since = now.addingTimeInterval(-IntegrationRoutes.idempotencySeconds)
        return try await integrations.keptAnswer(key: key.text, user: key.user, since: since).map { try key.replay($0) }
    }
}

// MARK: The answer

extension Registration {
    fileprivate var json: JSONValue {
        let warnings = overlaps.warnings
        return .oneOrAll(
            dataSources.enumerated().map { index, dataSource in
                .registered(
                    dataSource.id, dataSource.prefix, dataSource.name, dataSource.sqlTableName, warnings[index])
            })
    }
}

extension RegistrationPreview {
    fileprivate func json(of new: [NewDataSource]) -> JSONValue {
        let warnings = overlaps.warnings
        return .oneOrAll(
            zip(new, sqlTableNames).enumerated().map { index, entry in
                .registered(nil, entry.0.prefix, entry.0.name, entry.1, warnings[index])
            })
    }
}

extension DataSourceOverlaps {
    /// Sentences, by the place of the new data source.
    fileprivate var warnings: [Int: [String]] {
        var warnings: [Int: [String]] = first.reduce(into: [:]) { warnings, overlap in
            let other = overlap.name.map { "the data source \"\($0)\"" } ?? "a data source that you may not see"
            warnings[overlap.index, default: []].append("It overlaps with \(other).")
        }
        if hasMore, let last = first.last {
            warnings[last.index, default: []].append("There are more overlaps than are told here.")
        }
        return warnings
    }
}

extension JSONValue {
    /// One as an object, several as an array.
    fileprivate static func oneOrAll(_ entries: [JSONValue]) -> JSONValue {
        if entries.count == 1, let entry = entries.first { entry } else { .array(entries) }
    }

    fileprivate static func registered(
        _ id: DataSourceID?, _ prefix: DataPrefix, _ name: String, _ sqlTableName: String, _ warnings: [String]?
    ) -> JSONValue {
        .members([
            "dataSourceId": id.map { .integer($0.value) } ?? .null,
            "prefix": .string(prefix.description),
            "dataSourceName": .string(name),
            "prefixType": .string(prefix.type.rawValue),
            "sqlTableName": .string(sqlTableName),
            "warnings": warnings.map { .array($0.map { .string($0) }) },
        ])
    }
}
