public import Domain
import GRDB

/// The audit log in SQLite.
public struct SQLiteAuditRepository: AuditRepository {
    let database: SQLiteDatabase
    let mask: AuditMask

    public func append(_ entry: AuditEntry) async throws(DomainError) {
        try await database.write { [mask] db in try AuditTrail(db: db, mask: mask).append(entry) }
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

/// The statement that reads a page. Every index ends with the row's id, so that the rows of one actor, action or target
/// come in order without being sorted; `+at` keeps the index on time, which would need sorting, out of it.
private struct AuditSelection {
    let sql: String
    let arguments: Bound

    init(_ query: AuditQuery, after: Int64, limit: Int) {
        var conditions = ["id > ?"]
        var arguments: Bound = [after]
        func add(_ condition: String, _ value: (any DatabaseValueConvertible)?) {
            guard let value else { return }
            conditions.append(condition)
            arguments.append(value)
        }
        let from = query.from?.milliseconds
        add("+at >= ?", from)
        // Only a first page may begin far from its first row.
        add("id >= (SELECT MIN(id) FROM audit_event WHERE at >= ?)", after == 0 ? from : nil)
        add("+at < ?", query.until?.milliseconds)
        add("action = ?", query.action)
        add("target_type = ?", query.targetType)
        add("target_id = ?", query.targetID)
        let id = query.actor.flatMap { Int64($0) }
        let actors: [(String, (any DatabaseValueConvertible)?)] = [("actor_userid", query.actor), ("actor_id", id)]
        let wanted = actors.filter { $0.1 != nil }
        let columns = """
            SELECT id, at, actor_id, actor_userid, key_id, source, request_id, action, target_type, target_id, before,
                after, outcome, aws_request_id, hash
            """
        let rest = "FROM audit_event WHERE \(conditions.joined(separator: " AND "))"
        guard !wanted.isEmpty else {
            sql = "\(columns) \(rest) ORDER BY id LIMIT ?"
            self.arguments = arguments + [Int64(limit)]
            return
        }
        let halves = wanted.map { "SELECT * FROM (\(columns) \(rest) AND \($0.0) = ? ORDER BY id LIMIT ?)" }
        sql = halves.joined(separator: " UNION ") + " ORDER BY id LIMIT ?"
        self.arguments = wanted.flatMap { arguments + [$0.1, Int64(limit)] } + [Int64(limit)]
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
