/// Cuts a document into tags and text. Positions are offsets in `bytes`, which holds valid UTF-8 (see `XMLCharacters`).
struct XMLTokenizer {
    /// A name as written: `prefix:local`, the prefix empty when there is none.
    struct Name {
        var prefix: Range<Int>
        var local: Range<Int>
        var whole: Range<Int> { (prefix.isEmpty ? local.lowerBound : prefix.lowerBound)..<local.upperBound }
    }

    struct Attribute {
        var name: Name
        var value: String
    }

    enum Token {
        case start(Name, [Attribute], isEmpty: Bool)
        case end(Name)
        case text(String, isBlank: Bool)
        case endOfDocument
    }

    let bytes: [UInt8]
    let attributeLimit: Int
    var position = 0

    init(_ bytes: [UInt8], attributeLimit: Int) throws(XMLError) {
        self.bytes = bytes
        self.attributeLimit = attributeLimit
        if starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        if starts(with: "<?xml"), let next = byte(at: position + 5), Self.isSpace(next) { try declaration() }
    }

    /// The next token; comments and processing instructions are passed over.
    mutating func next() throws(XMLError) -> Token {
        while let first = byte(at: position) {
            guard first == UInt8(ascii: "<") else { return try characters() }
            switch byte(at: position + 1) {
            case UInt8(ascii: "/"): return try endTag()
            case UInt8(ascii: "?"): try instruction()
            case UInt8(ascii: "!"):
                if starts(with: "<!--") {
                    try comment()
                } else if starts(with: "<![CDATA[") {
                    return try characterData()
                } else if starts(with: "<!DOCTYPE") {
                    throw XMLError(.documentTypeDeclaration, at: position)
                } else {
                    throw XMLError(.malformed("<! begins neither a comment nor CDATA"), at: position)
                }
            default: return try startTag()
            }
        }
        return .endOfDocument
    }

    func string(_ range: Range<Int>) -> String {
        String(decoding: bytes[range], as: UTF8.self)
    }
}

// MARK: - Tags

extension XMLTokenizer {
    private mutating func startTag() throws(XMLError) -> Token {
        position += 1
        let name = try name()
        var attributes: [Attribute] = []
        while true {
            let spaced = skipSpace()
            switch byte(at: position) {
            case nil: throw XMLError(.unexpectedEnd, at: position)
            case UInt8(ascii: ">"):
                position += 1
                return .start(name, attributes, isEmpty: false)
            case UInt8(ascii: "/"):
                position += 1
                try expect(UInt8(ascii: ">"), "/ in a tag not followed by >")
                return .start(name, attributes, isEmpty: true)
            default:
                guard spaced else { throw XMLError(.malformed("no space before an attribute"), at: position) }
                guard attributes.count < attributeLimit else {
                    throw XMLError(.tooManyAttributes(limit: attributeLimit), at: position)
                }
                attributes.append(try attribute())
            }
        }
    }

    private mutating func endTag() throws(XMLError) -> Token {
        position += 2
        let name = try name()
        skipSpace()
        try expect(UInt8(ascii: ">"), "an end tag not closed")
        return .end(name)
    }

    private mutating func attribute() throws(XMLError) -> Attribute {
        let name = try name()
        skipSpace()
        try expect(UInt8(ascii: "="), "an attribute without =")
        skipSpace()
        guard let quote = byte(at: position) else { throw XMLError(.unexpectedEnd, at: position) }
        guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
            throw XMLError(.malformed("an attribute's value not in quotes"), at: position)
        }
        position += 1
        let start = position
        var isPlain = true
        while let next = byte(at: position), next != quote {
            if next == UInt8(ascii: "<") { throw XMLError(.malformed("< in an attribute"), at: position) }
            if next == UInt8(ascii: "&") || next < 0x20 { isPlain = false }
            position += 1
        }
        let value = try isPlain ? string(start..<position) : decoded(start..<position, isAttribute: true)
        try expect(quote, "an attribute's value not closed")
        return Attribute(name: name, value: value)
    }

    private mutating func name() throws(XMLError) -> Name {
        let first = position
        try namePart()
        guard byte(at: position) == UInt8(ascii: ":") else {
            return Name(prefix: first..<first, local: first..<position)
        }
        let colon = position
        position += 1
        try namePart()
        return Name(prefix: first..<colon, local: (colon + 1)..<position)
    }

    /// AWS's dialects use ASCII names only, so no others are taken.
    private mutating func namePart() throws(XMLError) {
        guard let first = byte(at: position) else { throw XMLError(.unexpectedEnd, at: position) }
        guard Self.isLetter(first) else { throw XMLError(.invalidName, at: position) }
        position += 1
        while let next = byte(at: position), Self.isLetter(next) || Self.isNameMark(next) { position += 1 }
        if let next = byte(at: position), next >= 0x80 { throw XMLError(.invalidName, at: position) }
    }
}

