import Domain
import GRDB
import SQLiteStatements

/// Subscriptions with their users and how far AWS is. For use inside one transaction; a few statements, however many
/// subscriptions there are.
struct AccessRows {
    let db: Database

    /// How many subscriptions are counted by status at most.
    static let countLimit: Int64 = 10_000

    /// Which subscriptions a page shows: read from the index in its order, as many as it has.
    static let page = """
        s.id IN (
            SELECT p.id FROM subscription p
            WHERE p.data_source_id = ? AND p.user_id > ?
                AND (p.is_revoked = 0 OR EXISTS (SELECT 1 FROM grant_need n WHERE n.subscription_id = p.id))
            ORDER BY p.user_id LIMIT ?
        )
        """

    /// By user id, those after `after`; revoked ones while their grants are there.
    ///
    /// - Parameter limit: `nil` for all.
    func load(_ id: DataSourceID, after: UserID?, limit: Int?) throws -> [AccessRow] {
        try rows(Self.page, [id.value, after?.value ?? 0, limit.map(Int64.init) ?? -1]).map(\.access)
    }

    /// A subscription that was there in this transaction.
    func required(_ id: DataSourceID, _ user: UserID) throws -> AccessRow {
        guard let row = try rows("s.data_source_id = ? AND s.user_id = ?", [id.value, user.value]).first else {
            throw DomainError(
                .internal, "An internal error occurred.", cause: "the subscription of \(user) to \(id) vanished")
        }
        return row.access
    }

    func counts(_ id: DataSourceID) throws -> [GrantStatus: Int] {
        let grants = try grants("s.data_source_id = ?", [id.value], limit: Self.countLimit)
        let facts = try db.rows(
            "SELECT s.id, \(Self.facts) WHERE s.data_source_id = ? ORDER BY s.id LIMIT ?", [id.value, Self.countLimit]
        ) { row in
            let id = try row.integer()
            return try Self.decodeFacts(&row, grants[id] ?? [])
        }
        return facts.filter { !$0.isRevoked || !$0.grants.isEmpty }
            .reduce(into: [:]) { counts, facts in counts[facts.state.status, default: 0] += 1 }
    }

    private struct Found {
        var subscription: Subscription
        var user: User
        var facts: AccessFacts

        var access: AccessRow { AccessRow(subscription: subscription, user: user, grant: facts.state) }
    }

    /// - Parameter condition: on `subscription s`.
    private func rows(_ condition: String, _ arguments: Bound) throws -> [Found] {
        let grants = try grants(condition, arguments, limit: -1)
        let permissions = try permissions(condition, arguments)
        let principals = try principals(condition, arguments)
        return try db.rows(
            """
            SELECT \(SubscriptionRows.columns), u.iamid, u.userid, u.name, u.email, u.created_at, u.updated_at,
                \(Self.facts) WHERE \(condition) ORDER BY s.user_id
            """, arguments
        ) { row in
            let subscription = try SubscriptionRows.decode(&row)
            let user = User(
                id: subscription.userID, iamid: try row.text(), userid: try row.text(),
                permissions: Set(permissions[subscription.userID.value] ?? []),
                profile: User.Profile(
                    name: try row.text(), email: row.optionalText(),
                    externalUserIDs: ExternalUserIDs(principals[subscription.userID.value] ?? [])),
                createdAt: try row.date(), updatedAt: try row.date())
            let facts = try Self.decodeFacts(&row, grants[subscription.id.value] ?? [])
            return Found(subscription: subscription, user: user, facts: facts)
        }
    }

    private func permissions(_ condition: String, _ arguments: Bound) throws -> [Int64: [Permission]] {
        try grouped(
            """
            SELECT s.user_id, p.permission FROM subscription s JOIN user_permission p ON p.user_id = s.user_id
            WHERE \(condition)
            """, arguments
        ) { try $0.parsed(Permission.init(rawValue:)) }
    }

    private func principals(_ condition: String, _ arguments: Bound) throws -> [Int64: [Grantee]] {
        try grouped(
            """
            SELECT s.user_id, p.grantee_type, p.grantee_identifier
            FROM subscription s JOIN user_principal p ON p.user_id = s.user_id WHERE \(condition)
            """, arguments
        ) { Grantee(try $0.parsed(Grantee.Kind.init(rawValue:)), try $0.text()) }
    }

    /// By the first column.
    private func grouped<Value>(
        _ sql: String, _ arguments: Bound, _ decode: (inout RowDecoder) throws -> Value
    ) throws -> [Int64: [Value]] {
        try db.rows(sql, arguments) { row in (key: try row.integer(), value: try decode(&row)) }
            .reduce(into: [:]) { groups, row in groups[row.key, default: []].append(row.value) }
    }
}

// MARK: What decides the status

extension AccessRows {
    private static let facts = """
        s.is_revoked, s.is_planned, d.is_disabled, i.grant_path IS NOT NULL, u.deleted_at IS NOT NULL,
            EXISTS (SELECT 1 FROM user_principal p WHERE p.user_id = s.user_id)
        FROM subscription s JOIN data_source d ON d.id = s.data_source_id
        JOIN integration i ON i.id = d.integration_id JOIN "user" u ON u.id = s.user_id
        """

    private static func decodeFacts(_ row: inout RowDecoder, _ grants: [AccessFacts.Grant]) throws -> AccessFacts {
        var facts = AccessFacts()
        facts.isRevoked = try row.bool()
        facts.isPlanned = try row.bool()
        facts.isDataSourceDisabled = try row.bool()
        facts.hasLocation = try row.bool()
        let isUserDeleted = try row.bool()
        facts.isRevoked = facts.isRevoked || isUserDeleted
        facts.hasPrincipal = try row.bool()
        facts.grants = grants
        return facts
    }

    /// By subscription, and in the order of the grants.
    private func grants(_ condition: String, _ arguments: Bound, limit: Int64) throws -> [Int64: [AccessFacts.Grant]] {
        try grouped(
            """
            SELECT n.subscription_id, g.status, g.message, n.is_superseded = 1 OR n.is_released = 1
            FROM (SELECT s.id FROM subscription s WHERE \(condition) ORDER BY s.id LIMIT ?) q
            CROSS JOIN grant_need n ON n.subscription_id = q.id JOIN access_grant g ON g.id = n.access_grant_id
            ORDER BY n.subscription_id, g.id
            """, arguments + [limit]
        ) { row in
            let state = GrantState(try row.parsed(GrantStatus.init(rawValue:)), row.optionalText())
            return AccessFacts.Grant(state, isLeaving: try row.bool())
        }
    }
}
