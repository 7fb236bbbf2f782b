public import Domain
import GRDB
import SQLiteStatements

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// What the gateway asks SQLite with each request. Who the caller is and where a data source lies is one statement on the
/// thread that asks, and is remembered until anything is committed; listings are one statement on another thread.
public struct SQLiteGatewayRepository: GatewayRepository {
    let database: SQLiteDatabase
    let secrets: SealedSecrets

    /// Whose a key is, and when the key ends, for which nothing is committed.
    private struct Holder {
        var caller: GatewayCaller
        var expiresAt: Date

        func caller(at now: Date) -> GatewayCaller? { expiresAt > now ? caller : nil }
    }

    /// Bytes, since texts that differ can be equal.
    private enum Question: Hashable {
        case caller(CredentialHash)
        case pair(accessKeyID: [UInt8])
        case dataSource(sqlTableName: [UInt8], UserID)
    }

    public func caller(by hash: CredentialHash, now: Date) async throws(DomainError) -> GatewayCaller? {
        let holder = try database.lookUp(remembering: Question.caller(hash)) { db in
            let holders = try db.rows(GatewaySQL.callerByHash, [hash.selector, hash.selector]) { row -> Holder? in
                guard hash.isEqualInConstantTime(to: try row.bytes()) else { return nil }
                let caller = try GatewayCaller(&row)
                let ends = [row.optionalDate(), row.optionalDate()].compactMap(\.self)
                return Holder(caller: caller, expiresAt: ends.min() ?? .distantFuture)
            }
            return holders.compactMap(\.self).first
        }
        return holder?.caller(at: now)
    }

    public func caller(
        accessKeyID: String, now: Date
    ) async throws(DomainError) -> (GatewayCaller, secret: Secret)? {
        guard !accessKeyID.utf8.contains(0) else { return nil }
        let found = try database.lookUp(remembering: Question.pair(accessKeyID: Array(accessKeyID.utf8))) {
            [secrets] db in
            try db.row(GatewaySQL.callerByPair, [accessKeyID]) { row in
                let caller = try GatewayCaller(&row)
                let secret = try S3KeySecrets.open(try row.bytes(), of: caller.keyID, secrets)
                return (holder: Holder(caller: caller, expiresAt: row.optionalDate() ?? .distantFuture), secret)
            }
        }
        guard let (holder, secret) = found, let caller = holder.caller(at: now) else { return nil }
        return (caller, secret)
    }

    public func dataSource(
        _ sqlTableName: String, for user: UserID
    ) async throws(DomainError) -> GatewayDataSource? {
        // SQLite would read it up to a NUL, and find what was not asked for.
        guard !sqlTableName.utf8.contains(0) else { return nil }
        return try database.lookUp(remembering: Question.dataSource(sqlTableName: Array(sqlTableName.utf8), user)) {
            [secrets] db in
            try db.row(GatewaySQL.dataSource, [user.value, sqlTableName]) {
                try GatewayRow.decode(&$0, secrets)
            }?.dataSource
        }
    }

    public func dataSources(
        _ query: GatewayQuery, for user: UserID
    ) async throws(DomainError) -> [GatewayDataSource] {
        guard !query.prefix.utf8.contains(0), !query.from.utf8.contains(0) else {
            throw DomainError(.internal, "An internal error occurred.", cause: "a name with NUL was asked for")
        }
        // Names are [a-z0-9_], so nothing sorts between those that begin with the prefix.
        let start = query.prefix.utf8.lexicographicallyPrecedes(query.from.utf8) ? query.from : query.prefix
        let sql = query.excludesFrom && start == query.from ? GatewaySQL.dataSourcesAfter : GatewaySQL.dataSources
        return try await database.read { [secrets] db in
            try db.rows(sql, [user.value, start, query.prefix + "~", Int64(query.limit)]) {
                try GatewayRow.decode(&$0, secrets)
            }.compactMap(\.dataSource)
        }
    }
}

