/// Percent-encoding as AWS signs it: every byte but `A-Za-z0-9-_.~` becomes `%XX`, upper case.
public enum URIEncoding {
    /// - Parameter keepingSlash: Leave `/` as it is: for paths.
    public static func encode(_ text: String, keepingSlash: Bool = false) -> String {
        guard !text.utf8.allSatisfy({ isPlain($0, keepingSlash: keepingSlash) }) else { return text }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count * 3)
        for byte in text.utf8 { append(byte, keepingSlash: keepingSlash, to: &bytes) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The text that `text` encodes; nil when a `%` is not followed by two hexadecimal digits or the result is not UTF-8.
    /// - Parameter plusIsSpace: For query strings.
    public static func decode(_ text: Substring, plusIsSpace: Bool = false) -> String? {
        decode(Array(text.utf8)[...], plusIsSpace: plusIsSpace)
    }

    public static func decode(_ text: String, plusIsSpace: Bool = false) -> String? {
        decode(text[...], plusIsSpace: plusIsSpace)
    }

    private static func decode(_ text: ArraySlice<UInt8>, plusIsSpace: Bool) -> String? {
        guard text.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else {
            return String(validating: text, as: UTF8.self)
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var index = text.startIndex
        while index < text.endIndex {
            let byte = text[index]
            index += 1
            switch byte {
            case UInt8(ascii: "%"):
                guard let decoded = triplet(text[index...]) else { return nil }
                bytes.append(decoded)
                index += 2
            case UInt8(ascii: "+") where plusIsSpace: bytes.append(0x20)
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// The parameters of a query string (without `?`) in order, read by the rule that signatures use: split at `&` and the
    /// first `=`, `+` is a space, empty parts are passed over, no `=` means an empty value. nil when one cannot be decoded.
    public static func parameters(_ query: Substring) -> [QueryParameter]? {
        var parameters: [QueryParameter] = []
        for (name, value) in split(query) {
            guard let name = decode(name, plusIsSpace: true), let value = decode(value, plusIsSpace: true) else {
                return nil
            }
            parameters.append(QueryParameter(name: name, value: value))
        }
        return parameters
    }

    /// Name and value of each parameter, as they stand in the query.
    static func split(_ query: Substring) -> some Sequence<(name: ArraySlice<UInt8>, value: ArraySlice<UInt8>)> {
        Array(query.utf8).split(separator: UInt8(ascii: "&")).lazy.map { part in
            let mark = part.firstIndex(of: UInt8(ascii: "=")) ?? part.endIndex
            return (part[..<mark], part[mark...].dropFirst())
        }
    }
}

/// A decoded parameter of a query string.
public struct QueryParameter: Sendable, Equatable {
    public var name: String
    public var value: String

    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

extension URIEncoding {
    /// Appends text as encoded by somebody else in this encoding's one form. A `%` that begins no triplet stands for
    /// itself; an encoded slash stays one, as it names another path than a plain one.
    static func append(
        recoding text: some Collection<UInt8>, keepingSlash: Bool, plusIsSpace: Bool, to bytes: inout [UInt8]
    ) {
        var index = text.startIndex
        while index < text.endIndex {
            let byte = text[index]
            text.formIndex(after: &index)
            if byte == UInt8(ascii: "%"), let decoded = triplet(text[index...]) {
                append(decoded, keepingSlash: false, to: &bytes)
                text.formIndex(&index, offsetBy: 2)
            } else if byte == UInt8(ascii: "+"), plusIsSpace {
                append(0x20, keepingSlash: false, to: &bytes)
            } else {
                append(byte, keepingSlash: keepingSlash, to: &bytes)
            }
        }
    }

    static func append(_ byte: UInt8, keepingSlash: Bool, to bytes: inout [UInt8]) {
        if isPlain(byte, keepingSlash: keepingSlash) {
            bytes.append(byte)
        } else {
            bytes.append(UInt8(ascii: "%"))
            bytes.append(digit(byte >> 4))
            bytes.append(digit(byte & 15))
        }
    }

    private static func isPlain(_ byte: UInt8, keepingSlash: Bool) -> Bool {
        switch byte {
        case 0x61...0x7A, 0x41...0x5A, 0x30...0x39: true
        case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "~"): true
        case UInt8(ascii: "/"): keepingSlash
        default: false
        }
    }

    /// The byte that the first two of `digits` name.
    private static func triplet(_ digits: some Collection<UInt8>) -> UInt8? {
        var value: UInt8 = 0
        var count = 0
        for character in digits.prefix(2) {
            switch character {
            case 0x30...0x39: value = value << 4 | (character - 0x30)
            case 0x41...0x46: value = value << 4 | (character - 0x41 + 10)
            case 0x61...0x66: value = value << 4 | (character - 0x61 + 10)
            default: return nil
            }
            count += 1
        }
        return count == 2 ? value : nil
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? 0x30 + value : 0x41 + value - 10
    }
}
