import Domain
import GRDB
import SQLiteStatements

/// Searches the index of what three characters in a row the names hold. For use inside one transaction.
struct NameTrigrams {
    let db: Database

    /// How many of a text's trigrams are looked at, and how many of them, the rarest, are asked for. Reading a common one
    /// beside rare ones costs much and excludes little; whoever reads the names compares the whole text.
    private static let considered = 32
    private static let asked = 4

    /// A text is looked for by what it holds.
    ///
    /// - Returns: `nil` for a text that cannot be.
    func narrowing(for text: String) throws -> NameNarrowing? {
        let text = text.lowercased()
        let scalars = Array(text.unicodeScalars)
        guard !scalars.isEmpty, !scalars.contains("\0") else { return nil }
        guard scalars.count >= 3 else { return try narrowing(forShort: text) }
        let starts = stride(from: 0, through: scalars.count - 3, by: 1 + scalars.count / Self.considered)
        let trigrams: Set<String> = Set(starts.map { start in String(scalars[start..<start + 3]) })
        let rarest = try rarest(trigrams)
        return NameNarrowing(
            parts: rarest, query: rarest.map(Self.quoted).joined(separator: " AND "), isComplete: true)
    }

    private func rarest(_ trigrams: Set<String>) throws -> [String] {
        let weighed: [(trigram: String, density: Double)] = try trigrams.map { ($0, try density(Self.quoted($0))) }
        let sorted = weighed.sorted { a, b in
            a.density != b.density ? a.density < b.density : a.trigram < b.trigram
        }
        return sorted.prefix(Self.asked).map(\.trigram)
    }

    /// Of how many stretches a short text's trigrams are gathered, and how many are asked for at most.
    private static let gathered = 10_000
    private static let alternatives = 400

    /// One or two characters begin a trigram wherever they are.
    private func narrowing(forShort text: String) throws -> NameNarrowing {
        let (first, last) = NameStretches.trigrams(from: text)
        var gathered = 0
        let trigrams = try db.rows(
            """
            SELECT trigram, COUNT(*) FROM (
                SELECT t.trigram FROM name_stretch s
                CROSS JOIN name_stretch_trigram t ON t.stretch_id = s.id AND t.trigram BETWEEN ? AND ? LIMIT ?
            ) GROUP BY trigram
            """, [first, last, Int64(Self.gathered)]
        ) { row in
            let trigram = try row.text()
            gathered += Int(try row.integer())
            return trigram
        }
        return NameNarrowing(
            parts: [text], query: trigrams.prefix(Self.alternatives).map(Self.quoted).joined(separator: " OR "),
            isComplete: gathered < Self.gathered && trigrams.count <= Self.alternatives)
    }

    /// How many names have it all, up to one more than `limit`.
    func count(_ query: String, limit: Int) throws -> Int {
        let count = try db.row(
            """
            SELECT COUNT(*) FROM (
                SELECT rowid FROM data_source_trigram WHERE data_source_trigram MATCH ? LIMIT ?
            )
            """, [query, Int64(limit + 1)]
        ) { try $0.integer() }
        return Int(count ?? 0)
    }

    private static let sample: Int64 = 200

    /// About which part of the names have it, by the first that do; 0 when they are few.
    private func density(_ trigram: String) throws -> Double {
        let first = try db.row(
            """
            SELECT COUNT(*), MAX(id) FROM (
                SELECT rowid AS id FROM data_source_trigram WHERE data_source_trigram MATCH ? LIMIT ?
            )
            """, [trigram, Self.sample]
        ) { (count: try $0.integer(), last: $0.optionalInteger()) }
        guard let first, let last = first.last, first.count == Self.sample else { return 0 }
        return Double(first.count) / Double(last)
    }

    private static func quoted(_ trigram: String) -> String {
        var text = "\""
        for scalar in trigram.unicodeScalars {
            if scalar == "\"" { text += "\"" }
            text.unicodeScalars.append(scalar)
        }
        return text + "\""
    }
}

/// What names that hold a text have to hold.
struct NameNarrowing {
    /// Each name holds them all, in lower case: trigrams, or how some begin.
    var parts: [String]
    /// A full-text query that finds the names; empty when there are none.
    var query: String
    /// Whether the query finds them all, and not only some.
    var isComplete: Bool
}

extension String {
    fileprivate init(_ scalars: ArraySlice<Unicode.Scalar>) {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        self.init(view)
    }
}
