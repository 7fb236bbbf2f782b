import Domain
import Foundation
import GRDB
import SQLiteStatements
import TestSupport
import Testing

@testable import Store

@Suite struct DataSourceChangeTests {
    private func change(_ make: (inout DataSourceChange) -> Void) -> DataSourceChange {
        var change = DataSourceChange()
        make(&change)
        return change
    }

    @Test func `a change is stored with the next revision, and audited`() async throws {
        let stage = try await DataSourceStage()
        var expected = try await stage.register("raw/", name: "before")
        expected.name = "after"
        expected.description = "why"
        expected.updatedAt = stage.later(5)
        var changed: DataSource?
        let effects = try await stage.effects {
            changed = try await stage.dataSources.update(
                expected.id,
                change {
                    $0.name = "after"
                    $0.description = "why"
                }, revision: 1, by: stage.origin, now: stage.later(5))
        }
        #expect(effects.audited == ["dataSource.update dataSource 1 by admin"])
        #expect(effects.commits == 1)
        #expect(changed?.revision == 2)
        let read = try await stage.dataSources.dataSource(.name("after"), for: .everything(stage.admin))?.dataSource
        #expect(read == changed)
        #expect(read?.description == "why")
        #expect(read?.updatedAt == stage.later(5))
        let cleared = try await stage.dataSources.update(
            expected.id, change { $0.description = .some(nil) }, revision: nil, by: stage.origin, now: stage.later(6))
        #expect(cleared.description == nil)
        #expect(cleared.revision == 3)
    }

    @Test func `what changes nothing is not a change`() async throws {
        let stage = try await DataSourceStage()
        let dataSource = try await stage.register("raw/", name: "raw")
        let effects = try await stage.effects {
            let same = try await stage.dataSources.update(
                dataSource.id,
                change {
                    $0.name = "raw"
                    $0.isRestored = true
                }, revision: 1, by: stage.origin, now: stage.later(5))
            #expect(same == dataSource)
        }
        #expect(effects.audited == [])
    }

