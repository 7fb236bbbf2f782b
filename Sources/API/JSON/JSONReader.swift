/// Reads one JSON text (RFC 8259), strictly: no repeated member, no lone surrogate, nothing after it, no byte order mark.
struct JSONReader {
    /// Arrays and objects inside each other. The deepest documented body has two.
    static let maximumDepth = 32

    struct Malformed: Error, Equatable {
        var reason: String
        /// Counted from 0.
        var offset: Int
    }

    private let bytes: [UInt8]
    private var position = 0

    static func read(_ bytes: [UInt8]) throws(Malformed) -> JSONValue {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw Malformed(reason: "it is not UTF-8", offset: firstInvalid(bytes))
        }
        var reader = JSONReader(bytes: bytes)
        reader.skipSpace()
        let value = try reader.value(depth: 0)
        reader.skipSpace()
        guard reader.position == bytes.count else { throw reader.malformed("something follows the value") }
        return value
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private static func firstInvalid(_ bytes: [UInt8]) -> Int {
        var iterator = bytes.makeIterator()
        var decoder = UTF8()
        var offset = 0
        while true {
            switch decoder.decode(&iterator) {
            case .scalarValue(let scalar): offset += UTF8.width(scalar)
            case .emptyInput, .error: return offset
            }
        }
    }

    private func malformed(_ reason: String) -> Malformed { Malformed(reason: reason, offset: position) }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func value(depth: Int) throws(Malformed) -> JSONValue {
        switch next {
        case UInt8(ascii: "{"): return try object(depth: depth + 1)
        case UInt8(ascii: "["): return try array(depth: depth + 1)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case nil: throw malformed("it ends too early")
        case let byte? where byte == UInt8(ascii: "-") || (0x30...0x39).contains(byte): return .number(try number())
        default: throw malformed("a value is expected")
        }
    }

    private mutating func word(_ text: String, _ value: JSONValue) throws(Malformed) -> JSONValue {
        guard bytes[position...].starts(with: text.utf8) else { throw malformed("a value is expected") }
        position += text.utf8.count
        return value
    }

    private mutating func object(depth: Int) throws(Malformed) -> JSONValue {
        guard depth <= Self.maximumDepth else { throw malformed("it is nested too deeply") }
        position += 1
        var members: [JSONValue.Member] = []
        var names: Set<String> = []
        skipSpace()
        if next == UInt8(ascii: "}") {
            position += 1
            return .object([])
        }
        while true {
            guard next == UInt8(ascii: "\"") else { throw malformed("a member's name is expected") }
            let start = position
            let name = try string()
            guard names.insert(name).inserted else {
                throw Malformed(reason: "a member's name is repeated", offset: start)
            }
            skipSpace()
            guard next == UInt8(ascii: ":") else { throw malformed("a colon is expected") }
            position += 1
            skipSpace()
            members.append(.init(name: name, value: try value(depth: depth)))
            if try ends(with: UInt8(ascii: "}")) { return .object(members) }
        }
    }

    private mutating func array(depth: Int) throws(Malformed) -> JSONValue {
        guard depth <= Self.maximumDepth else { throw malformed("it is nested too deeply") }
        position += 1
        var items: [JSONValue] = []
        skipSpace()
        if next == UInt8(ascii: "]") {
            position += 1
            return .array([])
        }
        while true {
            items.append(try value(depth: depth))
            if try ends(with: UInt8(ascii: "]")) { return .array(items) }
        }
    }

    /// After an item: `true` at the end, `false` with the position at the next item.
    private mutating func ends(with close: UInt8) throws(Malformed) -> Bool {
        skipSpace()
        guard next == close || next == UInt8(ascii: ",") else {
            throw malformed(next == nil ? "it ends too early" : "a comma or the end is expected")
        }
        let isEnd = next == close
        position += 1
        skipSpace()
        return isEnd
    }

    private mutating func number() throws(Malformed) -> String {
        let start = position
        if next == UInt8(ascii: "-") { position += 1 }
        if next == UInt8(ascii: "0") { position += 1 } else { try digits() }
        if next == UInt8(ascii: ".") {
            position += 1
            try digits()
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            position += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { position += 1 }
            try digits()
        }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func digits() throws(Malformed) {
        let start = position
        while let byte = next, (0x30...0x39).contains(byte) { position += 1 }
        guard position > start else { throw malformed("a digit is expected") }
    }
}

extension JSONReader {
    private mutating func string() throws(Malformed) -> String {
        position += 1
        var text: [UInt8] = []
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                position += 1
                text += try escape()
            case 0..<0x20: throw malformed("a control character stands in a string")
            default:
                text.append(byte)
                position += 1
            }
        }
        throw malformed("it ends too early")
    }

    private mutating func escape() throws(Malformed) -> [UInt8] {
        guard let byte = next else { throw malformed("it ends too early") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"): return Array(String(Character(try scalar())).utf8)
        default:
            position -= 1
            throw malformed("an unknown escape")
        }
    }

    private mutating func scalar() throws(Malformed) -> Unicode.Scalar {
        let start = position
        var value = try fourHexDigits()
        if (0xD800..<0xDC00).contains(value) {
            guard next == UInt8(ascii: "\\") else { throw Malformed(reason: "a lone surrogate", offset: start) }
            position += 1
            guard next == UInt8(ascii: "u") else { throw Malformed(reason: "a lone surrogate", offset: start) }
            position += 1
            let low = try fourHexDigits()
            guard (0xDC00..<0xE000).contains(low) else { throw Malformed(reason: "a lone surrogate", offset: start) }
            let high: UInt32 = (value - 0xD800) << 10
            value = 0x10000 + high + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(value) else { throw Malformed(reason: "a lone surrogate", offset: start) }
        return scalar
    }

    private mutating func fourHexDigits() throws(Malformed) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
                throw malformed("four hexadecimal digits are expected")
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }
}
