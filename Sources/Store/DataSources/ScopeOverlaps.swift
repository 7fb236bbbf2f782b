import Domain
import GRDB
import SQLiteStatements

/// Which data sources hold keys of new ones. For use inside one transaction, before the new ones are stored.
///
/// A scope that names one object holds that key; any other holds all keys that begin with it. So two overlap when one's
/// text begins with the other's and the shorter one does not name an object, or when they are equal.
struct ScopeOverlaps {
    let db: Database
    let viewer: DataSourceViewer

    private static let wanted = DataSourceOverlaps.limit + 1

    func find(_ new: [NewDataSource]) throws -> DataSourceOverlaps {
        var found = Found()
        try findAncestors(of: new, &found)
        try findWildcards(above: new, &found)
        for (index, one) in new.enumerated() where !found.isFull { try findDescendants(of: one, at: index, &found) }
        Self.findPairs(new, &found)
        return found.overlaps
    }

    /// Each once; those that the viewer may not see are one.
    private struct Found {
        private(set) var all: Set<Pair> = []

        struct Pair: Hashable {
            var index: Int
            var name: String?
        }

        var isFull: Bool { all.count >= ScopeOverlaps.wanted }

        mutating func add(_ index: Int, _ name: String?) {
            if !isFull { all.insert(Pair(index: index, name: name)) }
        }

        var overlaps: DataSourceOverlaps {
            let sorted = all.sorted { a, b in
                a.index != b.index ? a.index < b.index : (a.name ?? "") < (b.name ?? "")
            }
            return DataSourceOverlaps(
                first: sorted.prefix(DataSourceOverlaps.limit).map {
                    DataSourceOverlap(index: $0.index, name: $0.name)
                }, hasMore: sorted.count > DataSourceOverlaps.limit)
        }
    }
}

// MARK: With those that are there

extension ScopeOverlaps {
    private struct Other {
        var scope: String
        var name: String?
    }

    /// - Parameter condition: on `data_source d`.
    private func others(_ condition: String, _ arguments: Bound) throws -> [Other] {
        try db.rows(
            """
            SELECT d.scope, d.name, v.state FROM data_source d \(DataSourceRows.joinViewer)
            WHERE \(condition) LIMIT \(Self.wanted)
            """, [viewer.user.value] + arguments
        ) { row in
            let other = Other(scope: try row.text(), name: try row.text())
            let isSubscribed = row.optionalText() != nil
            switch viewer {
            case .everything: return other
            case .subscriber: return isSubscribed ? other : Other(scope: other.scope, name: nil)
            }
        }
    }

    private static let descendants = "d.scope >= ? AND d.scope < ?"

    private func findDescendants(of new: NewDataSource, at index: Int, _ found: inout Found) throws {
        let end = new.prefix.kind == .object ? new.scope + "\u{1}" : new.scope + "\u{10FFFF}"
        for other in try others(Self.descendants, [new.scope, end]) { found.add(index, other.name) }
    }

    /// Folders, buckets and locations end in a slash: they can only be at the slashes of the new ones' own texts, most of
    /// which new ones have in common.
    private func findAncestors(of new: [NewDataSource], _ found: inout Found) throws {
        var below: [String: [Int]] = [:]
        for (index, one) in new.enumerated() {
            for boundary in Self.boundaries(of: one.scope) { below[boundary, default: []].append(index) }
        }
        for (boundary, indices) in below.sorted(by: { $0.key < $1.key }) where !found.isFull {
            for other in try others("d.scope = ? AND d.prefix_kind <> 'object'", [boundary]) {
                for index in indices { found.add(index, other.name) }
            }
        }
    }

    /// Up to each slash after `s3://`, the whole text not included.
    private static func boundaries(of scope: String) -> [String] {
        let bytes = scope.utf8
        return bytes.indices.dropFirst("s3://".utf8.count).compactMap { index in
            let end = bytes.index(after: index)
            return bytes[index] == UInt8(ascii: "/") && end < bytes.endIndex ? String(scope[..<end]) : nil
        }
    }

    private static let wildcardBefore = """
        SELECT scope FROM data_source WHERE prefix_kind = 'wildcard' AND scope <= ? ORDER BY scope DESC LIMIT 1
        """

    /// A wildcard's scope may end anywhere. The greatest one that is no greater than a text is either a beginning of it, or
    /// has no more in common with it than any shorter one could have.
    private func findWildcards(above new: [NewDataSource], _ found: inout Found) throws {
        guard try wildcard(before: "\u{10FFFF}") != nil else { return }
        for (index, one) in new.enumerated() where !found.isFull {
            var text = String(one.scope.unicodeScalars.dropLast())
            while let scope = try wildcard(before: text) {
                if text.utf8.starts(with: scope.utf8) {
                    for other in try others("d.scope = ? AND d.prefix_kind = 'wildcard'", [scope]) {
                        found.add(index, other.name)
                    }
                    text = String(scope.unicodeScalars.dropLast())
                } else {
                    text = text.commonPrefix(with: scope)
                }
            }
        }
    }

    private func wildcard(before text: String) throws -> String? {
        try db.row(Self.wildcardBefore, [text]) { try $0.text() }
    }
}

// MARK: Among the new ones

extension ScopeOverlaps {
    private struct Scope {
        var bytes: [UInt8]
        var isObject: Bool
        var index: Int

        /// - Parameter other: one that is not before it in the order.
        func holds(_ other: Self) -> Bool { isObject ? bytes == other.bytes : other.bytes.starts(with: bytes) }
    }

    /// In the order of the texts, what holds a key comes before it, with nothing between that it does not hold.
    private static func findPairs(_ new: [NewDataSource], _ found: inout Found) {
        let sorted = new.enumerated().map { index, one in
            Scope(bytes: Array(one.scope.utf8), isObject: one.prefix.kind == .object, index: index)
        }.sorted { a, b in
            if a.bytes != b.bytes { return a.bytes.lexicographicallyPrecedes(b.bytes) }
            return a.isObject != b.isObject ? b.isObject : a.index < b.index
        }
        var open: [Scope] = []
        for scope in sorted {
            while let last = open.last, !last.holds(scope) { open.removeLast() }
            for other in open {
                guard !found.isFull else { return }
                found.add(max(scope.index, other.index), new[min(scope.index, other.index)].name)
            }
            open.append(scope)
        }
    }
}

extension String {
    /// What two texts begin with alike, in whole code points.
    fileprivate func commonPrefix(with other: String) -> String {
        var common = String.UnicodeScalarView()
        for (a, b) in zip(unicodeScalars, other.unicodeScalars) {
            guard a == b else { break }
            common.append(a)
        }
        return String(common)
    }
}
