import Domain
import Foundation
import GRDB
import TestSupport
import Testing

@testable import Store

/// What the gateway learns from the store, and what each question costs.
@Suite struct GatewayRepositoryTests {
    private func stage() async throws -> DataSourceStage {
        let stage = try await DataSourceStage()
        for prefix in ["raw/", "raw/day*", "sales/2026.csv"] { try await stage.register(prefix) }
        try await stage.give(stage.ada, .read, to: 1)
        try await stage.give(stage.ada, .write, to: 3)
        return stage
    }

    private func names(_ stage: DataSourceStage, _ user: UserID) async throws -> [String] {
        try await stage.store.gateway.dataSources(GatewayQuery(), for: user).map(\.sqlTableName)
    }

    @Test func `a subscriber's data source comes with its level, its place and the integration's credentials`()
        async throws
    {
        let stage = try await stage()
        let raw = try #require(try await stage.store.gateway.dataSource("raw", for: stage.ada))
        let connection = Fixtures.configuration(path: "s3://research/").connection
        #expect(
            raw
                == GatewayDataSource(
                    id: DataSourceID(1), sqlTableName: "raw", level: .read,
                    place: DataPlace(bucket: "research", folder: "raw/"), connection: connection))
        let all = try await stage.store.gateway.dataSources(GatewayQuery(), for: stage.ada)
        #expect(all.first == raw)
        #expect(
            all.last
                == GatewayDataSource(
                    id: DataSourceID(3), sqlTableName: all[1].sqlTableName, level: .write,
                    place: DataPlace(bucket: "research", folder: "sales/", names: .only("2026.csv")),
                    connection: connection))
        #expect(all.count == 2)
        for user in [stage.bob, UserID(99)] {
            #expect(try await stage.store.gateway.dataSource("raw", for: user) == nil)
            #expect(try await names(stage, user) == [])
        }
        #expect(try await stage.store.gateway.dataSource("RAW", for: stage.ada) == nil)
        #expect(try await stage.store.gateway.dataSource("raw\u{0}", for: stage.ada) == nil)
    }

    @Test(arguments: [
        "UPDATE subscription SET is_revoked = 1 WHERE data_source_id = 1",
        "UPDATE data_source SET is_disabled = 1 WHERE id = 1",
        "UPDATE integration SET grant_path = NULL",
    ])
    func `what is revoked, disabled or without a location is gone at once`(_ change: String) async throws {
        let stage = try await stage()
        #expect(try await names(stage, stage.ada).contains("raw"))
        #expect(try await stage.store.gateway.dataSource("raw", for: stage.ada) != nil)
        try await stage.execute(change)
        #expect(try await stage.store.gateway.dataSource("raw", for: stage.ada) == nil)
        #expect(try await !names(stage, stage.ada).contains("raw"))
    }

    @Test func `data sources are paged in order of their names`() async throws {
        let stage = try await DataSourceStage()
        let tables = try await stage.register(
            ["a", "ab", "a_b", "a0", "b", "ba", "c9"].map { try stage.new("\($0)/") }
        ).dataSources.map(\.sqlTableName)
        let sorted = tables.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let gateway = stage.store.gateway
        func page(_ query: GatewayQuery) async throws -> [String] {
            try await gateway.dataSources(query, for: stage.admin).map(\.sqlTableName)
        }
        #expect(try await page(GatewayQuery()) == sorted)
        #expect(try await page(GatewayQuery(limit: 3)) == Array(sorted.prefix(3)))
        for (index, name) in sorted.enumerated() {
            #expect(try await page(GatewayQuery(from: name)) == Array(sorted.dropFirst(index)))
            #expect(
                try await page(GatewayQuery(from: name, excludesFrom: true)) == Array(sorted.dropFirst(index + 1)))
            for length in 0...name.utf8.count {
                let prefix = String(name.prefix(length))
                #expect(try await page(GatewayQuery(prefix: prefix)) == sorted.filter { $0.hasPrefix(prefix) })
            }
        }
        #expect(try await page(GatewayQuery(prefix: "a", from: "b")) == [])
        #expect(try await page(GatewayQuery(prefix: "é")) == [])
    }

    @Test func `keys and key pairs lead to their users until they end`() async throws {
        let stage = try await stage()
        let (gateway, identities) = (stage.store.gateway, stage.store.identities)
        let end = stage.later(60)
        let hash = CredentialHash(bytes: Array(0..<32))
        let pair = S3KeyPair(accessKeyID: "SLUICEABCDEFGHIJKLMN", secretAccessKey: Secret("its secret"))
        _ = try await identities.insertKey(hash, user: stage.ada, name: "", expiresAt: end, now: stage.now)
        let token = CredentialHash(bytes: Array(32..<64))
        try await identities.insertToken(
            token, keyID: 1, expiresAt: stage.later(30), by: stage.origin, now: stage.now)
        _ = try await identities.insertS3Key(
            pair, user: stage.ada, name: "", expiresAt: end, by: stage.origin, now: stage.now)
        let ada = { GatewayCaller(user: stage.ada, userid: "ada", keyID: $0) }

        #expect(try await gateway.caller(by: hash, now: stage.now) == ada(1))
        #expect(try await gateway.caller(by: token, now: stage.later(29)) == ada(1))
        #expect(try await gateway.caller(by: token, now: stage.later(30)) == nil)
        let found = try #require(try await gateway.caller(accessKeyID: pair.accessKeyID, now: stage.now))
        #expect(found == (ada(2), secret: pair.secretAccessKey))
        #expect(try await gateway.caller(by: hash, now: end) == nil)
        #expect(try await gateway.caller(accessKeyID: pair.accessKeyID, now: end) == nil)
        for id in ["SLUICE", pair.accessKeyID + "\u{0}"] {
            #expect(try await gateway.caller(accessKeyID: id, now: stage.now) == nil)
        }
        #expect(try await identities.revokeKey(2))
        #expect(try await gateway.caller(accessKeyID: pair.accessKeyID, now: stage.now) == nil)
        #expect(try await gateway.caller(by: hash, now: stage.now) == ada(1))
        try await identities.deleteUser(stage.ada, by: stage.origin, now: stage.now)
        #expect(try await gateway.caller(by: hash, now: stage.now) == nil)
    }

    @Test func `each question is one statement that scans no table, and is asked once until anything is committed`()
        async throws
    {
        let stage = try await stage()
        let gateway = stage.store.gateway
        let hash = CredentialHash(bytes: Array(0..<32))
        let pair = S3KeyPair(accessKeyID: "SLUICEABCDEFGHIJKLMN", secretAccessKey: Secret("its secret"))
        let identities = stage.store.identities
        _ = try await identities.insertKey(hash, user: stage.ada, name: "", expiresAt: nil, now: stage.now)
        _ = try await identities.insertS3Key(
            pair, user: stage.ada, name: "", expiresAt: nil, by: stage.origin, now: stage.now)
        let questions: [() async throws -> Bool] = [
            { try await gateway.dataSource("raw", for: stage.ada) != nil },
            { try await gateway.caller(by: hash, now: stage.now) != nil },
            { try await gateway.caller(accessKeyID: pair.accessKeyID, now: stage.now) != nil },
        ]
        func cost(_ question: () async throws -> Bool) async throws -> Int {
            let before = stage.metrics.counts
            #expect(try await question())
            return (stage.metrics.counts - before).statements
        }
        for (index, question) in questions.enumerated() {
            _ = try await cost(question)
            try await stage.execute("UPDATE integration SET updated_at = updated_at + 1")
            // One of them asks whether anything was committed.
            #expect(try await cost(question) == 2, "\(index)")
            #expect(try await cost(question) == 1, "\(index)")
        }
        let list = { try await !gateway.dataSources(GatewayQuery(prefix: "r", from: "ra"), for: stage.ada).isEmpty }
        _ = try await cost(list)
        // Beside it: the transaction's begin and end, and whether the schema has changed.
        #expect(try await cost(list) == 4)
        let plans = try await stage.store.database.pool.read { db in
            try [GatewaySQL.callerByHash, GatewaySQL.callerByPair, GatewaySQL.dataSource, GatewaySQL.dataSources]
                .flatMap { sql in
                    let sql = "EXPLAIN QUERY PLAN " + sql.replacing("?", with: "1")
                    return try String.fetchAll(db, sql: sql, adapter: RangeRowAdapter(3..<4))
                }
        }
        #expect(!plans.isEmpty && plans.allSatisfy { !$0.hasPrefix("SCAN") }, "\(plans)")
    }
}

extension DataSourceStage {
    fileprivate func give(_ user: UserID, _ level: AccessLevel, to id: Int64) async throws {
        _ = try await dataSources.setAccess(
            to: DataSourceID(id), of: user, state: .subscribed, level: level, by: origin, admin: admin, now: now)
    }
}
