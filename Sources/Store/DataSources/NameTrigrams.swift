import Domain
import GRDB

/// Searches the index of what three characters in a row the names hold. For use inside one transaction.
struct NameTrigrams {
    let db: Database

    /// How many of a text's trigrams are looked at, and how many of them, the rarest, are asked for. Reading a common one
    /// beside rare ones costs much and excludes little; whoever reads the names compares the whole text.
    private static let considered = 32
    private static let asked = 4

    /// A full-text query for names that hold the rarest trigrams of `text`; `nil` when it is too short to have any.
    func query(for text: String) throws -> String? {
        let scalars = Array(text.unicodeScalars)
        guard scalars.count >= 3, !scalars.contains("\0") else { return nil }
        let starts = stride(from: 0, through: scalars.count - 3, by: 1 + scalars.count / Self.considered)
        let trigrams = Set(starts.map { Self.quoted(scalars[$0..<$0 + 3]) })
        let rarest = try trigrams.map { (trigram: $0, density: try density($0)) }
            .sorted { a, b in a.density != b.density ? a.density < b.density : a.trigram < b.trigram }
        return rarest.prefix(Self.asked).map(\.trigram).joined(separator: " AND ")
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

    private static func quoted(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var text = "\""
        for scalar in scalars {
            if scalar == "\"" { text += "\"" }
            text.unicodeScalars.append(scalar)
        }
        return text + "\""
    }
}
