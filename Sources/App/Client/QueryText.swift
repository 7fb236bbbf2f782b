/// A query of a request's target: `?name=value&…`, or nothing when no value is given.
struct QueryText: CustomStringConvertible {
    let description: String

    init(_ parameters: [(name: String, value: String?)]) {
        let given = parameters.compactMap { parameter in
            parameter.value.map { "\(parameter.name)=\(Self.encoded($0))" }
        }
        description = given.isEmpty ? "" : "?" + given.joined(separator: "&")
    }

    /// All but RFC 3986's unreserved characters as percent-encoded UTF-8: right in a query, and in a segment of a path.
    static func encoded(_ text: String) -> String {
        var out = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E:
                out.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                out += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return out
    }
}
