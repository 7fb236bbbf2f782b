extension XMLTokenizer {
    mutating func characters() throws(XMLError) -> Token {
        let start = position
        var isPlain = true
        var isBlank = true
        while let next = byte(at: position), next != UInt8(ascii: "<") {
            if next == UInt8(ascii: "&") || next == 0x0D { isPlain = false }
            if next == UInt8(ascii: ">"), position - start >= 2, bytes[position - 1] == UInt8(ascii: "]"),
                bytes[position - 2] == UInt8(ascii: "]")
            {
                throw XMLError(.malformed("]]> in text"), at: position - 2)
            }
            if !Self.isSpace(next) { isBlank = false }
            position += 1
        }
        let text = try isPlain ? string(start..<position) : decoded(start..<position, isAttribute: false)
        return .text(text, isBlank: isBlank)
    }

    mutating func characterData() throws(XMLError) -> Token {
        let start = position + "<![CDATA[".utf8.count
        position = start
        try skip(past: "]]>")
        var text: [UInt8] = []
        appendLines(start..<(position - 3), to: &text)
        return .text(String(decoding: text, as: UTF8.self), isBlank: false)
    }

    /// Text with references replaced and line ends made LF (XML 1.0, 2.11), in attributes white space made spaces (3.3.3).
    func decoded(_ range: Range<Int>, isAttribute: Bool) throws(XMLError) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(range.count)
        var index = range.lowerBound
        while index < range.upperBound {
            let plain = index
            while index < range.upperBound, bytes[index] != UInt8(ascii: "&") { index += 1 }
            let first = text.count
            appendLines(plain..<index, to: &text)
            if isAttribute {
                for place in first..<text.count where Self.isSpace(text[place]) { text[place] = 0x20 }
            }
            if index < range.upperBound {
                index = try appendReference(at: index, end: range.upperBound, to: &text)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private func appendLines(_ range: Range<Int>, to text: inout [UInt8]) {
        for index in range {
            guard bytes[index] == 0x0D else {
                text.append(bytes[index])
                continue
            }
            if index + 1 == range.upperBound || bytes[index + 1] != 0x0A { text.append(0x0A) }
        }
    }

    /// Appends what the reference beginning at `start` stands for; returns the offset after its semicolon.
    private func appendReference(at start: Int, end: Int, to text: inout [UInt8]) throws(XMLError) -> Int {
        // The longest reference that means anything, `&#x10FFFF;` with a few leading zeros, is shorter than this.
        let limit = Swift.min(end, start + 16)
        guard let semicolon = bytes[start..<limit].firstIndex(of: UInt8(ascii: ";")) else {
            throw XMLError(.unknownEntity, at: start)
        }
        let name = bytes[(start + 1)..<semicolon]
        if name.first == UInt8(ascii: "#") {
            guard let scalar = Self.character(name.dropFirst()) else {
                throw XMLError(.invalidCharacterReference, at: start)
            }
            text.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        } else if let character = Self.predefined(name) {
            text.append(character)
        } else {
            throw XMLError(.unknownEntity, at: start)
        }
        return semicolon + 1
    }

    private static func predefined(_ name: ArraySlice<UInt8>) -> UInt8? {
        if name.elementsEqual("amp".utf8) { return UInt8(ascii: "&") }
        if name.elementsEqual("lt".utf8) { return UInt8(ascii: "<") }
        if name.elementsEqual("gt".utf8) { return UInt8(ascii: ">") }
        if name.elementsEqual("quot".utf8) { return UInt8(ascii: "\"") }
        if name.elementsEqual("apos".utf8) { return UInt8(ascii: "'") }
        return nil
    }

    /// The character of `38` or `x26`. Control characters other than U+0000 are taken, as XML 1.1 does: S3 writes keys so.
    private static func character(_ digits: ArraySlice<UInt8>) -> Unicode.Scalar? {
        let isHex = digits.first == UInt8(ascii: "x")
        let digits = isHex ? digits.dropFirst() : digits
        guard !digits.isEmpty else { return nil }
        var value: UInt32 = 0
        for digit in digits {
            guard let number = XMLCharacters.digit(digit), isHex || number < 10 else { return nil }
            value = value * (isHex ? 16 : 10) + number
            if value > 0x10FFFF { return nil }
        }
        guard value != 0, value != 0xFFFE, value != 0xFFFF else { return nil }
        return Unicode.Scalar(value)
    }
}
