import Domain
import GRDB
import SQLiteStatements

/// One page of data sources. For use inside one transaction.
///
/// It reads an index in the order of the page and keeps what matches, leaving out stretches of names where nothing does;
/// when few names can match, it reads those instead and sorts them. A person's own are read by his subscriptions, which
/// have the name with them.
struct DataSourceSearch {
    let db: Database
    let query: DataSourceQuery
    let viewer: DataSourceViewer

    /// How many ranges of names are read one by one, before all the rest is at once.
    private static let rangeLimit = 300

    func page() throws -> DataSourcePage {
        let narrowing = try query.searchText.flatMap { try NameTrigrams(db: db).narrowing(for: $0) }
        if let narrowing, narrowing.query.isEmpty { return DataSourcePage(hits: [], count: 0, next: nil) }
        let hits: [DataSourceView]
        let count: (Int, isExact: Bool)
        if let narrowing, try isRare(narrowing) {
            let filter = DataSourceFilter(query, viewer, trigrams: narrowing.query)
            (hits, count) = (try self.hits(filter), try self.count(filter))
        } else {
            (hits, count) = (try self.hits(narrowing), try self.count(narrowing))
        }
        let shown = hits.prefix(query.size)
        return DataSourcePage(
            hits: Array(shown), count: count.0, isCountExact: count.isExact,
            next: hits.count > query.size ? shown.last.map { DataSourceCursor($0.dataSource, query.sort) } : nil)
    }

    private func isRare(_ narrowing: NameNarrowing) throws -> Bool {
        let limit = DataSourceQuery.countLimit
        return try narrowing.isComplete && NameTrigrams(db: db).count(narrowing.query, limit: limit) <= limit
    }

    private var isOwn: Bool { DataSourceFilter.isOwn(query, viewer) }
    private var isAll: Bool { !isOwn && query.integrationID == nil }
    private var unnarrowed: DataSourceFilter { DataSourceFilter(query, viewer, trigrams: nil) }
}

// MARK: Hits

extension DataSourceSearch {
    /// One more than the page has, of a text that many names may hold.
    private func hits(_ narrowing: NameNarrowing?) throws -> [DataSourceView] {
        guard let narrowing else { return try hits(unnarrowed) }
        guard query.sort == .name else {
            // In the order of ids the index of trigrams is read like any other.
            let isInOrder = narrowing.isComplete && !isOwn
            return try hits(DataSourceFilter(query, viewer, trigrams: isInOrder ? narrowing.query : nil))
        }
        // What an offset passes over is read too.
        guard query.offset <= DataSourceQuery.countLimit else { return try hits(unnarrowed) }
        let wanted = query.offset + query.size + 1
        var found: [DataSourceView] = []
        var stretches = NameStretches(
            db, holding: narrowing.parts, after: query.cursor?.value, isAscending: query.isAscending)
        var read = 0
        while found.count < wanted, read < Self.rangeLimit, let ranges = try stretches.next() {
            for range in ranges where found.count < wanted {
                found += try hits(unnarrowed, in: range, limit: wanted - found.count, offset: 0)
            }
            read += ranges.count
        }
        if found.count < wanted, let rest = stretches.rest {
            found += try hits(unnarrowed, in: rest, limit: wanted - found.count, offset: 0)
        }
        return Array(found.dropFirst(query.offset))
    }

    /// One more than the page has.
    private func hits(_ filter: DataSourceFilter) throws -> [DataSourceView] {
        try hits(filter, in: nil, limit: query.size + 1, offset: query.offset)
    }

    private func hits(
        _ filter: DataSourceFilter, in range: NameRange?, limit: Int, offset: Int
    ) throws -> [DataSourceView] {
        let direction = query.isAscending ? "ASC" : "DESC"
        var filter = filter
        filter.addPlace(query, range)
        return try db.rows(
            """
            SELECT \(DataSourceRows.columns), v.state
            FROM (
                SELECT \(filter.id) AS id FROM \(filter.tables) \(filter.conditions.isEmpty ? "" : "WHERE")
                \(filter.conditions.joined(separator: " AND ")) ORDER BY \(filter.sorted) \(direction) LIMIT ? OFFSET ?
            ) p CROSS JOIN data_source d ON d.id = p.id \(DataSourceRows.joinViewer)
            ORDER BY \(query.sort == .name ? "d.name" : "d.id") \(direction)
            """, filter.arguments + [Int64(limit), Int64(offset), viewer.user.value], DataSourceRows.decodeView)
    }
}

// MARK: Count

extension DataSourceSearch {
    /// Of a text that many names may hold.
    private func count(_ narrowing: NameNarrowing?) throws -> (Int, isExact: Bool) {
        guard let narrowing, isAll else { return try count(unnarrowed) }
        let found = try count(DataSourceFilter(query, viewer, trigrams: narrowing.query))
        // Those that the query finds may be enough.
        return narrowing.isComplete || !found.isExact ? found : try count(unnarrowed)
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
