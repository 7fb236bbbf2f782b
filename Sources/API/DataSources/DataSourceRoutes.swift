import Domain
import HTTPTypes
import Hummingbird

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Data sources. Checks come in this order: authentication, permission to register, form, existence (what one may not
/// see is not there), permission, state.
struct DataSourceRoutes: Sendable {
    let dependencies: APIDependencies

    init(_ dependencies: APIDependencies) { self.dependencies = dependencies }

    var dataSources: any DataSourceRepository { dependencies.dataSources }
    var integrations: any IntegrationRepository { dependencies.integrations }
    var now: Date { dependencies.environment.now() }

    var routes: [APIRoute] {
        [
            .caller(.post, "/native-s3/handler", requires: .createS3DataSource, action: .createDataSource) {
                try await register($0, $1)
            },
            .caller(.get, "/native-s3/handler/{handlerId}") { try await handler($0, $1) },
            .caller(.get, "/dataSource") { try await search($0, $1) },
            .caller(.get, "/dataSource/{id}") { request, context in
                try await read(request, context) { .id(try DataSourcePath(context).id(with: $0)) }
            },
            .caller(.get, "/dataSource/name/{name}") { request, context in
                try await read(request, context) { .name(try DataSourcePath.text("name", context, with: $0)) }
            },
            .caller(.get, "/dataSource/sqlTableName/{sqlTableName}") { request, context in
                try await read(request, context) {
                    .sqlTableName(try DataSourcePath.text("sqlTableName", context, with: $0))
                }
            },
            .caller(.put, "/dataSource/{id}", action: .updateDataSource) { try await update($0, $1) },
            .caller(.delete, "/dataSource/{id}", action: .disableDataSource) { try await delete($0, $1) },
            .caller(.post, "/dataSource/bulkRefreshViews", action: .refreshDataSource) { try await refresh($0, $1) },
        ]
    }
}

// MARK: Reading

extension DataSourceRoutes {
    private func read(
        _ request: Request, _ context: CallerContext, _ key: ([InputFault]) throws -> DataSourceKey
    ) async throws -> Response {
        let view = try await dataSources.existing(try key(QueryReader(request).finish()), context)
        return Response(view.detail, revision: view.dataSource.revision)
    }

    private func handler(_ request: Request, _ context: CallerContext) async throws -> Response {
        let id = try DataSourcePath(context, "handlerId").id(with: QueryReader(request).finish())
        let dataSource = try await dataSources.existing(.id(id), context).dataSource
        let integration = try await integrations.integration(dataSource.integrationID, includingDeleted: true)
        guard let integration else { throw DomainError.noIntegration(dataSource.integrationID) }
        return Response(dataSource.handlerJSON(of: integration), revision: dataSource.revision)
    }

    private func search(_ request: Request, _ context: CallerContext) async throws -> Response {
        let search = try DataSourceSearch.read(QueryReader(request))
        guard search.hasHits else { return Response(json: search.none) }
        return Response(json: search.json(try await dataSources.search(search.query, for: context.viewer)))
    }
}

extension DataSourceRepository {
    /// - Throws: `notFound` when there is none that the caller may see.
    func existing(_ key: DataSourceKey, _ context: CallerContext) async throws(DomainError) -> DataSourceView {
        if let view = try await dataSource(key, for: context.viewer) { return view }
        switch key {
        case .id(let id): throw .noDataSource(id)
        case .name(let name):
            throw DomainError(
                .notFound, "No data source found with the name \(FieldReader.printable(name, limit: 255)).")
        case .sqlTableName(let name):
            throw DomainError(
                .notFound, "No data source found with the sqlTableName \(FieldReader.printable(name, limit: 255)).")
        }
    }
}

// MARK: Who may

extension CallerContext {
    var viewer: DataSourceViewer { DataSourceViewer(caller.user.id, caller.user.permissions) }
}

extension Caller {
    /// - Throws: `forbidden`.
    func require(_ right: DataSourceRight, on view: DataSourceView) throws(DomainError) {
        try right.require(view.subscription, user.permissions)
    }
}

/// A parameter of a path.
struct DataSourcePath {
    let name: String
    let text: String

    init(_ context: CallerContext, _ name: String = "id") {
        self.name = name
        text = context.parameters.get(name) ?? ""
    }

    /// Tells `faults` and its own together.
    func id(with faults: [InputFault] = []) throws(DomainError) -> DataSourceID {
        DataSourceID(try number(with: faults))
    }

    func number(with faults: [InputFault]) throws(DomainError) -> Int64 {
        let (value, own) = parsed
        guard own.isEmpty, faults.isEmpty else { throw .invalid(own + faults) }
        return value
    }

    /// The number and no fault, or 0 and one.
    var parsed: (value: Int64, faults: [InputFault]) {
        let value = text.decimalInteger ?? 0
        return value > 0 ? (value, []) : (0, [InputFault(name, "must be a whole number from 1")])
    }

    /// Percent-encoded: a name may have slashes in it.
    static func text(
        _ name: String, _ context: CallerContext, with faults: [InputFault]
    ) throws(DomainError) -> String {
        let text = FormCoding.decode(context.parameters.get(name) ?? "", plusIsSpace: false)
        let own = text == nil ? [InputFault(name, "is not well encoded")] : []
        guard let text, faults.isEmpty else { throw .invalid(own + faults) }
        return text
    }
}
