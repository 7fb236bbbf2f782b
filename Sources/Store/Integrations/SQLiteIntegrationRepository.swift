public import Domain
import GRDB
import SQLiteStatements

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Integrations in SQLite.
public struct SQLiteIntegrationRepository: IntegrationRepository {
    let database: SQLiteDatabase
    let secrets: SealedSecrets
    let mask: AuditMask

    public func integration(
        _ id: IntegrationID, includingDeleted: Bool
    )
        async throws(DomainError) -> Integration?
    {
        let found = try await database.read { [secrets] db in try IntegrationAggregates(db, secrets).load(id) }
        return found.flatMap { includingDeleted || $0.status != .deleted ? $0 : nil }
    }

    public func revision(_ id: IntegrationID) async throws(DomainError) -> Int64? {
        try await database.read { db in
            try db.row("SELECT revision FROM integration WHERE id = ? AND status <> 'deleted'", [id.value]) {
                try $0.integer()
            }
        }
    }

    public func integrations() async throws(DomainError) -> [Integration] {
        try await database.read { [secrets] db in try IntegrationAggregates(db, secrets).loadAll() }
    }

    public func insert(
        _ new: NewIntegration, answer: AnswerToKeep<Integration>?, by origin: AuditOrigin
    )
        async throws(DomainError) -> InsertedIntegration
    {
        try await database.write { [secrets, mask] db in
            let answers = IdempotencyAnswers(db: db)
            if let answer {
                try answers.forget(before: answer.expiredBefore)
                if let kept = try answers.load(answer.key, answer.user) { return .kept(kept) }
            }
            let integration = try IntegrationAggregates(db, secrets).insert(new)
            if let answer { try answers.insert(answer, body: answer.render(integration)) }
            try AuditTrail(db: db, mask: mask).append(
                .createIntegration, from: nil, to: integration, by: origin, at: integration.report.updatedAt)
            return .inserted(integration)
        }
    }

    @discardableResult
    public func save(
        _ integration: Integration, for request: AuditedRequest?
    )
        async throws(DomainError) -> Integration
    {
        try await database.write { [secrets, mask] db in
            let (before, after) = try IntegrationAggregates(db, secrets).save(integration)
            let trail = AuditTrail(db: db, mask: mask)
            if let request {
                try trail.append(
                    AuditEntry(
                        at: after.report.updatedAt, origin: request.origin, action: request.action,
                        target: after.auditTarget, before: before.auditValue, after: after.auditValue))
            }
            try IntegrationAccess(db: db, trail: trail, origin: request?.origin ?? .system).follow(before, after)
            return after
        }
    }

    public func recordCheck(_ id: IntegrationID, next: Date) async throws(DomainError) {
        try await database.write { db in
            try db.run("UPDATE integration SET next_check_at = ? WHERE id = ?", [next.milliseconds, id.value])
        }
    }

    public func keptAnswer(key: String, user: UserID, since: Date) async throws(DomainError) -> KeptAnswer? {
        try await database.read { db in try IdempotencyAnswers(db: db).load(key, user, since: since) }
    }
}

extension SQLiteIntegrationRepository {
    public func due(now: Date, limit: Int) async throws(DomainError) -> [Integration] {
        try await integrations(
            "SELECT id FROM integration WHERE next_attempt_at <= ? ORDER BY next_attempt_at, id LIMIT ?",
            [now.milliseconds, Int64(limit)])
    }

    /// As the index on these columns says it.
    private static let isInService = "status IN ('enabled', 'recurringValidationError', 'editError', 'deleteError')"

    public func dueForCheck(now: Date, interval: TimeInterval, limit: Int) async throws(DomainError) -> [Integration] {
        // Two ranges of one index: a check that is due, and one that was never made.
        try await integrations(
            """
            SELECT id, next_check_at AS due FROM integration
            WHERE \(Self.isInService) AND next_check_at <= ?
            UNION ALL
            SELECT id, status_since + ? AS due FROM integration
            WHERE \(Self.isInService) AND next_check_at IS NULL AND status_since <= ?
            ORDER BY due, id LIMIT ?
            """,
            [
                now.milliseconds, Self.milliseconds(interval), now.milliseconds - Self.milliseconds(interval),
                Int64(limit),
            ])
    }

    public func nextDue(checkInterval: TimeInterval) async throws(DomainError) -> Date? {
        let interval = Self.milliseconds(checkInterval)
        return try await database.read { db in
            let due = try db.rows(
                """
                SELECT MIN(next_attempt_at) FROM integration WHERE next_attempt_at IS NOT NULL
                UNION ALL
                SELECT MIN(next_check_at) FROM integration
                WHERE \(Self.isInService) AND next_check_at IS NOT NULL
                UNION ALL
                SELECT MIN(status_since) + ? FROM integration
                WHERE \(Self.isInService) AND next_check_at IS NULL
                """, [interval]
            ) { $0.optionalDate() }
            return due.compactMap(\.self).min()
        }
    }

    /// - Parameter query: yields ids in its first column.
    private func integrations(_ query: String, _ arguments: Bound) async throws(DomainError) -> [Integration] {
        try await database.read { [secrets] db in
            let aggregates = IntegrationAggregates(db, secrets)
            return try db.rows(query, arguments) { IntegrationID(try $0.integer()) }.compactMap(aggregates.load)
        }
    }

    private static func milliseconds(_ interval: TimeInterval) -> Int64 { Int64((interval * 1000).rounded()) }
}

/// The table `idempotency_answer`.
struct IdempotencyAnswers {
    let db: Database

    func load(_ key: String, _ user: UserID, since: Date = .distantPast) throws -> KeptAnswer? {
        try db.row(
            """
            SELECT request_hash, body FROM idempotency_answer WHERE user_id = ? AND key = ? AND created_at >= ?
            """, [user.value, key, since.milliseconds]
        ) { KeptAnswer(requestHash: try $0.bytes(), body: try $0.bytes()) }
    }

    func insert(_ answer: AnswerToKeep<some Any>, body: [UInt8]) throws {
        try db.run(
            """
            INSERT INTO idempotency_answer (user_id, key, request_hash, body, created_at) VALUES (?, ?, ?, ?, ?)
            """, [answer.user.value, answer.key, Data(answer.requestHash), Data(body), answer.now.milliseconds])
    }

    func forget(before date: Date) throws {
        try db.run("DELETE FROM idempotency_answer WHERE created_at < ?", [date.milliseconds])
    }
}
