/// The spelling rules of Prometheus's text format.
enum PrometheusText {
    /// `[a-zA-Z_][a-zA-Z0-9_]*`, under Sluice's prefix.
    static func name(_ label: String, suffix: String) -> String {
        let plain = identifier(label)
        let prefixed = plain.hasPrefix("sluice_") ? plain : "sluice_" + plain
        return prefixed.hasSuffix(suffix) ? prefixed : prefixed + suffix
    }

    /// `method="GET",status="200"`, by name.
    static func labels(_ dimensions: [(String, String)]) -> String {
        dimensions.sorted { $0.0 < $1.0 }
            .map { "\(identifier($0.0))=\"\(escaped($0.1))\"" }
            .joined(separator: ",")
    }

    static func braced(_ labels: String) -> String { labels.isEmpty ? "" : "{\(labels)}" }

    /// Whole numbers without a fraction.
    static func number(_ value: Double) -> String {
        guard let whole = Int64(exactly: value) else { return String(value) }
        return String(whole)
    }

    private static func identifier(_ text: String) -> String {
        let mapped = text.unicodeScalars.map { scalar -> Character in
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9": Character(scalar)
            default: "_"
            }
        }
        let name = String(mapped)
        return name.first?.isNumber ?? true ? "_" + name : name
    }

    private static func escaped(_ value: String) -> String {
        var text = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}
