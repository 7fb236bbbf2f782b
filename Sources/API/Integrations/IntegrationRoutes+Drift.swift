import Domain
import HTTPTypes
import Hummingbird

extension IntegrationRoutes {
    /// How what AWS has differed from our records: at the last look, or now.
    func drift(_ request: Request, _ context: CallerContext) async throws -> Response {
        var query = QueryReader(request)
        let isAskedNow = query.flag("refresh")
        let id = try IntegrationPath(context).id(with: query.finish())
        let integration = try await existing(id, "No Integration found with ID \(id).")
        let report =
            isAskedNow
            ? try await look(at: integration) : try await dependencies.drift.report(of: id)
        let usage = try await dependencies.drift.usage(beside: id)
        return Response(json: DriftReport.json(report, of: id, usage))
    }

    private func look(at integration: Integration) async throws -> DriftReport {
        guard integration.status.isInUse else {
            throw DomainError(
                .conflict,
                "Unable to compare integration with ID \(integration.id) in current state \(integration.status.rawValue)."
            )
        }
        return try await dependencies.drift.look(at: integration)
    }
}
