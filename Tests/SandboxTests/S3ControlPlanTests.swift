import GRDB
import Synchronization
import Testing

@testable import Sandbox

struct S3ControlPlanTests {
    /// Cost must not grow with an instance's grants: what can be asked for is found by an index, whatever the table holds.
    @Test func `no operation reads all grants to answer`() throws {
        let aws = try AccessGrantsFixture()
        try aws.makeInstance()
        try aws.makeLocation("s3://")
        let grant = try aws.makeGrant("default", "lake/bob/*")
        let statements = Mutex<[String]>([])
        try aws.queue.write { database in
            database.trace { event in
                let text = event.expandedDescription
                statements.withLock { $0.append(text) }
            }
        }
        let target = [("target", "s3://lake/bob/x"), ("permission", "READ")]
        var person = CallerFixture.analyst
        person.directory = [Grantee(kind: .directoryUser, trusted: "a1b2c3d4-5678-90ab-cdef-EXAMPLE11111")]
        _ = try aws.send(.getDataAccess, query: target, as: person)
        _ = try aws.send(.listCallerGrants, as: person)
        for filter in [
            [], [("granteeidentifier", AccessGrantsFixture.analyst)], [("grantscope", "s3://lake/bob/*")],
            [("granteetype", "IAM"), ("granteeidentifier", AccessGrantsFixture.analyst), ("permission", "READ")],
        ] {
            _ = try aws.send(.listGrants, query: filter)
        }
        _ = try aws.failure(.createGrant, body: AccessGrantsFixture.grant("default", "lake/bob/*"))
        _ = try aws.failure(.deleteLocation, "default")
        _ = try aws.send(.getGrant, grant)
        _ = try aws.send(.deleteGrant, grant)
        try aws.queue.write { database in
            database.trace(options: [])
            let seen = statements.withLock { $0 }.filter { $0.contains("access_grants_") }
            #expect(seen.count > 20)
            for sql in Set(seen) {
                let plan = try Row.fetchAll(database, sql: "EXPLAIN QUERY PLAN \(sql)").map { $0["detail"] as String }
                #expect(!plan.contains { $0.hasPrefix("SCAN") && !$0.contains("CONSTANT ROW") }, "\(sql): \(plan)")
            }
        }
    }

    @Test func `a caller's grants are found by grantee, a page by its place, a scope by itself`() throws {
        let aws = try AccessGrantsFixture()
        try aws.makeInstance()
        let statements = Mutex<[String]>([])
        try aws.queue.write { database in
            database.trace { event in
                let text = event.expandedDescription
                statements.withLock { $0.append(text) }
            }
        }
        var person = CallerFixture.analyst
        person.directory = [Grantee(kind: .directoryUser, trusted: "a1b2c3d4-5678-90ab-cdef-EXAMPLE11111")]
        _ = try aws.send(.listCallerGrants, as: person)
        _ = try aws.send(.listGrants)
        _ = try aws.send(.listGrants, query: [("grantscope", "s3://lake/*")])
        try aws.queue.write { database in
            database.trace(options: [])
            let lists = statements.withLock { $0 }.filter { $0.contains("access_grants_grant g") }
            let indexes = try lists.map { sql in
                let plan = try Row.fetchAll(database, sql: "EXPLAIN QUERY PLAN \(sql)").map { $0["detail"] as String }
                return plan.first { $0.contains(" g ") }?.split(separator: " ").first { $0.hasPrefix("access_grants_") }
            }
            #expect(
                indexes == [
                    "access_grants_grant_by_grantee", "access_grants_grant_by_instance", "access_grants_grant_by_scope",
                ])
        }
    }
}