/// What the gateway's questions are in SQL.
enum GatewaySQL {
    static let callerByHash = """
        SELECT k.hash, k.id, u.id, u.userid, k.expires_at, NULL
        FROM api_key k JOIN "user" u ON u.id = k.user_id
        WHERE k.selector = ? AND u.deleted_at IS NULL
        UNION ALL
        SELECT t.hash, k.id, u.id, u.userid, k.expires_at, t.expires_at
        FROM token t JOIN api_key k ON k.id = t.key_id JOIN "user" u ON u.id = k.user_id
        WHERE t.selector = ? AND u.deleted_at IS NULL
        """
    static let callerByPair = """
        SELECT k.id, u.id, u.userid, s.secret_access_key, k.expires_at
        FROM s3_key s JOIN api_key k ON k.id = s.key_id JOIN "user" u ON u.id = k.user_id
        WHERE s.access_key_id = ? AND u.deleted_at IS NULL
        """
    static let dataSource = """
        SELECT \(columns) \(readable)
            AND s.data_source_id = (SELECT id FROM data_source WHERE sql_table_name = ?)
        """
    static let dataSources = page(">=")
    static let dataSourcesAfter = page(">")

    private static func page(_ comparison: String) -> String {
        """
        SELECT \(columns) \(readable) AND d.sql_table_name \(comparison) ? AND d.sql_table_name < ?
        ORDER BY d.sql_table_name LIMIT ?
        """
    }

    private static let columns = """
        d.id, d.sql_table_name, d.prefix, d.prefix_kind, s.access_grant, i.id, i.grant_path, i.account_id, i.region,
        i.access_key_id, i.role_to_assume, i.external_id, x.secret_access_key
        """

    /// The user's id is bound. The user's subscriptions come first: they are fewer than the data sources.
    private static let readable = """
        FROM subscription s
        CROSS JOIN data_source d ON d.id = s.data_source_id
        JOIN integration i ON i.id = d.integration_id AND i.grant_path IS NOT NULL
        LEFT JOIN integration_secret x ON x.integration_id = i.id AND x.part = 'current'
        WHERE s.user_id = ? AND s.is_revoked = 0 AND d.is_disabled = 0
        """
}

/// A data source joined with the user's subscription and the integration's credentials.
private enum GatewayRow {
    struct Decoded {
        /// nil when the prefix leads to no bucket.
        var dataSource: GatewayDataSource?
    }

    static func decode(_ row: inout RowDecoder, _ secrets: SealedSecrets) throws -> Decoded {
        let (id, name) = (DataSourceID(try row.integer()), try row.text())
        let prefix = try row.text()
        let kind = try row.parsed(DataPrefix.Kind.init(rawValue:))
        let level = try row.parsed(AccessLevel.init(rawValue:))
        let integration = IntegrationID(try row.integer())
        let path = try row.parsed { try LocationPath($0) }
        let connection = try connection(&row, of: integration, secrets)
        guard let place = DataPrefix(stored: prefix, kind: kind).place(under: path) else { return Decoded() }
        return Decoded(
            dataSource: GatewayDataSource(
                id: id, sqlTableName: name, level: level, place: place, connection: connection))
    }

    private static func connection(
        _ row: inout RowDecoder, of integration: IntegrationID, _ secrets: SealedSecrets
    ) throws -> AWSConnection {
        let accountID = try row.parsed { AWSAccountID($0) }
        let region = try row.parsed { AWSRegion($0) }
        let accessKeyID = row.optionalText()
        let role = try row.optionalParsed { try IAMRoleARN($0) }
        let externalID = try row.parsed { ExternalID($0) }
        var base = AWSAuthentication.Base.auto
        if let accessKeyID {
            let secret = try IntegrationSecrets.open(try row.bytes(), of: integration, .current, secrets)
            base = .accessKey(id: accessKeyID, secret: secret)
        }
        return AWSConnection(
            accountID: accountID, region: region,
            authentication: AWSAuthentication(base: base, roleToAssume: role), externalID: externalID)
    }
}

extension GatewayCaller {
    /// From the key's id, the user's id and userid.
    fileprivate init(_ row: inout RowDecoder) throws {
        let keyID = try row.integer()
        self.init(user: UserID(try row.integer()), userid: try row.text(), keyID: keyID)
    }
}
