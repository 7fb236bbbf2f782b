import Foundation
import HTTPTypes
import SigV4
import Testing

@Suite struct ValueTests {
    @Test(arguments: [
        ("19700101T000000Z", 0), ("20150830T123600Z", 1_440_938_160), ("20240229T235959Z", 1_709_251_199),
        ("20000301T000000Z", 951_868_800), ("19691231T235959Z", -1), ("99991231T235959Z", 253_402_300_799),
        ("00010101T000000Z", -62_135_596_800),
    ]) func `dates are written and read`(_ text: String, _ seconds: Int) {
        let date = Date(timeIntervalSince1970: Double(seconds))
        #expect(AmzDate.format(date) == text)
        #expect(AmzDate.parse(text) == date)
    }

    @Test(arguments: [
        "", "20240230T000000Z", "20230229T000000Z", "20241301T000000Z", "20240001T000000Z", "20240100T000000Z",
        "20240101T240000Z", "20240101T006000Z", "20240101T000060Z", "20240101t000000Z", "20240101T000000z",
        "20240101T0000000", "2024010T000000ZZ", "+2240101T000000Z", "20240101T000000Z ",
    ]) func `what is no date is refused`(_ text: String) {
        #expect(AmzDate.parse(text) == nil)
    }

    @Test(arguments: [
        ("Fri, 24 May 2013 00:00:00 GMT", "20130524T000000Z"), ("Sun, 06 Nov 1994 08:49:37 -0000", "19941106T084937Z"),
        ("Sun, 6 Nov 1994 08:49:37 GMT", nil), ("Sun, 06 Nov 1994 08:49:37", nil), ("", nil),
        ("Sun, 06 Nov 1994 08:49 GMT", nil), ("Sun, 31 Nov 1994 08:49:37 GMT", nil),
        ("Sun, 06 Nox 1994 08:49:37 GMT", nil), ("Sunday, 06-Nov-94 08:49:37 GMT", nil),
        ("Sun, 06 Nov 1994 08:49:37 CET", nil), ("Sun, 06 Nov 1994 08:49:37 GMT x", nil),
    ]) func `Date headers are read`(_ text: String, _ expected: String?) {
        #expect(AmzDate.parseHTTPDate(text).map { AmzDate.format($0) } == expected)
    }

    @Test func `a document's date is what Foundation's ISO 8601 form says, to the millisecond`() {
        var random = SplitMix64(state: 7)
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        for _ in 0..<2_000 {
            // From 1600 to 2600.
            let milliseconds = Int64.random(in: -11_676_096_000_000...19_880_899_200_000, using: &random)
            let date = Date(timeIntervalSince1970: Double(milliseconds) / 1_000)
            // Between two milliseconds Foundation cuts and we round.
            let expected = date.addingTimeInterval(0.000_1).formatted(style)
            #expect(AmzDate.formatISO8601(date) == expected)
        }
        #expect(AmzDate.formatISO8601(Date(timeIntervalSince1970: 1_142_726_400)) == "2006-03-19T00:00:00.000Z")
    }

    @Test(
        arguments: [
            (-62_167_219_200, "0000-01-01T00:00:00.000Z"), (253_402_300_799.999, "9999-12-31T23:59:59.999Z"),
            (-0.000_5, "1970-01-01T00:00:00.000Z"), (-0.001, "1969-12-31T23:59:59.999Z"),
            (1_798_761_599.999_6, "2027-01-01T00:00:00.000Z"), (951_782_400.5, "2000-02-29T00:00:00.500Z"),
        ] as [(Double, String)]) func `a document's date is right at the edges`(_ seconds: Double, _ expected: String)
    {
        #expect(AmzDate.formatISO8601(Date(timeIntervalSince1970: seconds)) == expected)
    }

