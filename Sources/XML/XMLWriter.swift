/// Writes a document, escaping names' contents so that every reader gets back the same text.
///
/// Names, prefixes and namespaces are the program's own and are written as given; values may be anything.
public struct XMLWriter: Sendable {
    /// What is written so far; a document when every `element` call has returned.
    public private(set) var bytes: [UInt8] = []

    /// - Parameters:
    ///   - declaration: Whether to begin with `<?xml version="1.0" encoding="UTF-8"?>` and a line end, as AWS does.
    ///   - capacity: For how many bytes room is made at once: growing to a large document costs as much as writing it.
    public init(declaration: Bool = true, capacity: Int = 0) {
        bytes.reserveCapacity(capacity)
        if declaration { bytes.append(contentsOf: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".utf8) }
    }

    /// An element with what `body` writes in it.
    /// - Parameters:
    ///   - namespace: Written as `xmlns="…"`.
    ///   - attributes: Name (with its prefix, if any) and value; a prefix's `xmlns:…` is an attribute too.
    public mutating func element<Failure: Error>(
        _ name: String, namespace: String? = nil, attributes: KeyValuePairs<String, String> = [:],
        _ body: (inout XMLWriter) throws(Failure) -> Void
    ) throws(Failure) {
        open(name, namespace, attributes)
        try body(&self)
        close(name)
    }

    /// An element with text in it.
    public mutating func element(
        _ name: String, namespace: String? = nil, attributes: KeyValuePairs<String, String> = [:], _ text: String
    ) {
        open(name, namespace, attributes)
        escape(text)
        close(name)
    }

    /// An element with text in it, or nothing when there is none.
    public mutating func optional(_ name: String, _ text: String?) {
        if let text { element(name, text) }
    }

    /// Text among an element's children.
    public mutating func text(_ text: String) {
        escape(text)
    }

    private mutating func open(_ name: String, _ namespace: String?, _ attributes: KeyValuePairs<String, String>) {
        bytes.append(UInt8(ascii: "<"))
        write(name)
        if let namespace { attribute("xmlns", namespace) }
        for (name, value) in attributes { attribute(name, value) }
        bytes.append(UInt8(ascii: ">"))
    }

    private mutating func close(_ name: String) {
        bytes.append(UInt8(ascii: "<"))
        bytes.append(UInt8(ascii: "/"))
        write(name)
        bytes.append(UInt8(ascii: ">"))
    }

    private mutating func attribute(_ name: String, _ value: String) {
        bytes.append(UInt8(ascii: " "))
        write(name)
        write("=\"")
        escape(value, inAttribute: true)
        bytes.append(UInt8(ascii: "\""))
    }

    /// As it is.
    private mutating func write(_ text: String) {
        var text = text
        text.withUTF8 { unsafe bytes.append(contentsOf: $0) }
    }

    /// Whether a byte stands for itself wherever it is.
    private static func isPlain(_ byte: UInt8) -> Bool {
        // Letters, digits and most signs, told by two comparisons.
        if byte >= 0x3F && byte < 0x7F || byte >= 0x27 && byte < 0x3C { return true }
        return switch byte {
        case UInt8(ascii: "&"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\""), 0..<0x20, 0x7F, 0xBE, 0xBF:
            false
        default: true
        }
    }

    /// Control characters become numeric references, as S3 writes them, though XML 1.0 knows most of them not at all; what
    /// no version of XML can carry (U+0000, U+FFFE, U+FFFF) becomes U+FFFD. In attributes line ends and tabs are
    /// references too, for readers turn them into spaces there.
    private mutating func escape(_ text: String, inAttribute: Bool = false) {
        var text = text
        text.withUTF8 { utf8 in
            // Runs are copied at once.
            var written = 0
            var next = 0
            while next < utf8.count {
                let index = next
                next += 1
                guard unsafe !Self.isPlain(utf8[index]) else { continue }
                var start = index
                let replacement: String
                switch unsafe utf8[index] {
                case UInt8(ascii: "&"): replacement = "&amp;"
                case UInt8(ascii: "<"): replacement = "&lt;"
                case UInt8(ascii: ">"): replacement = "&gt;"
                case UInt8(ascii: "\""): replacement = "&quot;"
                case 0x09 where !inAttribute, 0x0A where !inAttribute: continue
                case 0: replacement = "\u{FFFD}"
                case 0xBE, 0xBF:
                    // The last byte of U+FFFE or U+FFFF, or of another character.
                    guard index >= 2, unsafe utf8[index - 2] == 0xEF, unsafe utf8[index - 1] == 0xBF else { continue }
                    start = index - 2
                    replacement = "\u{FFFD}"
                case let control: replacement = "&#x\(String(control, radix: 16, uppercase: true));"
                }
                unsafe bytes.append(contentsOf: utf8[written..<start])
                write(replacement)
                written = index + 1
            }
            unsafe bytes.append(contentsOf: utf8[written...])
        }
    }
}
