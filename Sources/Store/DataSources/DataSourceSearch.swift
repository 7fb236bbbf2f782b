import Domain
import GRDB

/// One page of data sources. For use inside one transaction.
///
/// It reads an index in the order of the page and keeps what matches; when few names can match, it reads those instead and
/// sorts them. A person's own are read by his subscriptions, which have the name with them.
struct DataSourceSearch {
    let db: Database
    let query: DataSourceQuery
    let viewer: DataSourceViewer

    func page() throws -> DataSourcePage {
        let trigrams = try query.searchText.flatMap { try NameTrigrams(db: db).query(for: $0) }
        let candidates = try trigrams.map { try NameTrigrams(db: db).count($0, limit: DataSourceQuery.countLimit) }
        let isRare = candidates.map { $0 <= DataSourceQuery.countLimit } ?? false
        // In the order of ids the index of trigrams is read like any other.
        let isInOrder = query.sort != .name && !isOwn
        let hits = try hits(DataSourceFilter(query, viewer, trigrams: isRare || isInOrder ? trigrams : nil))
        let (count, isExact) = try count(DataSourceFilter(query, viewer, trigrams: isRare || isAll ? trigrams : nil))
        let shown = hits.prefix(query.size)
        return DataSourcePage(
            hits: Array(shown), count: count, isCountExact: isExact,
            next: hits.count > query.size ? shown.last.map { DataSourceCursor($0.dataSource, query.sort) } : nil)
    }

    private var isOwn: Bool { DataSourceFilter.isOwn(query, viewer) }
    private var isAll: Bool { !isOwn && query.integrationID == nil }

    /// One more than the page has.
    private func hits(_ filter: DataSourceFilter) throws -> [DataSourceView] {
        let direction = query.isAscending ? "ASC" : "DESC"
        var conditions = filter.conditions
        var arguments = filter.arguments
        if let cursor = query.cursor {
            conditions.append("\(filter.compared) \(query.isAscending ? ">" : "<") ?")
            arguments.append(query.sort == .name ? cursor.value : cursor.id.value)
        }
        return try db.rows(
            """
            SELECT \(DataSourceRows.columns), v.state
            FROM (
                SELECT \(filter.id) AS id FROM \(filter.tables) \(conditions.isEmpty ? "" : "WHERE")
                \(conditions.joined(separator: " AND ")) ORDER BY \(filter.sorted) \(direction) LIMIT ? OFFSET ?
            ) p CROSS JOIN data_source d ON d.id = p.id \(DataSourceRows.joinViewer)
            ORDER BY \(query.sort == .name ? "d.name" : "d.id") \(direction)
            """, arguments + [Int64(query.size + 1), Int64(query.offset), viewer.user.value],
            DataSourceRows.decodeView)
    }

    private func count(_ filter: DataSourceFilter) throws -> (Int, isExact: Bool) {
        if filter.conditions.isEmpty { return (try count("SELECT COUNT(*) FROM data_source", []), true) }
        let limit = DataSourceQuery.countLimit
        let matching = "SELECT 1 FROM \(filter.tables) WHERE \(filter.conditions.joined(separator: " AND ")) LIMIT ?"
        let found = try count("SELECT COUNT(*) FROM (\(matching))", filter.arguments + [Int64(limit + 1)])
        return (min(found, limit), found <= limit)
    }

    private func count(_ sql: String, _ arguments: Bound) throws -> Int {
        Int(try db.row(sql, arguments) { try $0.integer() } ?? 0)
    }
}

extension DataSourceCursor {
    fileprivate init(_ last: DataSource, _ sort: DataSourceQuery.Sort) {
        let value =
            switch sort {
            case .name: last.name
            case .id, .createdAt: last.id.description
            }
        self.init(value: value, id: last.id)
    }
}

/// What is searched: tables with an alias each, and conditions with their arguments in order.
struct DataSourceFilter {
    private(set) var tables: String
    private(set) var conditions: [String] = []
    private(set) var arguments: Bound = []
    /// The columns that have the id, and what the page is sorted by.
    private(set) var id: String
    private(set) var sorted: String
    /// What a cursor is compared with.
    private(set) var compared: String

    static func isOwn(_ query: DataSourceQuery, _ viewer: DataSourceViewer) -> Bool {
        switch viewer {
        case .everything: query.subscription != nil
        case .subscriber: true
        }
    }

    /// - Parameter trigrams: to read those that the index of trigrams finds, rather than to compare all.
    init(_ query: DataSourceQuery, _ viewer: DataSourceViewer, trigrams: String?) {
        let isOwn = Self.isOwn(query, viewer)
        let name = isOwn ? "s.data_source_name" : "d.name"
        let (table, ownID) = isOwn ? ("subscription s", "s.data_source_id") : ("data_source d", "d.id")
        tables = trigrams == nil ? table : "data_source_trigram t CROSS JOIN \(table) ON \(ownID) = t.rowid"
        id = trigrams == nil ? ownID : "t.rowid"
        sorted = query.sort == .name ? name : id
        // Where the index of trigrams leads, a row is looked up by its id: a plus keeps other indexes from it.
        compared = trigrams != nil && query.sort == .name ? "+\(sorted)" : sorted
        if let trigrams { add("data_source_trigram MATCH ?", trigrams) }
        if isOwn {
            add("s.user_id = ?", viewer.user.value)
            conditions.append(trigrams == nil ? "s.is_revoked = 0" : "+s.is_revoked = 0")
            if let state = query.subscription { add("s.state = ?", state.rawValue) }
        }
        if let integration = query.integrationID {
            if isOwn { tables += " CROSS JOIN data_source d ON d.id = s.data_source_id" }
            add("d.integration_id = ?", integration.value)
        }
        if let text = query.searchText, !text.isEmpty { addText(text, in: name) }
    }

    private mutating func add(_ condition: String, _ argument: any DatabaseValueConvertible) {
        conditions.append(condition)
        arguments.append(argument)
    }

    /// `LIKE` is fast, and knows the letters of ASCII only.
    private mutating func addText(_ text: String, in name: String) {
        guard text.utf8.allSatisfy({ $0 < 0x80 }) else {
            return add("INSTR(swiftLowercaseString(\(name)), ?) > 0", text.lowercased())
        }
        var pattern = "%"
        for character in text {
            if "%_\\".contains(character) { pattern += "\\" }
            pattern.append(character)
        }
        add("\(name) LIKE ? ESCAPE '\\'", pattern + "%")
    }
}
