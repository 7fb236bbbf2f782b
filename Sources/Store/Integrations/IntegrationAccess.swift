import Domain
import GRDB
import SQLiteStatements

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What a change of an integration means to its data sources and who may use them. For use inside its transaction.
struct IntegrationAccess {
    let db: Database
    let trail: AuditTrail
    /// Whose wish the change is, or Sluice's own step.
    let origin: AuditOrigin

    func follow(_ old: Integration, _ new: Integration) throws {
        if old.configuration.path != new.configuration.path { try moveScopes(of: new, from: old.configuration.path) }
        if old.grantPath != new.grantPath {
            try db.run(
                """
                UPDATE subscription SET is_planned = 0
                WHERE data_source_id IN (SELECT id FROM data_source WHERE integration_id = ?)
                """, [new.id.value])
        }
        if old.status != new.status, !new.status.isInUse { try disableDataSources(of: new) }
    }

    private func moveScopes(of integration: Integration, from old: LocationPath) throws {
        try db.run(
            "UPDATE data_source SET scope = ? || substr(scope, ?) WHERE integration_id = ?",
            [
                integration.configuration.path.description, Int64(old.description.unicodeScalars.count + 1),
                integration.id.value,
            ])
    }

    private func disableDataSources(of integration: Integration) throws {
        let rows = DataSourceRows(db: db)
        let now = integration.report.updatedAt
        var last: Int64 = 0
        while true {
            let page = try db.rows(
                """
                SELECT \(DataSourceRows.columns) FROM data_source d
                WHERE d.integration_id = ? AND d.is_disabled = 0 AND d.id > ? ORDER BY d.id LIMIT 500
                """, [integration.id.value, last], DataSourceRows.decode)
            for before in page {
                var wanted = before
                wanted.isDisabled = true
                wanted.updatedAt = now
                let after = try rows.update(wanted)
                try trail.append(.disableDataSource, from: before, to: after, by: origin, at: now)
            }
            guard let end = page.last?.id.value else { return }
            last = end
        }
    }
}