    @Test func `refusals change nothing`() async throws {
        let stage = try await DataSourceStage()
        let id = try await stage.register("raw/", name: "raw").id
        try await stage.register("b/", name: "taken")
        let stale = DomainError(.preconditionFailed, "The data source with ID 1 was changed meanwhile.")
        let none = DomainError.noDataSource(DataSourceID(9))
        let effects = try await stage.effects {
            let dataSources = stage.dataSources
            await #expect(throws: DomainError.dataSourcesExist(["taken"])) {
                try await dataSources.update(
                    id, change { $0.name = "taken" }, revision: 1, by: stage.origin, now: stage.now)
            }
            await #expect(throws: stale) {
                try await dataSources.update(
                    id, change { $0.name = "x" }, revision: 2, by: stage.origin, now: stage.now)
            }
            await #expect(throws: stale) {
                try await dataSources.delete(id, revision: 7, by: stage.origin, now: stage.now)
            }
            await #expect(throws: none) {
                try await dataSources.update(
                    DataSourceID(9), change { $0.name = "x" }, revision: nil, by: stage.origin, now: stage.now)
            }
            await #expect(throws: none) {
                try await dataSources.delete(DataSourceID(9), revision: nil, by: stage.origin, now: stage.now)
            }
            await #expect(throws: none) {
                try await dataSources.refresh([id, DataSourceID(9)], by: stage.origin, now: stage.now)
            }
        }
        #expect(effects.audited == [])
        #expect(effects.commits == 0)
    }

    @Test func `the first deletion disables, the second deletes, the third finds nothing`() async throws {
        let stage = try await DataSourceStage()
        let dataSource = try await stage.register("raw/", name: "raw")
        try await stage.plannedAll()
        func delete() async throws -> DataSourceRemoval {
            try await stage.dataSources.delete(dataSource.id, revision: nil, by: stage.origin, now: stage.later(1))
        }
        var removals: [DataSourceRemoval] = []
        let effects = try await stage.effects {
            removals.append(try await delete())
            #expect(try await stage.integers("SELECT is_planned FROM subscription") == [0])
            removals.append(try await delete())
        }
        let disabled = DataSource(
            id: dataSource.id, revision: 2, integrationID: stage.integration, name: "raw", sqlTableName: "raw",
            description: nil, prefix: dataSource.prefix, isDisabled: true, createdBy: stage.admin,
            createdAt: stage.now, updatedAt: stage.later(1))
        #expect(removals == [.disabled(disabled), .deleted(disabled)])
        #expect(
            effects.audited == [
                "dataSource.disable dataSource 1 by admin", "dataSource.delete dataSource 1 by admin",
            ])
        #expect(effects.commits == 2)
        await #expect(throws: DomainError.noDataSource(dataSource.id)) { try await delete() }
        #expect(try await stage.integers("SELECT COUNT(*) FROM subscription") == [0])
        #expect(try await stage.register("raw/", name: "raw").id == DataSourceID(2), "its id is never given again")
    }

    @Test func `a disabled one comes back while its integration is in use`() async throws {
        let stage = try await DataSourceStage()
        let id = try await stage.register("raw/", name: "raw").id
        _ = try await stage.dataSources.delete(id, revision: nil, by: stage.origin, now: stage.now)
        try await stage.plannedAll()
        func restore() async throws -> DataSource {
            try await stage.dataSources.update(
                id, change { $0.isRestored = true }, revision: nil, by: stage.origin, now: stage.now)
        }
        for status in [IntegrationStatus.deleted, .disabled] {
            try await stage.execute("UPDATE integration SET status = ?", [status.rawValue])
            let error = await #expect(throws: DomainError.self) { try await restore() }
            #expect(error?.code == .conflict)
        }
        try await stage.execute("UPDATE integration SET status = 'editing'")
        let effects = try await stage.effects {
            let restored = try await restore()
            #expect(!restored.isDisabled)
        }
        #expect(effects.audited == ["dataSource.restore dataSource 1 by admin"])
        #expect(try await stage.integers("SELECT is_planned FROM subscription") == [0])
    }

    @Test func `of the grants of a deleted one, those that nothing else needs are to go`() async throws {
        let stage = try await DataSourceStage()
        let first = try await stage.register("raw/", name: "first")
        try await stage.register("raw/", name: "second")
        try await stage.hold(SubscriptionID(1), .active)
        try await stage.execute(
            "UPDATE access_grant SET grant_id = 'g', grant_arn = 'a', location_id = 'l' WHERE id = 1")
        try await stage.hold(SubscriptionID(1), .active)
        try await stage.execute(
            "INSERT INTO grant_need (subscription_id, access_grant_id, is_superseded) VALUES (2, 2, 0)")
        try await stage.hold(SubscriptionID(1), .pending)
        for _ in 0..<2 {
            _ = try await stage.dataSources.delete(first.id, revision: nil, by: stage.origin, now: stage.later(3))
        }
        #expect(try await stage.integers("SELECT access_grant_id FROM grant_need") == [2])
        #expect(try await stage.integers("SELECT id FROM access_grant WHERE is_wanted = 1") == [2])
        let due = "SELECT id FROM access_grant WHERE is_wanted = 0 AND status = 'revoking' AND next_attempt_at = ?"
        #expect(try await stage.integers(due, [stage.later(3).milliseconds]) == [1])
        #expect(
            try await stage.integers("SELECT COUNT(*) FROM access_grant") == [2],
            "what was never asked of AWS is forgotten at once")
    }

    @Test func `a refresh plans again, and tries again what failed`() async throws {
        let stage = try await DataSourceStage()
        let first = try await stage.register("raw/", name: "first").id
        let second = try await stage.register("b/", name: "second").id
        try await stage.register("c/", name: "third")
        try await stage.plannedAll()
        for status in [GrantStatus.failed, .quotaExceeded, .active] { try await stage.hold(SubscriptionID(1), status) }
        try await stage.hold(SubscriptionID(3), .failed)
        // A removal that AWS refused, and one that waits for its time.
        for _ in 0..<2 { try await stage.hold(SubscriptionID(1), .revoking, isReleased: true) }
        try await stage.execute("UPDATE access_grant SET failures = 3 WHERE id = 5")
        let effects = try await stage.effects {
            try await stage.dataSources.refresh([first, second], by: stage.origin, now: stage.later(2))
        }
        #expect(
            effects.audited == [
                "dataSource.refresh dataSource 1 by admin", "dataSource.refresh dataSource 2 by admin",
            ])
        #expect(effects.commits == 1)
        #expect(try await stage.integers("SELECT is_planned FROM subscription ORDER BY id") == [0, 0, 1])
        let due = "SELECT id FROM access_grant WHERE next_attempt_at = ? ORDER BY id"
        #expect(try await stage.integers(due, [stage.later(2).milliseconds]) == [1, 2, 5])
        await #expect(throws: DomainError.noDataSources([DataSourceID(7), DataSourceID(8)])) {
            try await stage.dataSources.refresh(
                [DataSourceID(7), first, DataSourceID(8)], by: stage.origin, now: stage.now)
        }
    }
}
