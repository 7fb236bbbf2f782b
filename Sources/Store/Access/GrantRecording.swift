import Domain
import GRDB
import SQLiteStatements

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Writes down what came of claimed grants. For use inside one transaction.
struct GrantRecording {
    let db: Database
    let rows: GrantRows
    let trail: AuditTrail
    let now: Date
    let rules: GrantRules

    func record(_ reports: [GrantReport]) throws -> GrantProgress {
        var progress = GrantProgress()
        var gone: [IntegrationID: Int] = [:]
        var left: Set<IntegrationID> = []
        for report in reports {
            guard let before = try rows.load(report.id) else { continue }
            var record = before
            record.apply(report, now: now, rules: rules)
            try audit(report, from: before, to: record)
            if record.isActive, record.isWanted, try unplanWaiting(for: record.id) { progress.hasUnplanned = true }
            if record.step == .forget {
                try rows.forget(record.id)
                left.insert(record.integrationID)
            } else {
                try rows.update(record)
            }
            note(report.outcome, before, record, &progress, &gone)
        }
        for (integration, count) in gone { try retryFull(integration, count) }
        for integration in left { try letLocationGo(integration) }
        for integration in progress.toCheck {
            try db.run(
                "UPDATE integration SET next_check_at = ? WHERE id = ?", [now.milliseconds, integration.value])
        }
        return progress
    }

    private func note(
        _ outcome: GrantOutcome, _ before: GrantRecord, _ after: GrantRecord, _ progress: inout GrantProgress,
        _ gone: inout [IntegrationID: Int]
    ) {
        let id = after.integrationID
        switch outcome {
        case .made, .foreign: progress.integrations.insert(id)
        case .gone:
            progress.integrations.insert(id)
            if before.made != nil { gone[id, default: 0] += 1 }
        case .failed(let problem, _, _):
            if after.state.status != .pending { progress.integrations.insert(id) }
            if problem.kind == .refused, problem.code == "NoSuchAccessGrantsLocationError" {
                progress.toCheck.insert(id)
            }
        case .noLocation, .notSeen, .notCalled: break
        }
    }

    /// What we made or removed, and nothing else.
    private func audit(_ report: GrantReport, from before: GrantRecord, to after: GrantRecord) throws {
        switch report.outcome {
        case .made(_, let requestID):
            try append(.createAccessGrant, after, after: after.auditValue, requestID)
        case .gone(let found, let requestID):
            // Without a delete of ours, somebody else has removed it.
            guard let made = before.made ?? found, requestID != nil || report.before != nil, !before.isForeign else {
                return
            }
            let removed = GrantRecord(
                id: before.id, integrationID: before.integrationID, key: before.key, isWanted: before.isWanted,
                made: made, isForeign: false, attempt: nil, state: before.state, schedule: before.schedule)
            try append(.deleteAccessGrant, removed, before: removed.auditValue, requestID)
        case .foreign, .notSeen, .failed, .noLocation, .notCalled: break
        }
    }

    private func append(
        _ action: AuditAction, _ record: GrantRecord, before: AuditValue? = nil, after: AuditValue? = nil,
        _ requestID: String?
    ) throws {
        try trail.append(
            AuditEntry(
                at: now, origin: .system, action: action, target: record.auditTarget, before: before, after: after,
                awsRequestID: requestID))
    }

    /// Subscriptions that keep another grant until this one is there.
    private func unplanWaiting(for id: GrantRecordID) throws -> Bool {
        try db.run(
            """
            UPDATE subscription SET is_planned = 0 WHERE id IN (
                SELECT old.subscription_id FROM grant_need new
                JOIN grant_need old ON old.subscription_id = new.subscription_id
                WHERE new.access_grant_id = ? AND new.is_released = 0 AND old.is_superseded = 1
            )
            """, [id.value])
        return db.changesCount > 0
    }

    /// When that was the last grant that is not where the integration's grants are to be, a location that is to go can go.
    private func letLocationGo(_ integration: IntegrationID) throws {
        try db.run(
            """
            UPDATE integration SET next_attempt_at = ? WHERE id = ? AND next_attempt_at > ?
                AND NOT EXISTS (
                    SELECT 1 FROM access_grant g
                    WHERE g.integration_id = integration.id AND g.location_path < COALESCE(integration.grant_path, '')
                )
                AND NOT EXISTS (
                    SELECT 1 FROM access_grant g
                    WHERE g.integration_id = integration.id AND g.location_path > COALESCE(integration.grant_path, '')
                )
            """, [now.milliseconds, integration.value, now.milliseconds])
    }

    /// There is room again in the Access Grants instance for some that it was too full for.
    private func retryFull(_ integration: IntegrationID, _ count: Int) throws {
        try db.run(
            """
            UPDATE access_grant SET next_attempt_at = ? WHERE id IN (
                SELECT g.id FROM integration a
                JOIN integration b ON b.account_id = a.account_id AND b.region = a.region
                JOIN access_grant g ON g.integration_id = b.id
                WHERE a.id = ? AND g.status = 'quotaExceeded' AND g.is_wanted = 1 AND g.leased_until IS NULL
                ORDER BY g.id LIMIT ?
            )
            """, [now.milliseconds, integration.value, Int64(count)])
    }
}
