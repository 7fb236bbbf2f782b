import HTTPTypes
import S3Server
import SigV4

/// Headers as a column holds them: one `name:value` a line; neither holds a line end.
enum StoredHeaders {
    static func encode(_ headers: HTTPFields) -> String {
        headers.map { "\($0.name.rawName):\($0.value)" }.joined(separator: "\n")
    }

    static func decode(_ text: String) -> HTTPFields {
        var headers = HTTPFields()
        for line in text.utf8.split(separator: UInt8(ascii: "\n")) {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")),
                let name = HTTPField.Name(String(Substring(line[..<colon])))
            else { continue }
            headers.append(HTTPField(name: name, value: String(Substring(line[colon...].dropFirst()))))
        }
        return headers
    }
}

/// Tags as a column holds them: in the form of a query, NULL for none.
enum StoredTags {
    static func encode(_ tags: [S3Tag]) -> String? {
        guard !tags.isEmpty else { return nil }
        return tags.map { "\(URIEncoding.encode($0.key))=\(URIEncoding.encode($0.value))" }.joined(separator: "&")
    }

    static func decode(_ text: String?) -> [S3Tag] {
        guard let text, let items = QueryItems(parsing: text[...]) else { return [] }
        return items.items.map { S3Tag(key: $0.name, value: $0.value) }
    }
}

/// A checksum as a column holds it: `CRC32 FULL_OBJECT DUoRhQ==`.
extension S3Checksum {
    init?(stored text: String?) {
        let space = UInt8(ascii: " ")
        guard let utf8 = text?.utf8, let first = utf8.firstIndex(of: space), let last = utf8.lastIndex(of: space),
            first < last, let algorithm = S3ChecksumAlgorithm(rawValue: String(Substring(utf8[..<first]))),
            let type = S3ChecksumType(rawValue: String(Substring(utf8[first..<last].dropFirst())))
        else { return nil }
        self.init(algorithm, String(Substring(utf8[last...].dropFirst())), type: type)
    }

    var stored: String { "\(algorithm.rawValue) \(type.rawValue) \(value)" }
}

/// The ids of versions and uploads: the row's id, and random digits so that nobody guesses another's. So a row is found
/// without an index of ids, and a page goes on after an id whose row is gone.
enum OpaqueID {
    private static let digits = 16

    static func new(row: Int64) -> String {
        let text = String(row, radix: 16)
        return String(repeating: "0", count: digits - text.utf8.count) + text
            + RandomText.text(digits, of: .hexadecimal).lowercased()
    }

    /// Nil for what is no such id.
    static func row(_ id: String) -> Int64? {
        guard id.utf8.count == 2 * digits else { return nil }
        return Int64(id.prefix(digits), radix: 16)
    }
}
