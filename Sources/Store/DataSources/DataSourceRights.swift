import Domain
import GRDB
import SQLiteStatements

/// Whether somebody may change data sources. For use inside the transaction of the change, so that what was revoked
/// before it counts.
struct DataSourceRights {
    let db: Database
    /// Without an actor it is Sluice itself, which may do everything.
    let origin: AuditOrigin

    /// - Throws: `notFound` naming all that are not there or that the actor may not see; `forbidden`.
    func require(_ right: DataSourceRight, of ids: [DataSourceID]) throws {
        let permissions = try permissions()
        let viewer = origin.actor.map { DataSourceViewer($0.user, permissions) } ?? .everything(UserID(0))
        let rows = DataSourceRows(db: db)
        let views = try ids.map { try rows.view(.id($0), for: viewer) }
        let missing = zip(ids, views).filter { $0.1 == nil }.map(\.0)
        guard missing.isEmpty else { throw DomainError.noDataSources(missing) }
        guard origin.actor != nil else { return }
        for view in views { try right.require(view?.subscription, permissions) }
    }

    private func permissions() throws -> Set<Permission> {
        guard let user = origin.actor?.user else { return [] }
        let permissions = try db.rows(
            """
            SELECT p.permission FROM user_permission p JOIN "user" u ON u.id = p.user_id
            WHERE p.user_id = ? AND u.deleted_at IS NULL
            """, [user.value]
        ) { try $0.parsed(Permission.init(rawValue:)) }
        return Set(permissions)
    }
}
