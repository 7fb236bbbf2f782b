public import Domain
import GRDB

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Data sources and subscriptions in SQLite.
public struct SQLiteDataSourceRepository: DataSourceRepository {
    let database: SQLiteDatabase
    let mask: AuditMask

    public func insert(
        _ new: [NewDataSource], of integration: IntegrationID, for viewer: DataSourceViewer,
        answer: AnswerToKeep<Registration>?, by origin: AuditOrigin, now: Date
    ) async throws(DomainError) -> InsertedDataSources {
        try await database.write { [mask] db in
            let answers = IdempotencyAnswers(db: db)
            if let answer {
                try answers.forget(before: answer.expiredBefore)
                if let kept = try answers.load(answer.key, answer.user) { return .kept(kept) }
            }
            let registration = try DataSourceRegistration(db: db, integration: integration, viewer: viewer)
                .insert(new, AuditTrail(db: db, mask: mask), by: origin, now: now)
            if let answer { try answers.insert(answer, body: answer.render(registration)) }
            return .inserted(registration)
        }
    }

    public func preview(
        _ new: [NewDataSource], of integration: IntegrationID, for viewer: DataSourceViewer
    )
        async throws(DomainError) -> RegistrationPreview
    {
        try await database.read { db in
            try DataSourceRegistration(db: db, integration: integration, viewer: viewer).preview(new)
        }
    }

    public func dataSource(
        _ key: DataSourceKey, for viewer: DataSourceViewer
    )
        async throws(DomainError) -> DataSourceView?
    {
        try await database.read { db in
            guard var view = try DataSourceRows(db: db).view(key, for: viewer) else { return nil }
            view.grantCounts = try AccessRows(db: db).counts(view.dataSource.id)
            return view
        }
    }

    public func search(
        _ query: DataSourceQuery, for viewer: DataSourceViewer
    )
        async throws(DomainError) -> DataSourcePage
    {
        try await database.read { db in try DataSourceSearch(db: db, query: query, viewer: viewer).page() }
    }

    public func update(
        _ id: DataSourceID, _ change: DataSourceChange, revision: Int64?, by origin: AuditOrigin, now: Date
    )
        async throws(DomainError) -> DataSource
    {
        try await database.write { [mask] db in
            try DataSourceChanges(db: db, trail: AuditTrail(db: db, mask: mask), origin: origin, now: now)
                .update(id, change, revision: revision)
        }
    }

    public func delete(
        _ id: DataSourceID, revision: Int64?, by origin: AuditOrigin, now: Date
    )
        async throws(DomainError) -> DataSourceRemoval
    {
        try await database.write { [mask] db in
            try DataSourceChanges(db: db, trail: AuditTrail(db: db, mask: mask), origin: origin, now: now)
                .remove(id, revision: revision)
        }
    }

    public func refresh(_ ids: [DataSourceID], by origin: AuditOrigin, now: Date) async throws(DomainError) {
        try await database.write { [mask] db in
            try DataSourceChanges(db: db, trail: AuditTrail(db: db, mask: mask), origin: origin, now: now).refresh(ids)
        }
    }
}

extension SQLiteDataSourceRepository {
    public func access(
        to id: DataSourceID, after: UserID?, limit: Int?
    )
        async throws(DomainError) -> [AccessRow]
    {
        try await database.read { db in try AccessRows(db: db).load(id, after: after, limit: limit) }
    }

    public func setAccess(
        to id: DataSourceID, of user: UserID, state: SubscriptionState, level: AccessLevel, by origin: AuditOrigin,
        admin: UserID, now: Date
    ) async throws(DomainError) -> AccessRow {
        try await database.write { [mask] db in
            let changes = AccessChanges(db: db, trail: AuditTrail(db: db, mask: mask), origin: origin, now: now)
            try changes.give(to: id, of: user, state, level, admin: admin)
            return try AccessRows(db: db).required(id, user)
        }
    }

    public func revokeAccess(
        to id: DataSourceID, of user: UserID, by origin: AuditOrigin, now: Date
    )
        async throws(DomainError) -> AccessRow
    {
        try await database.write { [mask] db in
            let changes = AccessChanges(db: db, trail: AuditTrail(db: db, mask: mask), origin: origin, now: now)
            try changes.revoke(to: id, of: user)
            return try AccessRows(db: db).required(id, user)
        }
    }
}
