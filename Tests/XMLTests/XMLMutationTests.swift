import Testing
import XML

/// Documents of the AWS dialects, changed at random: each is read or refused, within its limits.
@Suite struct XMLMutationTests {
    static let documents = [
        """
        <?xml version="1.0" encoding="UTF-8"?>
        <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><Prefix></Prefix>\
        <Contents><Key>a&amp;b &#x1F600;é</Key><Size>1</Size></Contents></ListBucketResult>
        """,
        """
        <ErrorResponse><Error><Code>NoSuchAccessGrantError</Code><Message>The "grant" &lt;x&gt;</Message></Error>\
        <RequestId>7D0E</RequestId><!-- c --><HostId><![CDATA[b64==]]></HostId></ErrorResponse>
        """,
        """
        <p:Tagging xmlns:p='u:1' xmlns="u:2"><p:Grantee xmlns:xsi='u:3' xsi:type="Group" a='1' p:a='2'/><?pi x?>\
        <Tag>\r\n<Key>k</Key></Tag></p:Tagging>
        """,
    ]
    static let tokens = [
        "<", ">", "&", "/", "\"", "'", "]]>", "<!--", "-->", "<![CDATA[", "<!DOCTYPE x [<!ENTITY a 'b'>]>", "&a;",
        "&#x110000;",
        "<?xml version='1.0'?>", "xmlns=''", "xmlns:p='u'", " p:a=''", "<a>", "</a>", "<a/>", "\r", "\u{0}", "&#0;",
        "=", ":",
    ]

    @Test(arguments: 0..<6) func `mutated documents are read or refused`(_ part: Int) throws {
        var random = SplitMix64(state: UInt64(part))
        let documents = Self.documents.map { Array($0.utf8) }
        let limits = XMLLimits(bytes: 2_000, depth: 6, elements: 40, attributes: 6)
        var accepted = 0
        for _ in 0..<8_000 {
            var bytes = documents.randomElement(using: &random) ?? []
            for _ in 0..<Int.random(in: 1...5, using: &random) {
                mutate(&bytes, documents, &random)
            }
            do throws(XMLError) {
                let root = try XMLReader.read(bytes, limits: limits)
                accepted += 1
                let cost = cost(of: root)
                #expect(cost.depth <= limits.depth)
                #expect(cost.elements <= limits.elements)
                #expect(cost.bytes <= bytes.count * 2)
                #expect(try XMLReader.read(written(root)) == withoutAttributes(root))
            } catch {
                #expect(error.offset >= 0 && error.offset <= bytes.count)
            }
        }
        #expect(accepted > 100)
    }

    private func mutate(_ bytes: inout [UInt8], _ documents: [[UInt8]], _ random: inout SplitMix64) {
        guard !bytes.isEmpty else { return }
        let index = Int.random(in: 0..<bytes.count, using: &random)
        let end = min(bytes.count, index + Int.random(in: 1...30, using: &random))
        switch Int.random(in: 0..<6, using: &random) {
        case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.removeSubrange(index..<end)
        case 2: bytes.insert(contentsOf: bytes[index..<end], at: index)
        case 3: bytes.insert(contentsOf: (Self.tokens.randomElement(using: &random) ?? "").utf8, at: index)
        case 4: bytes.removeSubrange(index...)
        default:
            let other = documents.randomElement(using: &random) ?? []
            let start = Int.random(in: 0..<other.count, using: &random)
            bytes.insert(contentsOf: other[start...].prefix(40), at: index)
        }
    }

    private func cost(of element: XMLElement) -> (depth: Int, elements: Int, bytes: Int) {
        var total = (depth: 1, elements: 1, bytes: element.name.utf8.count + element.text.utf8.count)
        for attribute in element.attributes { total.bytes += attribute.value.utf8.count }
        for child in element.children {
            let cost = cost(of: child)
            total = (max(total.depth, cost.depth + 1), total.elements + cost.elements, total.bytes + cost.bytes)
        }
        return total
    }

    /// The writer takes no namespaces of attributes, so they are left out of the comparison.
    private func withoutAttributes(_ element: XMLElement) -> XMLElement {
        XMLElement(
            name: element.name, namespace: element.namespace, text: element.text,
            children: element.children.map(withoutAttributes))
    }

    /// Text before children, which is all that an element keeps of their order.
    private func written(_ root: XMLElement) -> [UInt8] {
        var writer = XMLWriter()
        write(root, to: &writer)
        return writer.bytes
    }

    private func write(_ element: XMLElement, to writer: inout XMLWriter) {
        writer.element(element.name, namespace: element.namespace ?? "") { writer in
            writer.text(element.text)
            for child in element.children { write(child, to: &writer) }
        }
    }
}
