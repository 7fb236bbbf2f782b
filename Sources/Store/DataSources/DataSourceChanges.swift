import Domain
import GRDB
import SQLiteStatements

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Changes data sources. For use inside one transaction.
struct DataSourceChanges {
    let db: Database
    let trail: AuditTrail
    let origin: AuditOrigin
    let now: Date

    private var rows: DataSourceRows { DataSourceRows(db: db) }

    private func requireManaging(_ ids: [DataSourceID]) throws {
        try DataSourceRights(db: db, origin: origin).require(.managing, of: ids)
    }

    func update(_ id: DataSourceID, _ change: DataSourceChange, revision: Int64?) throws -> DataSource {
        try requireManaging([id])
        let before = try rows.existing(id, revision: revision)
        var wanted = before
        if let name = change.name { wanted.name = name }
        if let description = change.description { wanted.description = description }
        if change.isRestored { wanted.isDisabled = false }
        guard wanted != before else { return before }
        let isRestored = before.isDisabled && !wanted.isDisabled
        if isRestored { try checkInUse(before) }
        let after = try save(wanted)
        if isRestored { try SubscriptionRows(db: db).unplan(id) }
        try trail.append(
            isRestored ? .restoreDataSource : .updateDataSource, from: before, to: after, by: origin, at: now)
        return after
    }

    func remove(_ id: DataSourceID, revision: Int64?) throws -> DataSourceRemoval {
        try requireManaging([id])
        let before = try rows.existing(id, revision: revision)
        guard before.isDisabled else {
            var wanted = before
            wanted.isDisabled = true
            let after = try save(wanted)
            try SubscriptionRows(db: db).unplan(id)
            try trail.append(.disableDataSource, from: before, to: after, by: origin, at: now)
            return .disabled(after)
        }
        try giveUpGrants(of: id)
        try db.run("DELETE FROM data_source WHERE id = ?", [id.value])
        try trail.append(.deleteDataSource, from: before, to: nil, by: origin, at: now)
        return .deleted(before)
    }

    private func save(_ wanted: DataSource) throws -> DataSource {
        var wanted = wanted
        wanted.updatedAt = Date(milliseconds: now.milliseconds)
        return try rows.update(wanted)
    }

    private func checkInUse(_ dataSource: DataSource) throws {
        let id = dataSource.integrationID
        let status = try db.row("SELECT status FROM integration WHERE id = ?", [id.value]) {
            try $0.parsed(IntegrationStatus.init(rawValue:))
        }
        guard let status, !status.isInUse else { return }
        throw DomainError(
            .conflict,
            """
            The data source with ID \(dataSource.id) cannot be brought back: its integration with ID \(id) is \
            \(status.rawValue).
            """)
    }
}

// MARK: Grants

extension DataSourceChanges {
    private static let ofDataSource = """
        SELECT n.access_grant_id FROM subscription s JOIN grant_need n ON n.subscription_id = s.id
        WHERE s.data_source_id = ?
        """

    /// What nothing else needs is to go.
    private func giveUpGrants(of id: DataSourceID) throws {
        let grants = try db.rows(Self.ofDataSource, [id.value]) { GrantRecordID(try $0.integer()) }
        try db.run(
            """
            DELETE FROM grant_need
            WHERE subscription_id IN (SELECT id FROM subscription WHERE data_source_id = ?)
            """, [id.value])
        let rows = GrantRows(db: db)
        for grant in Set(grants) {
            let need = try db.row(
                "SELECT 1 FROM grant_need WHERE access_grant_id = ? AND is_released = 0 LIMIT 1", [grant.value]
            ) { try $0.integer() }
            guard need == nil, var record = try rows.load(grant) else { continue }
            record.want(false, now: now)
            if record.step == .forget { try rows.forget(grant) } else { try rows.update(record) }
        }
    }

    func refresh(_ ids: [DataSourceID]) throws {
        try requireManaging(ids)
        for id in ids {
            try SubscriptionRows(db: db).unplan(id)
            try db.run(
                """
                UPDATE access_grant SET next_attempt_at = MAX(?, COALESCE(leased_until, 0))
                WHERE id IN (\(Self.ofDataSource))
                    AND (status IN ('failed', 'quotaExceeded') OR (status = 'revoking' AND failures > 0))
                """, [now.milliseconds, id.value])
            try trail.append(
                AuditEntry(
                    at: now, origin: origin, action: .refreshDataSource,
                    target: AuditTarget(.dataSource, id.description)
                ))
        }
    }
}
