import Domain

/// Gives new data sources their table names, each once. For use inside one transaction.
struct SQLTableNames {
    private static let maximumLength = 255

    private let rows: DataSourceRows
    private let bases: [String]
    private var given: Set<String> = []
    private var taken: Set<String>
    private var series: [String: Series] = [:]

    /// The numbers that are tried for one base, and how far it is known which of them are taken.
    private struct Series {
        var next: Int
        var knownBelow: Int
        /// How many more of the new ones may ask.
        var wanted: Int
    }

    init(_ new: [NewDataSource], _ rows: DataSourceRows) throws {
        self.rows = rows
        bases = new.map(Self.base)
        taken = try rows.taken("sql_table_name", among: Array(Set(bases)))
    }

    /// In the order of the new ones: `raw`, and `raw_2`, `raw_3`, … where that is taken.
    mutating func make() throws -> [String] {
        var counts: [String: Int] = [:]
        for base in bases { counts[base, default: 0] += 1 }
        return try bases.map { base in
            var name = base
            while taken.contains(name) || given.contains(name) {
                name = try nextNumbered(base, wanted: counts[base] ?? 1)
            }
            given.insert(name)
            return name
        }
    }

    private mutating func nextNumbered(_ base: String, wanted: Int) throws -> String {
        var line = try series[base] ?? start(base, wanted: wanted)
        if line.next >= line.knownBelow {
            let end = line.next + line.wanted
            let window = (line.next..<end).map { Self.numbered(base, $0) }
            taken.formUnion(try rows.taken("sql_table_name", among: window))
            line.knownBelow = end
        }
        let number = line.next
        line.next += 1
        series[base] = line
        return Self.numbered(base, number)
    }

    /// A number below which many are taken is found in a few questions, by doubling and halving.
    private func start(_ base: String, wanted: Int) throws -> Series {
        var (low, high) = (1, 2)
        if taken.contains(base) {
            while try isTaken(base, high) { (low, high) = (high, high * 2) }
            while high - low > 1 {
                let middle = (low + high) / 2
                if try isTaken(base, middle) { low = middle } else { high = middle }
            }
        }
        return Series(next: high, knownBelow: high, wanted: wanted)
    }

    private func isTaken(_ base: String, _ number: Int) throws -> Bool {
        try !rows.taken("sql_table_name", among: [Self.numbered(base, number)]).isEmpty
    }

    private static func numbered(_ base: String, _ number: Int) -> String {
        let suffix = "_\(number)"
        return String(base.prefix(maximumLength - suffix.utf8.count)) + suffix
    }

    /// Of the prefix, or of the place it lies in when it names all of that: `[a-z0-9_]`, no digit first, not empty.
    static func base(_ new: NewDataSource) -> String {
        let text = new.prefix.description.isEmpty ? String(new.scope.dropFirst("s3://".count)) : new.prefix.description
        var name = ""
        for byte in text.lowercased().utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                name.unicodeScalars.append(Unicode.Scalar(byte))
            default: if name.last != "_" { name += "_" }
            }
        }
        if name.last == "_" { name.removeLast() }
        if name.first == "_" { name.removeFirst() }
        guard let first = name.first else { return "data_source" }
        return String((first.isNumber ? "s3_" + name : name).prefix(maximumLength))
    }
}
