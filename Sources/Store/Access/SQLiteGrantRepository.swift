public import Domain
import GRDB
import SQLiteStatements

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Grants in SQLite.
public struct SQLiteGrantRepository: GrantRepository {
    let database: SQLiteDatabase
    let mask: AuditMask

    public func plan(limit: Int, now: Date) async throws(DomainError) -> Int {
        // Most looks find nothing: they must not wait for the writer.
        let isNeeded = try await database.read { db in try GrantPlanning.isNeeded(db) }
        guard isNeeded else { return 0 }
        return try await database.write { db in try GrantPlanning(db, now: now).plan(limit: limit) }
    }

    /// Steps from one integration to the next in the index, whatever number of grants each has.
    static let schedule = """
        WITH RECURSIVE due (id) AS (
            SELECT MIN(integration_id) FROM access_grant WHERE next_attempt_at IS NOT NULL
            UNION ALL
            SELECT (
                SELECT MIN(integration_id) FROM access_grant
                WHERE next_attempt_at IS NOT NULL AND integration_id > due.id
            ) FROM due WHERE due.id IS NOT NULL
        )
        SELECT id, (
            SELECT MIN(next_attempt_at) FROM access_grant
            WHERE next_attempt_at IS NOT NULL AND integration_id = due.id
        ) FROM due WHERE id IS NOT NULL AND EXISTS (
            SELECT 1 FROM integration WHERE integration.id = due.id AND integration.status <> 'disabled'
        )
        """

    public func schedule() async throws(DomainError) -> [GrantsDue] {
        try await database.read { db in
            try db.rows(Self.schedule) {
                GrantsDue(integrationID: IntegrationID(try $0.integer()), at: try $0.date())
            }
        }
    }

    static let claim = """
        SELECT \(GrantRows.columns) FROM access_grant
        WHERE integration_id = ? AND next_attempt_at <= ? ORDER BY next_attempt_at LIMIT ?
        """

    public func claim(
        _ requests: [GrantClaim], now: Date, rules: GrantRules
    ) async throws(DomainError) -> [GrantRecord] {
        try await database.write { db in
            let rows = GrantRows(db: db)
            var claimed: [GrantRecord] = []
            for request in requests {
                let due = try db.rows(
                    Self.claim, [request.integrationID.value, now.milliseconds, Int64(request.limit)],
                    GrantRows.decode)
                var room = try GrantRoom(db, beside: request.integrationID, quota: rules.quota)
                for record in due {
                    var begun = record
                    if record.step == .create, let full = room.usageIfFull() {
                        begun.refuseForWantOfRoom(full, now: now, rules: rules, jitter: .random(in: 0...1))
                        try rows.update(begun)
                        continue
                    }
                    if begun.begin(now: now, rules: rules) { claimed.append(record) }
                    if begun.step == .forget { try rows.forget(begun.id) } else { try rows.update(begun) }
                }
            }
            return claimed
        }
    }

    public func record(
        _ reports: [GrantReport], now: Date, rules: GrantRules
    ) async throws(DomainError) -> GrantProgress {
        try await database.write { [mask] db in
            let recording = GrantRecording(
                db: db, rows: GrantRows(db: db), trail: AuditTrail(db: db, mask: mask), now: now, rules: rules)
            return try recording.record(reports)
        }
    }

    public func releaseLeases(now: Date) async throws(DomainError) {
        try await database.write { db in
            try db.run(
                """
                UPDATE access_grant SET leased_until = NULL, next_attempt_at = ? WHERE leased_until IS NOT NULL
                """, [now.milliseconds])
        }
    }
}

extension SQLiteGrantRepository {
    public func census(of integration: IntegrationID) async throws(DomainError) -> GrantCensus {
        try await database.read { db in
            let unplanned =
                try db.row(
                    """
                    SELECT COUNT(*) FROM subscription s JOIN data_source d ON d.id = s.data_source_id
                    WHERE s.is_planned = 0 AND d.integration_id = ?
                    """, [integration.value]
                ) { Int(try $0.integer()) } ?? 0
            var census = GrantCensus(unplanned: unplanned)
            _ = try db.rows(
                """
                SELECT location_path, COUNT(*), SUM(is_wanted), SUM(is_wanted = 1 AND status = 'active'),
                    SUM(is_wanted = 1 AND status IN ('failed', 'quotaExceeded')),
                    MAX(CASE WHEN is_wanted = 1 AND status IN ('failed', 'quotaExceeded') THEN message END),
                    MAX(CASE WHEN is_wanted = 0 OR status = 'pending' THEN message END)
                FROM access_grant WHERE integration_id = ? GROUP BY location_path
                """, [integration.value]
            ) { row in
                census.locations[try row.parsed { try LocationPath($0) }] = GrantCensus.Location(
                    total: Int(try row.integer()), wanted: Int(try row.integer()), active: Int(try row.integer()),
                    refused: Int(try row.integer()), reason: row.optionalText(), delay: row.optionalText())
            }
            return census
        }
    }

    public func grants(
        of integration: IntegrationID, after: GrantRecordID?, limit: Int
    ) async throws(DomainError) -> [GrantRecord] {
        try await database.read { db in
            try db.rows(
                """
                SELECT \(GrantRows.columns) FROM access_grant
                WHERE integration_id = ? AND id > ? ORDER BY id LIMIT ?
                """, [integration.value, after?.value ?? 0, Int64(limit)], GrantRows.decode)
        }
    }
}
