/// Reads one flat mapping of YAML 1.2 (core schema): a line `name: value` a member. What is not of that form is
/// refused, not guessed at; nesting, anchors, tags, flow collections and block scalars are of other forms. JSON is YAML
/// too.
///
/// Not a YAML library: the one at hand brings all of Foundation with it, and follows hostile nesting down the stack.
struct FlatYAMLReader {
    struct Malformed: Error, Equatable {
        var reason: String
        /// Counted from 1.
        var line: Int
    }

    private var members: [JSONValue.Member] = []
    private var names: Set<String> = []
    private var line = 0

    static func read(_ bytes: [UInt8]) throws(Malformed) -> JSONValue {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Malformed(reason: "it is not UTF-8", line: 1)
        }
        let isSpace: (UInt8) -> Bool = { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
        if bytes.first(where: { !isSpace($0) }) == UInt8(ascii: "{") {
            do { return try JSONReader.read(bytes) } catch {
                throw Malformed(reason: error.reason, line: 1 + bytes.prefix(error.offset).count { $0 == 0x0A })
            }
        }
        var reader = FlatYAMLReader()
        var mayBegin = true
        for line in text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false) {
            reader.line += 1
            let line = Substring(line.last == "\r" ? line.dropLast() : line)
            guard let content = line.trimmingSpace().first, content != "#" else { continue }
            if mayBegin, line == "---" {
                mayBegin = false
                continue
            }
            mayBegin = false
            try reader.member(line)
        }
        return .object(reader.members)
    }

    private func malformed(_ reason: String) -> Malformed { Malformed(reason: reason, line: line) }

    private mutating func member(_ line: Substring) throws(Malformed) {
        guard line.first != " ", line.first != "\t" else { throw malformed("nothing may be indented") }
        guard let colon = line.firstIndex(of: ":"), colon > line.startIndex,
            line[..<colon].utf8.allSatisfy(Self.isOfName)
        else { throw malformed("name: value is expected") }
        let name = String(line[..<colon])
        let rest = line[line.index(after: colon)...]
        guard rest.isEmpty || rest.first == " " || rest.first == "\t" else {
            throw malformed("a space is expected after the colon")
        }
        guard names.insert(name).inserted else { throw malformed("a member's name is repeated") }
        members.append(.init(name: name, value: try value(rest.trimmingSpace())))
    }

    private static func isOfName(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: true
        default: false
        }
    }

    private func value(_ text: Substring) throws(Malformed) -> JSONValue {
        switch text.first {
        case nil, "#": return .null
        case "\"": return try doubleQuoted(text)
        case "'": return try singleQuoted(text)
        case let first? where "[]{}&*!|>%@`,".contains(first): throw malformed("a plain or quoted value is expected")
        default: return try plain(text)
        }
    }

    private func plain(_ text: Substring) throws(Malformed) -> JSONValue {
        let text = Self.withoutComment(text)
        guard !text.contains(": "), !text.hasSuffix(":"), !text.hasPrefix("- "), text != "-", !text.hasPrefix("? ")
        else {
            throw malformed("a plain or quoted value is expected")
        }
        guard text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
            throw malformed("a control character stands in a value")
        }
        switch text {
        case "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        default: break
        }
        if case .number(let number)? = try? JSONReader.read(Array(text.utf8)) { return .number(number) }
        return .string(String(text))
    }

    /// A comment begins with a `#` after a space.
    private static func withoutComment(_ text: Substring) -> Substring {
        var previous: Character = " "
        for index in text.indices {
            if text[index] == "#", previous == " " || previous == "\t" { return text[..<index].trimmingSpace() }
            previous = text[index]
        }
        return text
    }

    /// JSON's escapes are YAML's too.
    private func doubleQuoted(_ text: Substring) throws(Malformed) -> JSONValue {
        var isEscaped = false
        for index in text.indices.dropFirst() {
            if isEscaped {
                isEscaped = false
            } else if text[index] == "\\" {
                isEscaped = true
            } else if text[index] == "\"" {
                let end = text.index(after: index)
                try checkRest(text[end...])
                do { return try JSONReader.read(Array(text[..<end].utf8)) } catch { throw malformed(error.reason) }
            }
        }
        throw malformed("a quote is not closed")
    }

    private func singleQuoted(_ text: Substring) throws(Malformed) -> JSONValue {
        var value = ""
        var rest = text.dropFirst()
        while let quote = rest.firstIndex(of: "'") {
            value += rest[..<quote]
            rest = rest[rest.index(after: quote)...]
            guard rest.first == "'" else {
                try checkRest(rest)
                return .string(value)
            }
            value += "'"
            rest = rest.dropFirst()
        }
        throw malformed("a quote is not closed")
    }

    private func checkRest(_ rest: Substring) throws(Malformed) {
        guard rest.isEmpty || Self.withoutComment(rest).isEmpty else { throw malformed("something follows the value") }
    }
}
