import Domain
import GRDB
import SQLiteStatements

/// What is searched: tables with an alias each, and conditions with their arguments in order.
struct DataSourceFilter {
    private(set) var tables: String
    private(set) var conditions: [String] = []
    private(set) var arguments: Bound = []
    /// The columns that have the id, and what the page is sorted by.
    private(set) var id: String
    private(set) var sorted: String
    /// What a cursor is compared with.
    private let compared: String
    private let folded: String

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
        folded = isOwn ? "s.folded_name" : "d.folded_name"
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

    /// After the cursor, and within a range of names. Only the narrower bound is given to SQLite, which would not know it.
    mutating func addPlace(_ query: DataSourceQuery, _ range: NameRange?) {
        guard query.sort == .name else {
            if let cursor = query.cursor { add("\(compared) \(query.isAscending ? ">" : "<") ?", cursor.id.value) }
            return
        }
        let cursor = query.cursor?.value
        if query.isAscending, let cursor, range.map({ !cursor.precedes($0.start) }) ?? true {
            add("\(compared) > ?", cursor)
        } else if let range, !range.start.isEmpty {
            add("\(compared) >= ?", range.start)
        }
        if !query.isAscending, let cursor, range?.end.map({ cursor.precedes($0) }) ?? true {
            add("\(compared) < ?", cursor)
        } else if let end = range?.end {
            add("\(compared) < ?", end)
        }
    }

    private mutating func add(_ condition: String, _ argument: any DatabaseValueConvertible) {
        conditions.append(condition)
        arguments += [argument]
    }

    /// SQLite knows the letters of ASCII only.
    private mutating func addText(_ text: String, in name: String) {
        guard text.isASCII else {
            return add("INSTR(COALESCE(\(folded), LOWER(\(name))), ?) > 0", text.lowercased())
        }
        var pattern = "%"
        for character in text {
            if "%_\\".contains(character) { pattern += "\\" }
            pattern.append(character)
        }
        add("\(name) LIKE ? ESCAPE '\\'", pattern + "%")
    }
}

extension String {
    /// In the order that SQLite sorts names in.
    fileprivate func precedes(_ other: String) -> Bool { utf8.lexicographicallyPrecedes(other.utf8) }
}
