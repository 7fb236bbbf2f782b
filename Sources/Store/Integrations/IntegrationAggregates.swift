import Domain
import GRDB
import SQLiteStatements

/// Whole integrations, read and written across their tables. For use inside one transaction.
struct IntegrationAggregates {
    let db: Database
    private let secrets: IntegrationSecrets
    private let locations: IntegrationLocations
    private let results: IntegrationTestResults

    init(_ db: Database, _ secrets: SealedSecrets) {
        self.db = db
        self.secrets = IntegrationSecrets(db: db, secrets: secrets)
        locations = IntegrationLocations(db: db)
        results = IntegrationTestResults(db: db)
    }

    func load(_ id: IntegrationID) throws -> Integration? {
        try db.row("\(IntegrationRow.select) WHERE id = ?", [id.value]) { try IntegrationRow(&$0) }.map(assemble)
    }

    /// All but the deleted ones, by id.
    func loadAll() throws -> [Integration] {
        try db.rows("\(IntegrationRow.select) WHERE status <> 'deleted' ORDER BY id") { try IntegrationRow(&$0) }
            .map(assemble)
    }

    private func assemble(_ row: IntegrationRow) throws -> Integration {
        let hasSecrets = row.current.accessKeyID != nil || row.pending?.accessKeyID != nil
        let secrets = hasSecrets ? try secrets.load(row.id) : [:]
        var report = row.report
        report.validation = try results.load(row.id)
        return Integration(
            id: row.id, revision: row.revision, lifecycle: IntegrationLifecycle(row.status),
            configuration: row.current.configuration(secret: secrets[.current]),
            pending: row.pending?.configuration(secret: secrets[.pending]),
            locations: try locations.load(row.id), report: report, schedule: row.schedule)
    }

    func insert(_ new: NewIntegration) throws -> Integration {
        try checkUnique([new.configuration], except: nil)
        let columns = IntegrationRow.savedColumns
        try db.run(
            """
            INSERT INTO integration (revision, \(columns.joined(separator: ", ")))
            VALUES (1\(String(repeating: ", ?", count: columns.count)))
            """,
            IntegrationRow.bound(
                IntegrationLifecycle.initial.status, new.configuration, pending: nil, new.report, new.schedule, nil))
        let id = IntegrationID(db.lastInsertedRowID)
        try secrets.insert(new.configuration.secret, id, .current)
        try locations.replace([], by: new.locations, id, new.configuration.connection)
        try results.replace(nil, by: new.report.validation, id)
        return try required(id)
    }

    func save(_ new: Integration) throws -> (before: Integration, after: Integration) {
        guard let old = try load(new.id) else {
            throw DomainError(.notFound, "No integration found with ID \(new.id).")
        }
        guard old.revision == new.revision else { throw Self.stale(new.id) }
        let sources = IntegrationLifecycle.sources(of: new.status)
        guard sources.contains(old.status) else {
            throw DomainError(
                .internal, "An internal error occurred.", cause: "\(old.status) does not lead to \(new.status)")
        }
        if new.status.isInUse,
            !old.status.isInUse || old.configuration != new.configuration || old.pending != new.pending
        {
            try checkUnique([new.configuration, new.pending].compactMap(\.self), except: new.id)
        }
        try update(new, from: sources)
        let isKept = new.status != .deleted
        try secrets.replace(
            old.configuration.secret, by: isKept ? new.configuration.secret : nil, new.id, .current)
        try secrets.replace(old.pending?.secret, by: isKept ? new.pending?.secret : nil, new.id, .pending)
        try locations.replace(old.locations, by: new.locations, new.id, new.configuration.connection)
        try results.replace(old.report.validation, by: new.report.validation, new.id)
        return (old, try required(new.id))
    }

    private func update(_ new: Integration, from sources: [IntegrationStatus]) throws {
        let assignments = IntegrationRow.savedColumns.map { "\($0) = ?" }.joined(separator: ", ")
        let places = sources.map { _ in "?" }.joined(separator: ", ")
        let values = IntegrationRow.bound(
            new.status, new.configuration, pending: new.pending, new.report, new.schedule, new.grantPath)
        try db.run(
            """
            UPDATE integration SET revision = revision + 1, \(assignments)
            WHERE id = ? AND revision = ? AND status IN (\(places))
            """, values + [new.id.value, new.revision] + Bound(sources.map(\.rawValue)))
        guard db.changesCount == 1 else { throw Self.stale(new.id) }
    }

    private func required(_ id: IntegrationID) throws -> Integration {
        guard let integration = try load(id) else {
            throw DomainError(.internal, "An internal error occurred.", cause: "integration \(id) vanished")
        }
        return integration
    }

    private static func stale(_ id: IntegrationID) -> DomainError {
        DomainError(.staleRevision, "Integration \(id) was changed meanwhile.")
    }
}

extension IntegrationAggregates {
    /// Names and paths are unique among the integrations in use, those that edits under way lead to included.
    private func checkUnique(_ own: [IntegrationConfiguration], except id: IntegrationID?) throws {
        let paths = own.map(\.path.description)
        if let other = try holder(of: "path", paths, except: id),
            let path = own.first(where: { other.values.contains($0.path.description) })?.path
        {
            throw DomainError.pathInUse(path, by: other.id, status: other.status)
        }
        let names = own.map(\.name)
        if let other = try holder(of: "name", names, except: id), let name = names.first(where: other.values.contains) {
            throw DomainError.nameInUse(name, by: other.id)
        }
    }

    private struct Holder {
        var id: IntegrationID
        var status: IntegrationStatus
        var values: [String]
    }

    /// The first other integration in use that has one of the one or two values, or will have.
    private func holder(of column: String, _ values: [String], except id: IntegrationID?) throws -> Holder? {
        guard let first = values.first, let last = values.last else { return nil }
        let condition = "IN (?, ?) AND status NOT IN ('deleted', 'disabled') AND id <> ?"
        let own = id?.value ?? 0
        // Each half reads one unique index; with OR instead, the whole table would be read.
        return try db.rows(
            """
            SELECT id, status, \(column), pending_\(column) FROM integration WHERE \(column) \(condition)
            UNION ALL
            SELECT id, status, \(column), pending_\(column) FROM integration WHERE pending_\(column) \(condition)
            """, [first, last, own, first, last, own]
        ) { row in
            Holder(
                id: IntegrationID(try row.integer()), status: try row.parsed(IntegrationStatus.init(rawValue:)),
                values: [row.optionalText(), row.optionalText()].compactMap(\.self))
        }.min { $0.id < $1.id }
    }
}
