import GRDB
import SQLiteStatements

/// Walks the names in their order, leaving out stretches where none holds what is looked for. For use inside one transaction.
struct NameStretches {
    private let db: Database
    private let isAscending: Bool
    private let condition: String
    private let arguments: Bound
    /// Where the next batch begins; in descending order, ends.
    private var place: String?
    private var isAtEnd = false
    private var batch = 32

    private static let largestBatch = 1024

    /// - Parameters:
    ///   - parts: see `NameNarrowing`.
    ///   - cursor: the name that the wanted ones follow.
    init(_ db: Database, holding parts: [String], after cursor: String?, isAscending: Bool) {
        self.db = db
        self.isAscending = isAscending
        place = cursor
        condition = parts.map { _ in
            "EXISTS (SELECT 1 FROM name_stretch_trigram WHERE stretch_id = s.id AND trigram BETWEEN ? AND ?)"
        }.joined(separator: " AND ")
        arguments = Bound(
            parts.flatMap { part in
                let (first, last) = Self.trigrams(from: part)
                return [first, last]
            })
    }

    /// The first and the last trigram that could begin with `part`.
    static func trigrams(from part: String) -> (first: String, last: String) { (part, part + "\u{10FFFF}\u{10FFFF}") }

    /// What of the next stretches may hold names that are looked for, in order; `nil` after the last stretch.
    mutating func next() throws -> [NameRange]? {
        guard !isAtEnd else { return nil }
        let stretches = try load()
        place = isAscending ? stretches.last?.range.end : stretches.last?.range.start
        isAtEnd = stretches.count < batch || place == nil
        batch = min(batch * 2, Self.largestBatch)
        var ranges: [NameRange] = []
        for (index, stretch) in stretches.enumerated() where stretch.mayHold {
            if index > 0, stretches[index - 1].mayHold, let last = ranges.popLast() {
                ranges.append(last.joined(with: stretch.range))
            } else {
                ranges.append(stretch.range)
            }
        }
        return ranges
    }

    /// All that follows what `next()` has given.
    var rest: NameRange? {
        guard !isAtEnd else { return nil }
        return isAscending ? NameRange(start: place ?? "", end: nil) : NameRange(start: "", end: place)
    }

    private func load() throws -> [(range: NameRange, mayHold: Bool)] {
        let after =
            isAscending
            ? "s.first_name >= (SELECT MAX(first_name) FROM name_stretch WHERE first_name <= ?)" : "s.first_name < ?"
        return try db.rows(
            """
            SELECT s.first_name, (SELECT MIN(first_name) FROM name_stretch WHERE first_name > s.first_name), \(condition)
            FROM name_stretch s \(place == nil ? "" : "WHERE \(after)")
            ORDER BY s.first_name \(isAscending ? "ASC" : "DESC") LIMIT ?
            """, arguments + (place.map { [$0] } ?? []) + [Int64(batch)]
        ) { row in
            let range = NameRange(start: try row.text(), end: row.optionalText())
            return (range, try row.bool())
        }
    }
}

/// The names from one up to another, which is not one of them; `nil`: to the last.
struct NameRange: Equatable {
    var start: String
    var end: String?

    /// - Parameter other: one that it borders on.
    func joined(with other: NameRange) -> NameRange {
        other.start == end ? NameRange(start: start, end: other.end) : NameRange(start: other.start, end: end)
    }
}
