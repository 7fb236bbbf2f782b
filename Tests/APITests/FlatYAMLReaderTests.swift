import Testing

@testable import API

struct FlatYAMLReaderTests {
    private func read(_ text: String) throws -> JSONValue { try FlatYAMLReader.read(Array(text.utf8)) }

    @Test func `a value has the type that YAML's core schema gives it`() throws {
        let table: [(String, JSONValue)] = [
            ("", .null), ("~", .null), ("null", .null), ("# nothing", .null), ("true", .bool(true)),
            ("False", .bool(false)),
            ("7", .number("7")), ("-1.5", .number("-1.5")), ("007", .string("007")), ("0x1F", .string("0x1F")),
            ("yes", .string("yes")), ("owner", .string("owner")), ("two words", .string("two words")),
            ("a#b", .string("a#b")), ("a # comment", .string("a")), ("a:b", .string("a:b")), ("-1x", .string("-1x")),
            (#""quoted \"x\" \u00e9" # comment"#, .string(#"quoted "x" é"#)), (#""7""#, .string("7")),
            ("'it''s'", .string("it's")), ("'7'  ", .string("7")), ("''", .string("")), ("'a # b'", .string("a # b")),
            ("naïve 💥", .string("naïve 💥")),
        ]
        for (text, value) in table {
            #expect(try read("a: \(text)") == .object([.init(name: "a", value: value)]), "\(text)")
        }
    }

    @Test func `lines are members, in their order`() throws {
        let expected = JSONValue.object([
            .init(name: "profileId", value: .number("2")), .init(name: "state", value: .string("owner")),
            .init(name: "x-y_1", value: .null),
        ])
        for text in [
            "profileId: 2\nstate: owner\nx-y_1:", "profileId:\t2\r\nstate: owner  \r\nx-y_1:\r\n",
            "# first\n---\nprofileId: 2\n\n   # in between\nstate: 'owner'\nx-y_1: null\n",
            " \n{\"profileId\": 2, \"state\": \"owner\", \"x-y_1\": null}\n",
        ] {
            #expect(try read(text) == expected, "\(text)")
        }
        #expect(try read("") == .object([]))
        #expect(try read("---\n") == .object([]))
    }

    @Test func `what is not one flat mapping is refused, with its line`() throws {
        let table: [(String, String, Int)] = [
            ("a: 1\n b: 2", "nothing may be indented", 2), ("\ta: 1", "nothing may be indented", 1),
            ("a", "name: value is expected", 1), ("- a: 1", "name: value is expected", 1),
            (": 1", "name: value is expected", 1), ("\"a\": 1", "name: value is expected", 1),
            ("? a", "name: value is expected", 1), ("%YAML 1.2", "name: value is expected", 1),
            ("a: 1\n---\nb: 2", "name: value is expected", 2), ("...", "name: value is expected", 1),
            ("a:1", "a space is expected after the colon", 1), ("a: 1\na: 2", "a member's name is repeated", 2),
            ("a: [1]", "a plain or quoted value is expected", 1),
            ("a: {b: 1}", "a plain or quoted value is expected", 1),
            ("a: &x 1", "a plain or quoted value is expected", 1), ("a: *x", "a plain or quoted value is expected", 1),
            ("a: !!str 1", "a plain or quoted value is expected", 1),
            ("a: |", "a plain or quoted value is expected", 1),
            ("a: >-", "a plain or quoted value is expected", 1), ("a: b: c", "a plain or quoted value is expected", 1),
            ("a: - b", "a plain or quoted value is expected", 1), ("a: b:", "a plain or quoted value is expected", 1),
            ("a: x\u{1}", "a control character stands in a value", 1),
            ("a: \"x", "a quote is not closed", 1), ("a: 'x", "a quote is not closed", 1),
            ("a: 'it''s", "a quote is not closed", 1), ("a: \"x\" y", "something follows the value", 1),
            ("a: 'x'y", "something follows the value", 1), (#"a: "\x""#, "an unknown escape", 1),
            ("{\"a\":\n[}", "a value is expected", 2), ("{\"a\":1}\nb: 2", "something follows the value", 2),
        ]
        for (text, reason, line) in table {
            #expect(throws: FlatYAMLReader.Malformed(reason: reason, line: line), "\(text)") { try read(text) }
        }
        #expect(throws: FlatYAMLReader.Malformed(reason: "it is not UTF-8", line: 1)) {
            try FlatYAMLReader.read([0x61, 0x3A, 0x20, 0xFF])
        }
    }

    @Test func `a mutant is read or refused, and nested brackets do no harm`() throws {
        let seed = Array("profileId: 2\nstate: \"own\\u0065r\" # x\naccessGrant: 'WRITE'\n---\n{[a: b]}".utf8)
        let noise = Array("\n:'\"# -ao\\{}\u{0}".utf8)
        var state: UInt64 = 20_260_101
        func next(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(limit))
        }
        var accepted = 0
        for _ in 0..<20_000 {
            var bytes = Array(seed.prefix(next(seed.count) + 1))
            for _ in 0...next(3) { bytes[next(bytes.count)] = noise[next(noise.count)] }
            if let value = try? FlatYAMLReader.read(bytes) {
                accepted += 1
                // JSON is YAML.
                #expect(try FlatYAMLReader.read(value.bytes) == value)
            }
        }
        #expect(accepted > 100)
        #expect(throws: FlatYAMLReader.Malformed.self) { try read(String(repeating: "{\"a\":", count: 100_000)) }
        #expect(throws: FlatYAMLReader.Malformed.self) { try read("a: " + String(repeating: "[", count: 1_000_000)) }
    }
}
