import Domain
import GRDB
import SQLiteStatements

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Stores many data sources at once, or says what that would lead to. For use inside one transaction.
struct DataSourceRegistration {
    let db: Database
    let integration: IntegrationID
    let viewer: DataSourceViewer

    func preview(_ new: [NewDataSource]) throws -> RegistrationPreview {
        try checkIntegration()
        var tableNames = try SQLTableNames(new, DataSourceRows(db: db))
        return RegistrationPreview(
            sqlTableNames: try tableNames.make(), duplicates: try duplicates(new),
            overlaps: try ScopeOverlaps(db: db, viewer: viewer).find(new))
    }

    func insert(_ new: [NewDataSource], _ trail: AuditTrail, by origin: AuditOrigin, now: Date) throws -> Registration {
        let preview = try preview(new)
        guard preview.duplicates.isEmpty else { throw DomainError.dataSourcesExist(preview.duplicates) }
        // As it will be read.
        let now = Date(milliseconds: now.milliseconds)
        let dataSources = try zip(new, preview.sqlTableNames).map { one, sqlTableName in
            try insert(one, sqlTableName, now: now)
        }
        if let first = dataSources.first { try DataSourceRows(db: db).makeFound(from: first.id) }
        try trail.append(
            dataSources.map { dataSource in
                AuditEntry(
                    at: now, origin: origin, action: .createDataSource, target: dataSource.auditTarget,
                    after: dataSource.auditValue)
            })
        return Registration(dataSources: dataSources, overlaps: preview.overlaps)
    }

    private func insert(_ new: NewDataSource, _ sqlTableName: String, now: Date) throws -> DataSource {
        let dataSource = try DataSourceRows(db: db).insert(
            DataSource(
                id: DataSourceID(0), revision: 1, integrationID: integration, name: new.name,
                sqlTableName: sqlTableName, description: nil, prefix: new.prefix, isDisabled: false,
                createdBy: viewer.user, createdAt: now, updatedAt: now), scope: new.scope)
        try SubscriptionRows(db: db).insert(
            to: dataSource, of: viewer.user, .owner, .read, createdBy: viewer.user, now: now)
        return dataSource
    }

    private func checkIntegration() throws {
        let status = try db.row("SELECT status FROM integration WHERE id = ?", [integration.value]) {
            try $0.parsed(IntegrationStatus.init(rawValue:))
        }
        guard let status, status != .deleted else { throw DomainError.noIntegration(integration) }
        guard status == .enabled else { throw DomainError.integrationNotEnabled(integration, status) }
    }

    private func duplicates(_ new: [NewDataSource]) throws -> [String] {
        let names = new.map(\.name)
        let taken = try DataSourceRows(db: db).taken("name", among: names)
        var counts: [String: Int] = [:]
        for name in names { counts[name, default: 0] += 1 }
        var told: Set<String> = []
        return names.filter { name in
            (taken.contains(name) || (counts[name] ?? 0) > 1) && told.insert(name).inserted
        }
    }
}