    @Test func `every byte is encoded but the unreserved`() {
        let all = String(String.UnicodeScalarView((0..<128).compactMap { Unicode.Scalar(UInt32($0)) }))
        let expected = (0..<128).map { byte -> String in
            let scalar = Character(Unicode.Scalar(UInt8(byte)))
            return scalar.isLetter || scalar.isNumber || "-_.~".contains(scalar)
                ? String(scalar) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined()
        #expect(URIEncoding.encode(all) == expected)
        #expect(URIEncoding.encode("a/b é*", keepingSlash: true) == "a/b%20%C3%A9%2A")
        #expect(URIEncoding.decode(expected) == all)
    }

    @Test(arguments: ["%", "%2", "%zz", "%2g", "a%", "%ff", "%c3"])
    func `what is not encoded text is refused`(_ text: String) {
        #expect(URIEncoding.decode(text) == nil)
        #expect(URIEncoding.parameters("a=\(text)") == nil)
    }

    @Test func `a query is read as signatures read it`() {
        #expect(
            URIEncoding.parameters("a+b=c%2Bd&&x&y==&=z") == [
                QueryParameter(name: "a b", value: "c+d"), QueryParameter(name: "x", value: ""),
                QueryParameter(name: "y", value: "="), QueryParameter(name: "", value: "z"),
            ])
        #expect(URIEncoding.parameters("") == [])
    }

    @Test(arguments: [
        ("/", "/", "/"), ("", "/", "/"), ("/a/../b//c", "/a/../b//c", "/b/c"),
        ("/c%20d%2Be~%C3%A9", "/c%20d%2Be~%C3%A9", "/c%2520d%252Be~%25C3%25A9"),
        ("/a+b", "/a%2Bb", "/a%2Bb"), ("/%7e%c3%a9", "/~%C3%A9", "/%257e%25c3%25a9"), ("/a%2fb", "/a%2Fb", "/a%252fb"),
        ("/100%", "/100%25", "/100%25"), ("/*!'()", "/%2A%21%27%28%29", "/%2A%21%27%28%29"),
        ("/é", "/%C3%A9", "/%C3%A9"),
        ("/a/./..", "/a/./..", "/"), ("/a/b/", "/a/b/", "/a/b/"), ("/../..", "/../..", "/"),
    ]) func `paths are canonical by their rule`(_ path: String, _ s3: String, _ general: String) {
        let request = HTTPRequest(method: .get, scheme: nil, authority: "h", path: path)
        for (rule, expected) in [(PathRule.s3, s3), (.general, general)] {
            let canonical = CanonicalRequest(request, signedHeaders: ["host"], payload: .unsigned, pathRule: rule)
            #expect(canonical.description == "GET\n\(expected)\n\nhost:h\n\nhost\nUNSIGNED-PAYLOAD")
        }
    }

    @Test func `secrets are not printed`() {
        let credentials = AWSCredentials(accessKeyID: "AK", secretAccessKey: Secret("hush"), sessionToken: "hush")
        let key = SigningKey(
            secret: credentials.secretAccessKey, scope: CredentialScope(day: "20240101", region: "r", service: "s"))
        let signer = Signer(credentials: credentials, region: "r", service: "s")
        for value: Any in [credentials, credentials.secretAccessKey, key, signer] {
            var dumped = ""
            dump(value, to: &dumped)
            for text in ["\(value)", String(reflecting: value), dumped] { #expect(!text.contains("hush")) }
        }
        #expect("\(credentials)" == "AWSCredentials(AK, <redacted>)")
        #expect(Secret("a") == Secret("a"))
        #expect(Secret("a") != Secret("b"))
        #expect(Secret("a") != Secret("ab"))
    }

    @Test func `a kept key is used for its scope only`() throws {
        let credentials = AWSCredentials(accessKeyID: "AK", secretAccessKey: Secret("s"))
        let signer = Signer(credentials: credentials, region: "r", service: "s3")
        let request = HTTPRequest(method: .get, scheme: nil, authority: "h", path: "/")
        let (today, tomorrow) = (try date("20240101T235959Z"), try date("20240102T000000Z"))
        let key = signer.signingKey(at: today)
        for date in [today, tomorrow] {
            #expect(
                signer.sign(request, payload: .empty, at: date, key: key)
                    == signer.sign(request, payload: .empty, at: date))
        }
    }
}
