public import Domain
import GRDB
import SQLiteStatements

/// The audit log in SQLite.
public struct SQLiteAuditRepository: AuditRepository {
    let database: SQLiteDatabase
    let mask: AuditMask

    public func append(_ entry: AuditEntry) async throws(DomainError) {
        try await database.write { [mask] db in try AuditTrail(db: db, mask: mask).append(entry) }
    }

    public func append(_ entries: [AuditEntry]) async throws(DomainError) {
        try await database.write { [mask] db in
            for entry in entries { try AuditTrail(db: db, mask: mask).append(entry) }
        }
    }

    public func events(_ query: AuditQuery, after: Int64, limit: Int) async throws(DomainError) -> [AuditEvent] {
        try await database.read { db in
            let selection = AuditSelection(query, after: after, limit: limit)
            return try db.rows(selection.sql, selection.arguments) { try AuditEvent(&$0) }
        }
    }

    public func verify(after: AuditCheckpoint, limit: Int) async throws(DomainError) -> AuditVerification {
        let rows = try await database.read { db in
            try db.rows(
                """
                SELECT id, at, actor_id, actor_userid, key_id, action, target_type, target_id, before, after, source,
                    request_id, aws_request_id, outcome, previous_hash, hash
                FROM audit_event WHERE id > ? ORDER BY id LIMIT ?
                """, [after.id, Int64(limit)]
            ) { try ChainedRow(&$0) }
        }
        guard !rows.isEmpty else { return .end(after) }
        var last = after
        for chained in rows {
            guard chained.row.id == last.id + 1, chained.previous == last.hash,
                chained.row.hash(after: last.hash) == chained.hash
            else { return .broken(id: last.id + 1) }
            last = AuditCheckpoint(id: chained.row.id, hash: chained.hash)
        }
        return .whole(last)
    }
}

/// A row with the hashes stored beside it.
private struct ChainedRow {
    var row: AuditRow
    var previous: [UInt8]
    var hash: [UInt8]

    init(_ row: inout RowDecoder) throws {
        let id = try row.integer()
        let columns: [AuditRow.Column] = [
            .integer(try row.integer()), .init(row.optionalInteger()), .init(row.optionalText()),
            .init(row.optionalInteger()), .text(try row.text()), .text(try row.text()), .text(try row.text()),
            .init(row.optionalText()), .init(row.optionalText()), .init(row.optionalText()),
            .init(row.optionalText()), .init(row.optionalText()), .text(try row.text()),
        ]
        self.row = AuditRow(id: id, columns: columns)
        previous = try row.bytes()
        hash = try row.bytes()
    }
}

/// The statement that reads a page.
///
/// Every index ends with the row's id, so that the rows of one target, actor or action come in order without being sorted.
/// Of several conditions the one that leaves the fewest rows is served by its index; the others are written as expressions,
/// lest an index be taken whose rows are many, or need sorting.
struct AuditSelection {
    private static let columns = """
        SELECT id, at, actor_id, actor_userid, key_id, source, request_id, action, target_type, target_id, before, after,
            outcome, aws_request_id, hash
        """

    private(set) var sql = ""
    private(set) var arguments: Bound = []

    init(_ query: AuditQuery, after: Int64, limit: Int) {
        let isByTarget = query.targetType != nil && query.targetID != nil
        let isByActor = !isByTarget && query.actor != nil
        var conditions = ["id > ?"]
        var bound: Bound = [after]
        func add(_ condition: String, _ value: (any DatabaseValueConvertible)?) {
            guard let value else { return }
            conditions.append(condition)
            bound += [value]
        }
        let from = query.from?.milliseconds
        add("at + 0 >= ?", from)
        // Only a first page may begin far from its first row.
        add("id >= (SELECT MIN(id + 0) FROM audit_event WHERE at >= ?)", after == 0 ? from : nil)
        add("at + 0 < ?", query.until?.milliseconds)
        add(isByTarget || isByActor ? "action || '' = ?" : "action = ?", query.action)
        add(isByTarget ? "target_type = ?" : "target_type || '' = ?", query.targetType)
        add(isByTarget ? "target_id = ?" : "target_id || '' = ?", query.targetID)
        let end = "ORDER BY id LIMIT ?"
        let byUserid = isByTarget ? "actor_userid || '' = ?" : "actor_userid = ?"
        guard let actor = query.actor, let id = Int64(actor) else {
            add(byUserid, query.actor)
            sql = "\(Self.columns) FROM audit_event WHERE \(conditions.joined(separator: " AND ")) \(end)"
            arguments = bound + [Int64(limit)]
            return
        }
        // A number is a user's id, or the userid of another.
        let rest = "\(Self.columns) FROM audit_event WHERE \(conditions.joined(separator: " AND "))"
        let byID = isByTarget ? "actor_id + 0 = ?" : "actor_id = ?"
        sql = """
            SELECT * FROM (\(rest) AND \(byUserid) \(end)) UNION SELECT * FROM (\(rest) AND \(byID) \(end)) \(end)
            """
        arguments = bound + [actor, Int64(limit)] + bound + [id, Int64(limit)] + [Int64(limit)]
    }
}

extension AuditEvent {
    /// From `id, at, actor_id, actor_userid, key_id, source, request_id, action, target_type, target_id, before, after,
    /// outcome, aws_request_id, hash`.
    fileprivate init(_ row: inout RowDecoder) throws {
        let id = try row.integer()
        let at = try row.date()
        let (user, userid, key) = (row.optionalInteger(), row.optionalText(), row.optionalInteger())
        var actor: AuditOrigin.Actor?
        if let user, let userid, let key { actor = .init(user: UserID(user), userid: userid, keyID: key) }
        let origin = AuditOrigin(actor: actor, source: row.optionalText(), requestID: row.optionalText())
        self.init(
            id: id, at: at, origin: origin, action: try row.text(), targetType: try row.text(),
            targetID: try row.text(), before: row.optionalText(), after: row.optionalText(),
            outcome: try row.parsed(AuditOutcome.init(rawValue:)), awsRequestID: row.optionalText(),
            hash: try row.bytes())
    }
}
