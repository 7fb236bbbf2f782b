import Domain
import GRDB
import SQLiteStatements

/// The table `data_source`. For use inside one transaction.
struct DataSourceRows {
    let db: Database

    /// Of `data_source d`, in the order of `decode`.
    static let columns = """
        d.id, d.revision, d.integration_id, d.name, d.sql_table_name, d.description, d.prefix, d.prefix_kind,
        d.is_disabled, d.created_by, d.created_at, d.updated_at
        """

    static func decode(_ row: inout RowDecoder) throws -> DataSource {
        let (id, revision) = (DataSourceID(try row.integer()), try row.integer())
        let integrationID = IntegrationID(try row.integer())
        let (name, sqlTableName, description) = (try row.text(), try row.text(), row.optionalText())
        let prefix = try row.text()
        return DataSource(
            id: id, revision: revision, integrationID: integrationID, name: name, sqlTableName: sqlTableName,
            description: description,
            prefix: DataPrefix(stored: prefix, kind: try row.parsed(DataPrefix.Kind.init(rawValue:))),
            isDisabled: try row.bool(), createdBy: UserID(try row.integer()), createdAt: try row.date(),
            updatedAt: try row.date())
    }

    /// From the columns and the viewer's own state.
    static func decodeView(_ row: inout RowDecoder) throws -> DataSourceView {
        DataSourceView(
            dataSource: try decode(&row),
            subscription: try row.optionalParsed(SubscriptionState.init(rawValue:)))
    }

    /// The viewer's own subscription, as `v`; his id is bound.
    static let joinViewer = """
        LEFT JOIN subscription v ON v.data_source_id = d.id AND v.user_id = ? AND v.is_revoked = 0
        """

    /// - Throws: `notFound`; `preconditionFailed` when `revision` is another.
    func existing(_ id: DataSourceID, revision: Int64? = nil) throws -> DataSource {
        let found = try db.row("SELECT \(Self.columns) FROM data_source d WHERE d.id = ?", [id.value], Self.decode)
        guard let found else { throw DomainError.noDataSource(id) }
        guard revision == nil || revision == found.revision else {
            throw DomainError(.preconditionFailed, "The data source with ID \(id) was changed meanwhile.")
        }
        return found
    }

    func view(_ key: DataSourceKey, for viewer: DataSourceViewer) throws -> DataSourceView? {
        let (column, value): (String, any DatabaseValueConvertible) =
            switch key {
            case .id(let id): ("id", id.value)
            case .name(let name): ("name", name)
            case .sqlTableName(let name): ("sql_table_name", name)
            }
        let view = try db.row(
            """
            SELECT \(Self.columns), v.state FROM data_source d \(Self.joinViewer) WHERE d.\(column) = ?
            """, [viewer.user.value, value], Self.decodeView)
        switch viewer {
        case .everything: return view
        case .subscriber: return view?.subscription == nil ? nil : view
        }
    }

    /// Those inserted have to be made found too: see `makeFound(from:)`.
    ///
    /// - Returns: the new one, with its id.
    func insert(_ new: DataSource, scope: String) throws -> DataSource {
        try db.run(
            """
            INSERT INTO data_source (
                revision, integration_id, name, sql_table_name, description, prefix, prefix_kind, scope, is_disabled,
                created_by, created_at, updated_at, folded_name
            )
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                new.revision, new.integrationID.value, new.name, new.sqlTableName, new.description,
                new.prefix.description, new.prefix.kind.rawValue, scope, new.isDisabled ? 1 : 0, new.createdBy.value,
                new.createdAt.milliseconds, new.updatedAt.milliseconds, new.foldedName,
            ])
        return new.with(id: DataSourceID(db.lastInsertedRowID), revision: new.revision)
    }

    /// Adds those with this id and greater ones to the index of trigrams.
    func makeFound(from first: DataSourceID) throws {
        try db.run(
            """
            INSERT INTO data_source_trigram (rowid, searched_name)
            SELECT id, searched_name FROM data_source WHERE id >= ?
            """, [first.value])
    }

    /// All of it that can change.
    ///
    /// - Returns: it, with the next revision.
    /// - Throws: `conflict` when its name is in use.
    func update(_ new: DataSource) throws -> DataSource {
        do {
            try db.run(
                """
                UPDATE data_source
                SET revision = revision + 1, name = ?, folded_name = ?, description = ?, is_disabled = ?,
                    updated_at = ?
                WHERE id = ?
                """,
                [
                    new.name, new.foldedName, new.description, new.isDisabled ? 1 : 0, new.updatedAt.milliseconds,
                    new.id.value,
                ])
        } catch let error as DatabaseError where error.isUniqueViolation {
            throw DomainError.dataSourcesExist([new.name])
        }
        return new.with(id: new.id, revision: new.revision + 1)
    }

    /// Those of `values` that a unique column holds.
    func taken(_ column: String, among values: [String]) throws -> Set<String> {
        var taken: Set<String> = []
        for start in stride(from: 0, to: values.count, by: Self.chunk) {
            let chunk = values[start..<min(start + Self.chunk, values.count)]
            // Filled up with NULL, which nothing equals, so that there are two statements only.
            let count = values.count == 1 ? 1 : Self.chunk
            let places = repeatElement("?", count: count).joined(separator: ", ")
            let bound = Bound(chunk.map { $0 } + [String?](repeating: nil, count: count - chunk.count))
            taken.formUnion(
                try db.rows("SELECT \(column) FROM data_source WHERE \(column) IN (\(places))", bound) {
                    try $0.text()
                })
        }
        return taken
    }

    private static let chunk = 500
}

extension DataSource {
    /// Its name in lower case; `nil` when SQLite can tell, which knows the letters of ASCII only.
    var foldedName: String? { name.isASCII ? nil : name.lowercased() }

    fileprivate func with(id: DataSourceID, revision: Int64) -> DataSource {
        DataSource(
            id: id, revision: revision, integrationID: integrationID, name: name, sqlTableName: sqlTableName,
            description: description, prefix: prefix, isDisabled: isDisabled, createdBy: createdBy,
            createdAt: createdAt, updatedAt: updatedAt)
    }
}

extension String {
    var isASCII: Bool { utf8.allSatisfy { $0 < 0x80 } }
}
