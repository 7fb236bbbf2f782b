import Domain
import HTTPTypes
import Hummingbird
import Logging

extension DataSourceRoutes {
    func update(_ request: Request, _ context: CallerContext) async throws -> Response {
        let json = try await request.jsonBody().value
        let (id, condition, faults) = try target(request, context)
        let wanted = try DataSourceUpdate.read(json, with: faults)
        let view = try await managed(id, context)
        try condition.require(view.dataSource.revision, of: "Data source with ID \(id)")
        let change = try wanted.change(of: view)
        let updated = try await dataSources.update(
            id, change, revision: condition == .none ? nil : view.dataSource.revision, by: context.origin, now: now)
        context.logger.info("data source changed", metadata: ["dataSource.id": "\(id)"])
        dependencies.wake()
        let shown = DataSourceView(dataSource: updated, subscription: view.subscription)
        return Response(shown.summary, revision: updated.revision)
    }

    /// The first disables, the second deletes.
    func delete(_ request: Request, _ context: CallerContext) async throws -> Response {
        let body = try await request.optionalJSONBody()
        let (id, condition, faults) = try target(request, context)
        if let body { try FieldReader.root(body).finish(with: faults) } else { try faults.refuse() }
        let view = try await managed(id, context)
        try condition.require(view.dataSource.revision, of: "Data source with ID \(id)")
        let removal = try await dataSources.delete(
            id, revision: condition == .none ? nil : view.dataSource.revision, by: context.origin, now: now)
        context.logger.info(
            removal.isHard ? "data source deleted" : "data source disabled", metadata: ["dataSource.id": "\(id)"])
        dependencies.wake()
        return Response(json: removal.json)
    }

    func refresh(_ request: Request, _ context: CallerContext) async throws -> Response {
        let json = try await request.jsonBody().value
        let ids = try RefreshRequest.read(json, with: QueryReader(request).finish())
        try await dataSources.refresh(ids, by: context.origin, now: now)
        dependencies.wake()
        return Response(json: .members(["success": .bool(true), "count": .integer(ids.count)]))
    }

    private func managed(_ id: DataSourceID, _ context: CallerContext) async throws(DomainError) -> DataSourceView {
        let view = try await dataSources.existing(.id(id), context)
        try context.caller.require(.managing, on: view)
        return view
    }

    /// The path's id and `If-Match`, with what is wrong with them and the query.
    private func target(
        _ request: Request, _ context: CallerContext
    ) throws -> (DataSourceID, RevisionCondition, [InputFault]) {
        var (id, faults) = DataSourcePath(context).parsed
        faults += QueryReader(request).finish()
        do {
            return (DataSourceID(id), try RevisionCondition(ifMatch: request), faults)
        } catch {
            return (DataSourceID(id), .none, faults + [error])
        }
    }
}

extension [InputFault] {
    /// - Throws: `badRequest` with every fault, if there is one.
    func refuse() throws(DomainError) {
        guard isEmpty else { throw .invalid(self) }
    }
}
