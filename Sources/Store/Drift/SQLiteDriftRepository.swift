public import Domain
import GRDB
import SQLiteStatements

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// What comparing with AWS came to, in SQLite.
public struct SQLiteDriftRepository: DriftRepository {
    let database: SQLiteDatabase

    public func knowledge(
        of grants: [AWSGrant], _ integration: IntegrationID, at paths: [String: LocationPath]
    ) async throws(DomainError) -> [DriftKnowledge] {
        try await database.read { db in
            try grants.map { grant in
                let record = try db.row(
                    "SELECT id, is_foreign FROM access_grant WHERE integration_id = ? AND grant_id = ?",
                    [integration.value, grant.id]
                ) { (id: GrantRecordID(try $0.integer()), isForeign: try $0.bool()) }
                if let record { return DriftKnowledge(record: record.id, isForeign: record.isForeign) }
                let key = paths[grant.locationID].flatMap { GrantKey(grant, at: $0) }
                return DriftKnowledge(
                    isAskedFor: try key.map { try GrantRows(db: db).load($0, of: integration) != nil } ?? false,
                    history: try Self.history(db, grant.id))
            }
        }
    }

    private static func history(_ db: Database, _ grantID: String) throws -> GrantHistory {
        let last = try db.row(
            """
            SELECT action FROM audit_event WHERE target_type = ? AND target_id = ? ORDER BY id DESC LIMIT 1
            """, [AuditTarget.Kind.accessGrant.rawValue, grantID]
        ) { try $0.text() }
        return switch last.flatMap(AuditAction.init(rawValue:)) {
        case .createAccessGrant: .made
        case .deleteAccessGrant: .removed
        default: .unknown
        }
    }

    public func repair(
        _ repair: DriftRepair, of integration: IntegrationID, now: Date
    ) async throws(DomainError) -> (missing: Int, leftOver: Int) {
        try await database.write { db in
            let rows = GrantRows(db: db)
            var (missing, leftOver) = (0, 0)
            for (id, grantID) in repair.missing {
                guard var record = try rows.load(id), record.vanished(grantID, now: now) else { continue }
                if record.step == .forget { try rows.forget(id) } else { try rows.update(record) }
                missing += 1
            }
            for found in repair.leftOver where try rows.insertLeftOver(found, of: integration, now: now) {
                leftOver += 1
            }
            return (missing, leftOver)
        }
    }

    public func record(
        _ report: DriftReport, of integration: IntegrationID, total: Int
    ) async throws(DomainError) {
        try await database.write { db in
            try db.run(
                """
                INSERT INTO grant_drift (integration_id, checked_at, missing, left_over, foreign_count)
                VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (integration_id) DO UPDATE SET
                    checked_at = excluded.checked_at, missing = excluded.missing, left_over = excluded.left_over,
                    foreign_count = excluded.foreign_count
                """,
                [
                    integration.value, report.checkedAt.milliseconds, Int64(report.missing), Int64(report.leftOver),
                    Int64(report.foreignCount),
                ])
            try db.run("DELETE FROM foreign_grant WHERE integration_id = ?", [integration.value])
            for (position, grant) in report.foreign.enumerated() {
                try db.run(
                    """
                    INSERT INTO foreign_grant (
                        integration_id, position, grant_id, scope, grantee_type, grantee_identifier, permission
                    )
                    VALUES (?, ?, ?, ?, ?, ?, ?)
                    """,
                    [
                        integration.value, Int64(position), grant.grantID, grant.scope, grant.grantee.type.rawValue,
                        grant.grantee.identifier, grant.permission,
                    ])
            }
            try GrantsInUse(db: db, beside: integration)?.note(total: total)
        }
    }

    public func report(of integration: IntegrationID) async throws(DomainError) -> DriftReport? {
        try await database.read { db in
            let report = try db.row(
                """
                SELECT checked_at, missing, left_over, foreign_count FROM grant_drift WHERE integration_id = ?
                """, [integration.value]
            ) { row in
                DriftReport(
                    checkedAt: try row.date(), missing: Int(try row.integer()), leftOver: Int(try row.integer()),
                    foreignCount: Int(try row.integer()))
            }
            guard var report else { return nil }
            report.foreign = try db.rows(
                """
                SELECT grant_id, scope, grantee_type, grantee_identifier, permission FROM foreign_grant
                WHERE integration_id = ? ORDER BY position
                """, [integration.value]
            ) { row in
                ForeignGrant(
                    grantID: try row.text(), scope: try row.text(),
                    grantee: Grantee(try row.parsed(Grantee.Kind.init(rawValue:)), try row.text()),
                    permission: try row.text())
            }
            return report
        }
    }

    public func grantsUsed(beside integration: IntegrationID) async throws(DomainError) -> Int {
        try await database.read { db in try GrantsInUse(db: db, beside: integration)?.count() ?? 0 }
    }
}
