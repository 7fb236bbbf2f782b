import Domain
import GRDB
import SQLiteStatements

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Works out which grants subscriptions need. For use inside one transaction.
struct GrantPlanning {
    let db: Database
    let rows: GrantRows
    let now: Date

    init(_ db: Database, now: Date) {
        self.db = db
        rows = GrantRows(db: db)
        self.now = now
    }

    static let unplanned = "SELECT id FROM subscription WHERE is_planned = 0 ORDER BY id LIMIT ?"

    /// A row for each principal, or one with none. What asks for nothing any more has no principals here.
    static let desired = """
        SELECT s.id, d.integration_id, i.grant_path, d.prefix, d.prefix_kind, s.access_grant, p.grantee_type,
            p.grantee_identifier
        FROM (\(unplanned)) q
        JOIN subscription s ON s.id = q.id
        JOIN data_source d ON d.id = s.data_source_id
        JOIN integration i ON i.id = d.integration_id
        JOIN "user" u ON u.id = s.user_id
        LEFT JOIN user_principal p
            ON p.user_id = s.user_id AND s.is_revoked = 0 AND d.is_disabled = 0 AND u.deleted_at IS NULL
                AND i.grant_path IS NOT NULL
        """

    static let held = """
        SELECT n.subscription_id, n.is_superseded, n.is_released, g.grant_id IS NOT NULL AND
            (g.attempted_at IS NULL OR g.is_foreign = 1), g.id, g.location_path, g.sub_prefix, g.is_object,
            g.grantee_type, g.grantee_identifier, g.permission
        FROM (\(unplanned)) q
        JOIN grant_need n ON n.subscription_id = q.id
        JOIN access_grant g ON g.id = n.access_grant_id
        """

    static func isNeeded(_ db: Database) throws -> Bool {
        try db.row("SELECT 1 FROM subscription WHERE is_planned = 0 LIMIT 1") { try $0.integer() } != nil
    }

    private struct Wishes {
        var integration: IntegrationID
        var desired: Set<GrantKey> = []
        var held: [HeldGrant] = []
    }

    func plan(limit: Int) throws -> Int {
        var all: [Int64: Wishes] = [:]
        _ = try db.rows(Self.desired, [Int64(limit)]) { row in
            let id = try row.integer()
            let integration = IntegrationID(try row.integer())
            let key = try Self.key(&row)
            all[id, default: Wishes(integration: integration)].desired.formUnion([key].compactMap(\.self))
        }
        guard !all.isEmpty else { return 0 }
        _ = try db.rows(Self.held, [Int64(limit)]) { row in
            let id = try row.integer()
            let (isSuperseded, isReleased, isActive) = (try row.bool(), try row.bool(), try row.bool())
            let grant = HeldGrant(
                id: GrantRecordID(try row.integer()), key: try GrantRows.decodeKey(&row),
                hold: isReleased ? .released : isSuperseded ? .superseded : .needed, isActive: isActive)
            all[id]?.held.append(grant)
        }
        for (id, wishes) in all.sorted(by: { $0.key < $1.key }) { try store(wishes, of: id) }
        return all.count
    }

    private static func key(_ row: inout RowDecoder) throws -> GrantKey? {
        let location = try row.optionalParsed { try LocationPath($0) }
        let (prefix, kind) = (try row.text(), try row.parsed(DataPrefix.Kind.init(rawValue:)))
        let level = try row.parsed(AccessLevel.init(rawValue:))
        let type = try row.optionalParsed(Grantee.Kind.init(rawValue:))
        guard let location, let type else { return nil }
        return GrantKey(
            DataPrefix(stored: prefix, kind: kind), at: location, for: Grantee(type, try row.text()), level)
    }

    private func store(_ wishes: Wishes, of subscription: Int64) throws {
        let plan = GrantPlan(desired: wishes.desired, held: wishes.held)
        // Before anything is given up: what another key of the same subscription shares must not go in between.
        for key in plan.add { try need(try grant(key, of: wishes.integration), subscription) }
        for id in plan.restore { try need(try wanted(id), subscription) }
        for id in plan.supersede {
            try db.run(
                "UPDATE grant_need SET is_superseded = 1 WHERE subscription_id = ? AND access_grant_id = ?",
                [subscription, id.value])
        }
        for id in plan.release { try release(id, by: subscription) }
        try db.run("UPDATE subscription SET is_planned = 1 WHERE id = ?", [subscription])
        try rows.deleteSubscriptionIfOver(subscription)
    }

    private func need(_ grant: GrantRecordID, _ subscription: Int64) throws {
        try db.run(
            """
            INSERT INTO grant_need (subscription_id, access_grant_id, is_superseded, is_released) VALUES (?, ?, 0, 0)
            ON CONFLICT (subscription_id, access_grant_id) DO UPDATE SET is_superseded = 0, is_released = 0
            """, [subscription, grant.value])
    }

    private func grant(_ key: GrantKey, of integration: IntegrationID) throws -> GrantRecordID {
        guard let record = try rows.load(key, of: integration) else {
            return try rows.insert(key, of: integration, now: now)
        }
        return try want(record)
    }

    private func wanted(_ id: GrantRecordID) throws -> GrantRecordID {
        guard let record = try rows.load(id) else { return id }
        return try want(record)
    }

    /// Others that waited for its end wait no more.
    private func want(_ record: GrantRecord) throws -> GrantRecordID {
        guard !record.isWanted else { return record.id }
        var record = record
        record.want(true, now: now)
        try rows.update(record)
        let waiting = try db.rows(
            "DELETE FROM grant_need WHERE access_grant_id = ? AND is_released = 1 RETURNING subscription_id",
            [record.id.value]
        ) { try $0.integer() }
        for subscription in waiting { try rows.deleteSubscriptionIfOver(subscription) }
        return record.id
    }

    private func release(_ id: GrantRecordID, by subscription: Int64) throws {
        try db.run(
            """
            UPDATE grant_need SET is_superseded = 0, is_released = 1 WHERE subscription_id = ? AND access_grant_id = ?
            """, [subscription, id.value])
        let isNeeded = try db.row(
            "SELECT 1 FROM grant_need WHERE access_grant_id = ? AND is_released = 0 LIMIT 1", [id.value]
        ) { try $0.integer() }
        guard isNeeded == nil else {
            try db.run(
                "DELETE FROM grant_need WHERE subscription_id = ? AND access_grant_id = ?", [subscription, id.value])
            return
        }
        guard var record = try rows.load(id) else { return }
        record.want(false, now: now)
        if record.step == .forget { try rows.forget(id) } else { try rows.update(record) }
    }
}