// MARK: - What is passed over

extension XMLTokenizer {
    private mutating func comment() throws(XMLError) {
        position += 4
        try skip(past: "--")
        try expect(UInt8(ascii: ">"), "-- in a comment")
    }

    private mutating func instruction() throws(XMLError) {
        let start = position
        position += 2
        let target = try name()
        let text = string(target.whole)
        if text.lowercased() == "xml" {
            throw XMLError(.malformed("an XML declaration not at the document's start"), at: start)
        }
        guard let next = byte(at: position) else { throw XMLError(.unexpectedEnd, at: position) }
        guard Self.isSpace(next) || next == UInt8(ascii: "?") else { throw XMLError(.invalidName, at: position) }
        try skip(past: "?>")
    }

    private mutating func declaration() throws(XMLError) {
        position += 5
        var names: [String] = []
        while true {
            let spaced = skipSpace()
            if byte(at: position) == UInt8(ascii: "?") { break }
            let start = position
            guard spaced else { throw XMLError(.malformed("no space in the XML declaration"), at: position) }
            let attribute = try attribute()
            let name = string(attribute.name.whole)
            switch name {
            case "version" where names.isEmpty && (attribute.value == "1.0" || attribute.value == "1.1"): break
            case "encoding" where names == ["version"]:
                guard ["utf-8", "us-ascii"].contains(attribute.value.lowercased()) else {
                    throw XMLError(.unsupportedEncoding, at: start)
                }
            case "standalone" where names.first == "version" && !names.contains(name):
                guard attribute.value == "yes" || attribute.value == "no" else {
                    throw XMLError(.malformed("standalone is neither yes nor no"), at: start)
                }
            default: throw XMLError(.malformed("the XML declaration"), at: start)
            }
            names.append(name)
        }
        guard !names.isEmpty else { throw XMLError(.malformed("the XML declaration"), at: position) }
        position += 1
        try expect(UInt8(ascii: ">"), "the XML declaration not closed")
    }
}

// MARK: - Bytes

extension XMLTokenizer {
    func byte(at index: Int) -> UInt8? {
        index < bytes.count ? bytes[index] : nil
    }

    private func starts(with text: StaticString) -> Bool {
        starts(with: text.description.utf8)
    }

    private func starts(with pattern: some Sequence<UInt8>) -> Bool {
        bytes[position...].starts(with: pattern)
    }

    /// Whether there was any.
    @discardableResult
    private mutating func skipSpace() -> Bool {
        let start = position
        while let next = byte(at: position), Self.isSpace(next) { position += 1 }
        return position > start
    }

    mutating func skip(past text: StaticString) throws(XMLError) {
        let pattern = Array(text.description.utf8)
        while position + pattern.count <= bytes.count {
            if bytes[position] == pattern[0], bytes[position...].starts(with: pattern) {
                position += pattern.count
                return
            }
            position += 1
        }
        throw XMLError(.unexpectedEnd, at: bytes.count)
    }

    private mutating func expect(_ expected: UInt8, _ otherwise: String) throws(XMLError) {
        guard let next = byte(at: position) else { throw XMLError(.unexpectedEnd, at: position) }
        guard next == expected else { throw XMLError(.malformed(otherwise), at: position) }
        position += 1
    }

    static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || byte == UInt8(ascii: "_")
    }

    private static func isNameMark(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
    }
}
