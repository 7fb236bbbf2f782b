import Domain
import HTTPTypes
import Hummingbird

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// `/integrations`. Checks come in this order: authentication, permission, form, existence, state, tests.
struct IntegrationRoutes: Sendable {
    /// How long the answer under an `Idempotency-Key` is kept.
    static let idempotencySeconds: TimeInterval = 24 * 60 * 60
    /// A change that collides with the worker's own saving is decided again this many times.
    static let attempts = 5

    let dependencies: APIDependencies
    let rendered = RenderedIntegrations()

    init(_ dependencies: APIDependencies) { self.dependencies = dependencies }

    var integrations: any IntegrationRepository { dependencies.integrations }
    var now: Date { dependencies.environment.now() }

    var routes: [APIRoute] {
        let admin = Permission.applicationAdmin
        return [
            .caller(.get, "/integrations", requires: admin) { request, _ in try await list(request) },
            .caller(.post, "/integrations", requires: admin, action: .createIntegration) {
                try await create($0, $1)
            },
            .caller(.get, "/integrations/{id}", requires: admin) { try await read($0, $1) },
            .caller(.put, "/integrations/{id}", requires: admin, action: .editIntegration) {
                try await edit($0, $1)
            },
            .caller(.delete, "/integrations/{id}", requires: admin, action: .deleteIntegration) {
                try await delete($0, $1)
            },
            .caller(.get, "/integrations/{id}/status", requires: admin) { try await status($0, $1) },
            .caller(.post, "/integrations/{id}/validate", requires: admin, action: .validateIntegration) {
                try await validate($0, $1)
            },
            .caller(.get, "/integrations/{id}/drift", requires: admin) { try await drift($0, $1) },
        ]
    }
}

// MARK: Reading

extension IntegrationRoutes {
    private func list(_ request: Request) async throws -> Response {
        try request.refuseQuery()
        var body: [UInt8] = [UInt8(ascii: "[")]
        for (index, integration) in try await integrations.integrations().enumerated() {
            if index > 0 { body.append(UInt8(ascii: ",")) }
            body.append(contentsOf: rendered.json(integration).readableBytesView)
        }
        body.append(UInt8(ascii: "]"))
        return Response(jsonBytes: body)
    }

    private func read(_ request: Request, _ context: CallerContext) async throws -> Response {
        let id = try IntegrationPath(context).id(with: QueryReader(request).finish())
        // The hot read: one row when this revision was rendered before.
        if let revision = try await integrations.revision(id), let json = rendered.json(id, revision: revision) {
            return Response(jsonBuffer: json, revision: revision)
        }
        let integration = try await existing(id, "No Integration found with ID \(id).")
        return Response(jsonBuffer: rendered.json(integration), revision: integration.revision)
    }

    /// A deleted integration still answers here, so that whoever waits for its end sees it.
    private func status(_ request: Request, _ context: CallerContext) async throws -> Response {
        var query = QueryReader(request)
        let seconds = query.integer("wait", in: 0...60) ?? 0
        let id = try IntegrationPath(context).id(with: query.finish())
        let integration = try await settled(id, within: .seconds(seconds))
        return Response(integration.statusJSON, revision: integration.revision)
    }

    /// The integration once no change of it is under way, or as it is when the time is up.
    private func settled(_ id: IntegrationID, within limit: Duration) async throws -> Integration {
        let changes = dependencies.changes.changes(of: id)
        let first = try await existing(id, includingDeleted: true, "No Integration found with ID \(id).")
        guard first.status.isTransitional, limit > .zero else { return first }
        let clock = dependencies.environment.clock
        let later: Integration? = try await withThrowingTaskGroup(of: Integration?.self) { group -> Integration? in
            group.addTask {
                for await _ in changes {
                    let integration = try await integrations.integration(id, includingDeleted: true)
                    guard let integration, integration.status.isTransitional else { return integration }
                }
                return nil
            }
            group.addTask {
                try await clock.sleep(for: limit)
                return nil
            }
            let first: Integration?? = try await group.next()
            group.cancelAll()
            return first ?? nil
        }
        guard let later else {
            return try await existing(id, includingDeleted: true, "No Integration found with ID \(id).")
        }
        return later
    }

    func existing(
        _ id: IntegrationID, includingDeleted: Bool = false, _ message: String
    ) async throws(DomainError) -> Integration {
        try await integrations.existing(id, includingDeleted: includingDeleted, message)
    }

    func refuse(_ faults: [InputFault]) throws(DomainError) {
        guard faults.isEmpty else { throw .invalid(faults) }
    }
}

extension IntegrationRepository {
    /// - Throws: `notFound`, with the message.
    func existing(
        _ id: IntegrationID, includingDeleted: Bool = false, _ message: String
    ) async throws(DomainError) -> Integration {
        guard let integration = try await integration(id, includingDeleted: includingDeleted) else {
            throw DomainError(.notFound, message)
        }
        return integration
    }
}

/// The `{id}` of a path.
struct IntegrationPath {
    let text: String

    init(_ context: CallerContext) { text = context.parameters.get("id") ?? "" }

    /// Tells `faults` and its own together.
    func id(with faults: [InputFault] = []) throws(DomainError) -> IntegrationID {
        var faults = faults
        let value = text.decimalInteger ?? 0
        if value < 1 { faults.insert(InputFault("id", "must be a whole number from 1"), at: 0) }
        guard faults.isEmpty else { throw .invalid(faults) }
        return IntegrationID(value)
    }

    /// The id and no fault, or 0 and one.
    var parsed: (id: IntegrationID, faults: [InputFault]) {
        do { return (try id(), []) } catch { return (IntegrationID(0), error.faults) }
    }
}
