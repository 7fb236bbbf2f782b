import Testing
import XML

@Suite struct XMLReaderTests {
    func read(_ text: String, _ limits: XMLLimits = .standard) throws(XMLError) -> XMLElement {
        try XMLReader.read(Array(text.utf8), limits: limits)
    }

    @Test func `an answer of STS is read`() throws {
        let document = try read(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
              <GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:user/t&amp;r</Arn></GetCallerIdentityResult>
            </GetCallerIdentityResponse>
            """)
        let namespace = "https://sts.amazonaws.com/doc/2011-06-15/"
        #expect(
            document
                == XMLElement(
                    name: "GetCallerIdentityResponse", namespace: namespace,
                    children: [
                        XMLElement(
                            name: "GetCallerIdentityResult", namespace: namespace,
                            children: [
                                XMLElement(
                                    name: "Arn", namespace: namespace, text: "arn:aws:iam::111122223333:user/t&r")
                            ])
                    ]))
        #expect(document["GetCallerIdentityResult", "Arn"] == "arn:aws:iam::111122223333:user/t&r")
        #expect(document["GetCallerIdentityResult", "UserId"] == nil)
        #expect(document["Arn"] == nil)
    }

    @Test func `children, attributes and namespaces are found`() throws {
        let document = try read(
            """
            <a:R xmlns:a='u:a' xmlns="u:d"><K>1</K><a:K>2</a:K><G xmlns:xsi="u:xsi" xsi:type="T" id='"' xmlns=""><N/></G></a:R>
            """)
        #expect(document.namespace == "u:a")
        #expect(document.children("K").map(\.text) == ["1", "2"])
        #expect(document.children("K").map(\.namespace) == ["u:d", "u:a"])
        let grantee = try #require(document.child("G"))
        #expect(grantee.namespace == nil)
        #expect(grantee.child("N")?.namespace == nil)
        #expect(
            grantee.attributes == [
                XMLAttribute(name: "type", namespace: "u:xsi", value: "T"), XMLAttribute(name: "id", value: "\""),
            ])
        #expect(grantee.attribute("type") == "T")
        #expect(grantee[] == "")
    }

    @Test(arguments: [
        ("<a>x</a>", "x"), ("<a> x </a>", " x "), ("<a>\r\n\r</a>", "\n\n"), ("<a>&#13;&#x0a;</a>", "\r\n"),
        ("<a>&lt;&gt;&amp;&quot;&apos;</a>", "<>&\"'"), ("<a>&#x1F600;é😀</a>", "😀é😀"),
        ("<a>&#x1;&#31;</a>", "\u{1}\u{1F}"),
        ("<a><![CDATA[<b>&amp;]]]]><![CDATA[>]]></a>", "<b>&amp;]]>"), ("<a>x<!-- - -->y<?p i?>z</a>", "xyz"),
        ("<a>x<b/>y</a>", "xy"), ("<a> <b/> </a>", ""), ("<a/>", ""), ("<a></a >", ""), ("<a>]]</a>", "]]"),
        ("\u{FEFF}<?xml version='1.1' encoding='utf-8' standalone='yes' ?>\n<!--c--><a>x</a><!--c-->\n<?p?>", "x"),
        ("<a>&#00000000065;</a>", "A"),
    ]) func `text is read`(_ document: String, _ text: String) throws {
        #expect(try read(document).text == text)
    }

    @Test func `white space in attributes becomes spaces, references stay`() throws {
        #expect(try read("<a b='x\t\n\r\ny&#9;&#10;&amp;'/>").attribute("b") == "x   y\t\n&")
    }

    @Test(
        arguments: [
            ("", .unexpectedEnd, 0), (" ", .unexpectedEnd, 1), ("x", .contentOutsideRoot, 0),
            ("<a>", .unexpectedEnd, 3),
            ("<a></b>", .mismatchedTag(expected: "a"), 3), ("<a/>x", .contentOutsideRoot, 4),
            ("<a/><b/>", .contentOutsideRoot, 4),
            ("</a>", .contentOutsideRoot, 0), ("<a/></a>", .contentOutsideRoot, 4),
            ("<a/><![CDATA[]]>", .contentOutsideRoot, 4),
            ("<!DOCTYPE a><a/>", .documentTypeDeclaration, 0), ("<a><!DOCTYPE a></a>", .documentTypeDeclaration, 3),
            ("<a>&b;</a>", .unknownEntity, 3), ("<a>&</a>", .unknownEntity, 3), ("<a>& ;</a>", .unknownEntity, 3),
            ("<a>&amp</a>", .unknownEntity, 3), ("<a b='&x;'/>", .unknownEntity, 6),
            ("<a>&#0;</a>", .invalidCharacterReference, 3), ("<a>&#xD800;</a>", .invalidCharacterReference, 3),
            ("<a>&#x110000;</a>", .invalidCharacterReference, 3), ("<a>&#xFFFE;</a>", .invalidCharacterReference, 3),
            ("<a>&#;</a>", .invalidCharacterReference, 3), ("<a>&#x;</a>", .invalidCharacterReference, 3),
            ("<a>&#X41;</a>", .invalidCharacterReference, 3), ("<a>&#1a;</a>", .invalidCharacterReference, 3),
            ("<a>&#-1;</a>", .invalidCharacterReference, 3), ("<a>\u{1}</a>", .invalidCharacter, 3),
            ("<a>\u{FFFF}</a>", .invalidCharacter, 3), ("<1/>", .invalidName, 1), ("< a/>", .invalidName, 1),
            ("<é/>", .invalidName, 1), ("<aé/>", .invalidName, 2), ("<a:b/>", .unboundPrefix, 1),
            ("<a x:b=''/>", .unboundPrefix, 3),
            ("<:a/>", .invalidName, 1), ("<a:/>", .invalidName, 3), ("<a b='1' b='2'/>", .duplicateAttribute, 9),
            ("<a xmlns='u' xmlns='u'/>", .duplicateAttribute, 13),
            ("<a xmlns:p='u' xmlns:q='u' p:b='' q:b=''/>", .duplicateAttribute, 34),
            ("<?xml version='1.0' encoding='UTF-16'?><a/>", .unsupportedEncoding, 20), ("<", .unexpectedEnd, 1),
            ("<a", .unexpectedEnd, 2), ("<a b", .unexpectedEnd, 4), ("<a b=", .unexpectedEnd, 5),
            ("<a b='", .unexpectedEnd, 6),
            ("<a/", .unexpectedEnd, 3), ("<!--", .unexpectedEnd, 4), ("<a><![CDATA[x]]", .unexpectedEnd, 15),
            ("<?p", .unexpectedEnd, 3),
        ] as [(String, XMLError.Problem, Int)]) func `a document with a fault is refused there`(
            _ document: String, _ problem: XMLError.Problem, _ offset: Int
        )
    {
        #expect(throws: XMLError(problem, at: offset)) { try read(document) }
    }

    @Test(arguments: [
        "<a b=1/>", "<a b/>", "<a b='<'/>", "<a b='1'c='2'/>", "<a / >", "<a>]]></a>", "<!-- -- --><a/>", "<!x><a/>",
        "<!doctype a><a/>", "<a xmlns:p=''/>", "<a xmlns:xmlns='u'/>", "<a xmlns:xml='u'/>",
        "<a xmlns='http://www.w3.org/2000/xmlns/'/>", "<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>",
        " <?xml version='1.0'?><a/>", "<?xml?><a/>", "<?xml encoding='UTF-8'?><a/>", "<?xml version='2.0'?><a/>",
        "<?xml version='1.0' standalone='maybe'?><a/>", "<?xml version='1.0'encoding='UTF-8'?><a/>",
        "<?xml version='1.0' version='1.0'?><a/>", "<?XML version='1.0'?><a/>", "<a></a b>",
        "<a/><?xml version='1.0'?>",
    ]) func `a malformed document is refused`(_ document: String) {
        let error = #expect(throws: XMLError.self) { try read(document) }
        guard case .malformed = error?.problem else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test(
        arguments: [
            [0xC0, 0x80], [0xC1, 0xBF], [0x80], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF0, 0x80, 0x80, 0x80],
            [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF], [0xFE], [0xC3], [0xE2, 0x82],
            [0xF0, 0x9F, 0x98],
        ] as [[UInt8]]) func `bytes that are not UTF-8 are refused`(_ bytes: [UInt8])
    {
        #expect(throws: XMLError(.invalidUTF8, at: 3)) {
            try XMLReader.read(Array("<a>".utf8) + bytes + Array("</a>".utf8))
        }
        #expect(throws: XMLError(.invalidUTF8, at: 3)) { try XMLReader.read(Array("<a>".utf8) + bytes) }
    }

    @Test func `limits are kept`() throws {
        let limits = XMLLimits(bytes: 40, depth: 3, elements: 4, attributes: 2)
        #expect(throws: XMLError(.tooManyBytes(limit: 40), at: 40)) {
            try read("<a>\(String(repeating: " ", count: 34))</a>", limits)
        }
        _ = try read("<a>\(String(repeating: " ", count: 33))</a>", limits)
        #expect(throws: XMLError(.tooDeep(limit: 3), at: 9)) { try read("<a><a><a><a/></a></a></a>", limits) }
        _ = try read("<a><a><a/></a></a>", limits)
        #expect(throws: XMLError(.tooManyElements(limit: 4), at: 15)) { try read("<a><b/><b/><b/><b/></a>", limits) }
        _ = try read("<a><b/><b/><b/></a>", limits)
        #expect(throws: XMLError(.tooManyAttributes(limit: 2), at: 13)) { try read("<a b='' c='' d=''/>", limits) }
        _ = try read("<a b='' c=''/>", limits)
    }

    @Test func `a deep document costs no stack`() throws {
        let depth = 50_000
        let text = String(repeating: "<a>", count: depth)
        #expect(throws: XMLError(.unexpectedEnd, at: 3 * depth)) {
            try read(text, XMLLimits(depth: depth, elements: depth))
        }
    }
}
