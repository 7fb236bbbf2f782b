import Domain
import Foundation
import TestSupport
import Testing

@testable import Store

/// What a caller may do is decided in the transaction of the change: what he lost since his request was let in counts.
@Suite struct DataSourceRightTests {
    enum Change: CaseIterable {
        case update, delete, give, revoke, refresh

        var right: DataSourceRight {
            switch self {
            case .update, .delete, .refresh: .managing
            case .give, .revoke: .giving
            }
        }
    }

    /// What happens between the look at the caller's rights and his change.
    enum Loss: CaseIterable {
        case ownership, access, permission, account
    }

    private static let id = DataSourceID(1)

    /// Ada owns the data source, or may do everything by a permission; Bob uses it.
    private func stage(_ loss: Loss?) async throws -> DataSourceStage {
        let stage = try await DataSourceStage()
        try await stage.register("raw/")
        try await give(stage, stage.bob, .subscribed)
        if loss == .permission {
            _ = try await stage.store.identities.setPermissions(
                of: stage.ada, to: [.governance], by: .system, now: stage.now)
        } else {
            try await give(stage, stage.ada, .owner)
        }
        return stage
    }

    private func give(
        _ stage: DataSourceStage, _ user: UserID, _ state: SubscriptionState, to id: DataSourceID = id
    ) async throws {
        _ = try await stage.dataSources.setAccess(
            to: id, of: user, state: state, level: .read, by: .system, admin: stage.admin, now: stage.now)
    }

    private func lose(_ loss: Loss, _ stage: DataSourceStage) async throws {
        switch loss {
        case .ownership: try await give(stage, stage.ada, .subscribed)
        case .access:
            _ = try await stage.dataSources.revokeAccess(to: Self.id, of: stage.ada, by: .system, now: stage.now)
        case .permission:
            _ = try await stage.store.identities.setPermissions(of: stage.ada, to: [], by: .system, now: stage.now)
        case .account: try await stage.store.identities.deleteUser(stage.ada, by: .system, now: stage.now)
        }
    }

    private func make(_ change: Change, _ stage: DataSourceStage, of id: DataSourceID = id) async throws {
        let (dataSources, now) = (stage.dataSources, stage.now)
        let origin = AuditOrigin(actor: AuditOrigin.Actor(user: stage.ada, userid: "ada", keyID: 2))
        switch change {
        case .update:
            var change = DataSourceChange()
            change.description = "changed"
            _ = try await dataSources.update(id, change, revision: nil, by: origin, now: now)
        case .delete: _ = try await dataSources.delete(id, revision: nil, by: origin, now: now)
        case .give:
            _ = try await dataSources.setAccess(
                to: id, of: stage.bob, state: .expert, level: .read, by: origin, admin: stage.ada, now: now)
        case .revoke: _ = try await dataSources.revokeAccess(to: id, of: stage.bob, by: origin, now: now)
        case .refresh: try await dataSources.refresh([id], by: origin, now: now)
        }
    }

    @Test(arguments: Change.allCases, [Loss.access, .permission])
    func `who has the right still makes the change`(_ change: Change, _ right: Loss) async throws {
        let stage = try await stage(right)
        let effects = try await stage.effects { try await make(change, stage) }
        #expect(effects.audited.count == 1)
        #expect(effects.audited.allSatisfy { $0.hasSuffix(" by ada") })
    }

    @Test(arguments: Change.allCases, Loss.allCases)
    func `who has lost the right meanwhile changes nothing`(_ change: Change, _ loss: Loss) async throws {
        let stage = try await stage(loss)
        try await lose(loss, stage)
        let expected: DomainError =
            switch (loss, change.right) {
            case (.ownership, .managing):
                DomainError(.forbidden, "This needs the permission GOVERNANCE, or to own the data source.")
            case (.ownership, .giving):
                DomainError(
                    .forbidden, "This needs the permission GOVERNANCE or USER_ADMIN, or to own the data source.")
            case (.access, _), (.permission, _), (.account, _): .noDataSource(Self.id)
            }
        let effects = try await stage.effects {
            await #expect(throws: expected) { try await make(change, stage) }
        }
        #expect(effects.audited == [])
        #expect(effects.commits == 0)
    }

    @Test func `however change and revocation meet, none is made after it`() async throws {
        let stage = try await DataSourceStage()
        let ids = try await stage.register((1...20).map { try stage.new("raw-\($0)/") }).dataSources.map(\.id)
        for id in ids { try await give(stage, stage.ada, .owner, to: id) }
        await withTaskGroup(of: Void.self) { group in
            for id in ids {
                group.addTask { try? await make(.update, stage, of: id) }
                group.addTask {
                    _ = try? await stage.dataSources.revokeAccess(
                        to: id, of: stage.ada, by: stage.origin, now: stage.now)
                }
            }
        }
        let rows = try await stage.audited()
        for id in ids {
            let revoked = try #require(rows.firstIndex(of: "access.revoke access \(id)/2 by admin"))
            #expect(!rows[revoked...].contains("dataSource.update dataSource \(id) by ada"))
        }
    }
}
