import Crypto
import Domain
import GRDB
import SQLiteStatements

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Appends to the table `audit_event`, inside the transaction of what it tells of.
///
/// A row's hash is SHA-256 over its columns, each with its length before it, and the hash of the row before it: a row
/// that is changed, removed or slipped in breaks the chain from there on.
struct AuditTrail {
    let db: Database
    /// Replaces secrets by their HMAC under a key of this installation.
    let mask: AuditMask

    func append(_ entry: AuditEntry) throws { try append([entry]) }

    func append(_ entries: [AuditEntry]) throws {
        let last = try db.row("SELECT id, hash FROM audit_event ORDER BY id DESC LIMIT 1") {
            AuditCheckpoint(id: try $0.integer(), hash: try $0.bytes())
        }
        var before = last ?? .start
        for entry in entries {
            let row = AuditRow(entry, id: before.id + 1, mask: mask)
            let hash = row.hash(after: before.hash)
            try db.run(
                """
                INSERT INTO audit_event (
                    id, at, actor_id, actor_userid, key_id, action, target_type, target_id, before, after, source,
                    request_id, aws_request_id, outcome, previous_hash, hash
                )
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """, row.bound + [Data(before.hash), Data(hash)])
            before = AuditCheckpoint(id: row.id, hash: hash)
        }
    }

    /// A change of something; nothing is written when nothing changed.
    func append(
        _ action: AuditAction, from before: (any Audited)?, to after: (any Audited)?, by origin: AuditOrigin, at: Date
    ) throws {
        guard let target = (after ?? before)?.auditTarget, before?.auditValue != after?.auditValue else { return }
        try append(
            AuditEntry(
                at: at, origin: origin, action: action, target: target, before: before?.auditValue,
                after: after?.auditValue))
    }
}

/// The columns of a row but the hashes.
struct AuditRow {
    let id: Int64
    let columns: [Column]

    enum Column: Equatable {
        case null
        case integer(Int64)
        case text(String)

        init(_ value: Int64?) { self = value.map { .integer($0) } ?? .null }
        init(_ value: String?) { self = value.map { .text($0) } ?? .null }
    }

    init(id: Int64, columns: [Column]) {
        self.id = id
        self.columns = columns
    }

    init(_ entry: AuditEntry, id: Int64, mask: AuditMask) {
        let actor = entry.origin.actor
        self.init(
            id: id,
            columns: [
                .integer(entry.at.milliseconds), Column(actor?.user.value), Column(actor?.userid),
                Column(actor?.keyID), .text(entry.action.rawValue), .text(entry.target.type.rawValue),
                .text(entry.target.id), Column(entry.before.map(mask.json)), Column(entry.after.map(mask.json)),
                Column(entry.origin.source), Column(entry.origin.requestID), Column(entry.awsRequestID),
                .text(entry.outcome.rawValue),
            ])
    }

    /// In the order of the insertion.
    var bound: Bound {
        [id]
            + Bound(
                columns.map { column -> (any DatabaseValueConvertible)? in
                    switch column {
                    case .null: nil
                    case .integer(let value): value
                    case .text(let value): value
                    }
                })
    }

    func hash(after previous: [UInt8]) -> [UInt8] {
        var sha = SHA256()
        sha.update(data: previous)
        for column in [.integer(id)] + columns {
            switch column {
            case .null: sha.update(data: [0])
            case .integer(let value):
                sha.update(data: [1])
                sha.update(data: Self.bytes(value))
            case .text(let value):
                sha.update(data: [2])
                sha.update(data: Self.bytes(Int64(value.utf8.count)))
                sha.update(data: Array(value.utf8))
            }
        }
        return Array(sha.finalize())
    }

    private static func bytes(_ value: Int64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * $0)) }
    }
}
