import Testing
import XML

@Suite struct XMLWriterTests {
    @Test func `a document is written as AWS writes it`() {
        var writer = XMLWriter()
        writer.element("ErrorResponse", namespace: "u:1") { writer in
            writer.element("Error") { writer in
                writer.element("Code", "No<Such>&\"Grant\"'")
                writer.optional("Message", nil)
                writer.optional("Message", "")
            }
            writer.element("Grantee", attributes: ["xmlns:xsi": "u:2", "xsi:type": "A\"\n<"]) { _ in }
            writer.text("a & b")
        }
        #expect(
            String(decoding: writer.bytes, as: UTF8.self) == """
                <?xml version="1.0" encoding="UTF-8"?>
                <ErrorResponse xmlns="u:1"><Error><Code>No&lt;Such&gt;&amp;&quot;Grant&quot;'</Code><Message></Message>\
                </Error><Grantee xmlns:xsi="u:2" xsi:type="A&quot;&#xA;&lt;"></Grantee>a &amp; b</ErrorResponse>
                """)
        #expect(XMLWriter(declaration: false).bytes.isEmpty)
    }

    @Test(arguments: [
        ("\u{0}", "\u{FFFD}"), ("\u{1}", "&#x1;"), ("\t\n", "\t\n"), ("\r", "&#xD;"), ("\u{1F}\u{7F}", "&#x1F;&#x7F;"),
        ("\u{FFFE}\u{FFFF}\u{FFFD}\u{FFBE}\u{10FFFF}", "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFBE}\u{10FFFF}"), ("é😀", "é😀"),
        ("ab\u{FFFF}cd&\u{FFFE}", "ab\u{FFFD}cd&amp;\u{FFFD}"),
    ]) func `every character is written so that it can be read`(_ text: String, _ written: String) {
        var writer = XMLWriter(declaration: false)
        writer.element("a", text)
        #expect(String(decoding: writer.bytes, as: UTF8.self) == "<a>\(written)</a>")
    }

    @Test func `a body that throws leaves the error to the caller`() {
        struct Failure: Error {}
        var writer = XMLWriter()
        #expect(throws: Failure.self) { try writer.element("a") { _ in throw Failure() } }
    }

    @Test func `what is written is read again`() throws {
        var random = SplitMix64(state: 5)
        for _ in 0..<2_000 {
            let text = randomText(&random)
            var writer = XMLWriter()
            writer.element("a", namespace: "u:x", attributes: ["b": text]) { writer in
                writer.element("c", text)
            }
            let expected = XMLElement(
                name: "a", namespace: "u:x", attributes: [XMLAttribute(name: "b", value: text)],
                children: [XMLElement(name: "c", namespace: "u:x", text: text)])
            #expect(try XMLReader.read(writer.bytes) == expected)
        }
    }

    private func randomText(_ random: inout SplitMix64) -> String {
        let ranges: [ClosedRange<UInt32>] = [1...0x7F, 1...0x7F, 0x80...0x7FF, 0xE000...0xFFFD, 0x10000...0x10FFFF]
        let scalars = (0..<Int.random(in: 0...12, using: &random)).compactMap { _ in
            Unicode.Scalar(UInt32.random(in: ranges.randomElement(using: &random) ?? 1...0x7F, using: &random))
        }
        return String(String.UnicodeScalarView(scalars))
    }
}

/// Steele, Lea, Flood: "Fast splittable pseudorandom number generators".
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
