import Domain
import GRDB
import SQLiteStatements

/// How many grants the Access Grants instance of one account and Region has: ours by our records, and those of others
/// when AWS was last looked at. For use inside one transaction.
struct GrantsInUse {
    let db: Database
    let accountID: String
    let region: String

    /// `nil` when there is no such integration.
    init?(db: Database, beside integration: IntegrationID) throws {
        let place = try db.row("SELECT account_id, region FROM integration WHERE id = ?", [integration.value]) {
            (account: try $0.text(), region: try $0.text())
        }
        guard let place else { return nil }
        self.db = db
        accountID = place.account
        region = place.region
    }

    private struct Note {
        var others = 0
        /// All records, whatever AWS has of them.
        var records = 0
        var lastID: Int64 = 0
    }

    func count() throws -> Int { try own() + noted().others }

    /// No less than `count`, and found without counting: no id is ever given again.
    func bound() throws -> Int {
        let note = try noted()
        return note.others + note.records + Int(try lastID() - note.lastID)
    }

    /// - Parameter total: what AWS has, ours included.
    func note(total: Int) throws {
        let own = try own()
        let records = try records()
        try db.run(
            """
            INSERT INTO access_grants_instance (account_id, region, other_grants, own_records, last_grant_id)
            VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (account_id, region) DO UPDATE SET
                other_grants = excluded.other_grants, own_records = excluded.own_records,
                last_grant_id = excluded.last_grant_id
            """, [accountID, region, Int64(max(0, total - own)), Int64(records), try lastID()])
    }

    private func noted() throws -> Note {
        try db.row(
            """
            SELECT other_grants, own_records, last_grant_id FROM access_grants_instance
            WHERE account_id = ? AND region = ?
            """, [accountID, region]
        ) { Note(others: Int(try $0.integer()), records: Int(try $0.integer()), lastID: try $0.integer()) } ?? Note()
    }

    /// What AWS has because of us, or may have.
    private func own() throws -> Int {
        try db.row(
            """
            SELECT COUNT(*) FROM integration i JOIN access_grant g ON g.integration_id = i.id
            WHERE i.account_id = ? AND i.region = ? AND (g.grant_id IS NOT NULL OR g.attempted_at IS NOT NULL)
            """, [accountID, region]
        ) { Int(try $0.integer()) } ?? 0
    }

    private func records() throws -> Int {
        try db.row(
            """
            SELECT COUNT(*) FROM integration i JOIN access_grant g ON g.integration_id = i.id
            WHERE i.account_id = ? AND i.region = ?
            """, [accountID, region]
        ) { Int(try $0.integer()) } ?? 0
    }

    private func lastID() throws -> Int64 {
        try db.row("SELECT COALESCE(MAX(id), 0) FROM access_grant") { try $0.integer() } ?? 0
    }
}

/// Whether new grants still fit. For use inside one transaction.
struct GrantRoom {
    private let inUse: GrantsInUse?
    private let quota: Int
    /// How many there are, those given room here included; `nil` while there is plenty.
    private var used: Int?

    init(_ db: Database, beside integration: IntegrationID, quota: Int) throws {
        inUse = try GrantsInUse(db: db, beside: integration)
        self.quota = quota
        // Most of the time nobody need count.
        if let inUse, try inUse.bound() > quota { used = try inUse.count() }
    }

    /// `nil` when there is room for one more, which is then given.
    mutating func usageIfFull() -> GrantUsage? {
        guard let used else { return nil }
        guard used < quota else { return GrantUsage(used: used, quota: quota) }
        self.used = used + 1
        return nil
    }
}
