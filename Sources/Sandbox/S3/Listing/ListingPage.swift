import GRDB
import SQLiteStatements

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A page of rows in order of key, some of them rolled up. A rolled-up prefix costs one seek, whatever is under it,
/// and those that follow one another cost one statement.
struct ListingPage<Item> {
    enum Element {
        case item(Item)
        case commonPrefix(String)
    }

    private(set) var items: [Item] = []
    private(set) var commonPrefixes: [String] = []
    private var endsWithPrefix = false
    /// Whether more follow.
    private(set) var isTruncated = false

    let limit: Int
    let database: Database

    init(limit: Int, of database: Database) {
        self.limit = limit
        self.database = database
    }

    var last: Element? {
        endsWithPrefix ? commonPrefixes.last.map { .commonPrefix($0) } : items.last.map { .item($0) }
    }

    /// How many may still be added.
    private var left: Int { limit - items.count - commonPrefixes.count }

    /// Adds what there is, until the page is full.
    /// - Parameters:
    ///   - leaps: from a key on, the first key under each prefix that is to be rolled up, and none after one that is not.
    ///   - rows: the statement for those from a key on, at most as many as told; their first column is the key.
    ///   - commonPrefix: of a key that is to be rolled up.
    ///   - read: makes the item of a key and of what follows it in its row.
    mutating func fill(
        from lower: Data, leaps: (_ from: Data, _ count: Int) throws -> [String] = { _, _ in [] },
        rows: (_ from: Data, _ count: Int) -> (sql: String, arguments: Bound),
        commonPrefix: (String) -> String?, read: (String, inout RowDecoder) throws -> Item
    ) throws {
        guard limit > 0 else { return }
        var lower = lower
        var hasMore = !isTruncated
        while hasMore {
            hasMore = false
            // What follows a rolled-up prefix is most often another one.
            if endsWithPrefix, left > 0 {
                for key in try leaps(lower, left) {
                    guard let prefix = commonPrefix(key) else { break }
                    commonPrefixes.append(prefix)
                }
                if let prefix = commonPrefixes.last { lower = KeyBytes.end(of: prefix) }
            }
            let rows = rows(lower, left + 1)
            try database.forEachRow(rows.sql, rows.arguments) { row in
                guard left > 0 else {
                    isTruncated = true
                    return false
                }
                let key = try row.decoded()
                if let prefix = commonPrefix(key) {
                    commonPrefixes.append(prefix)
                    endsWithPrefix = true
                    lower = KeyBytes.end(of: prefix)
                    hasMore = true
                    return false
                }
                items.append(try read(key, &row))
                endsWithPrefix = false
                return true
            }
        }
    }
}

extension ListingPage.Element {
    /// Where the page after it begins: after this.
    func marker(_ key: (Item) -> String) -> String {
        switch self {
        case .item(let item): key(item)
        case .commonPrefix(let prefix): prefix
        }
    }
}
