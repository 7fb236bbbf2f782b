import Domain
import Testing

/// What the gateway's policy decides, and that nothing else is fetched than what was decided on.
struct GatewayPolicyTests {
    private func dataSource(
        _ place: DataPlace = DataPlace(bucket: "lake", folder: "raw/"), level: AccessLevel = .read
    ) -> GatewayDataSource {
        GatewayDataSource(
            id: DataSourceID(1), sqlTableName: "raw", level: level, place: place, connection: Values.connection)
    }

    private func decide(
        _ key: String, in dataSource: GatewayDataSource?, for level: AccessLevel
    ) -> Result<String, GatewayRefusal> {
        Result { () throws(GatewayRefusal) in
            try GatewayPolicy.object(GatewayKey(key), in: dataSource, for: level).key
        }
    }

    @Test func `readers read, writers write, and for others nothing is there`() {
        let (reader, writer) = (dataSource(), dataSource(level: .write))
        let table: [(key: String, GatewayDataSource?, AccessLevel, Result<String, GatewayRefusal>)] = [
            ("raw/a", reader, .read, .success("raw/a")), ("raw/a", reader, .write, .failure(.accessDenied)),
            ("raw/a", writer, .read, .success("raw/a")), ("raw/a", writer, .write, .success("raw/a")),
            ("raw/a", nil, .read, .failure(.noSuchKey)), ("raw/a", nil, .write, .failure(.accessDenied)),
            ("raw", writer, .read, .failure(.noSuchKey)), ("raw", writer, .write, .failure(.accessDenied)),
            ("other/a", writer, .read, .failure(.noSuchKey)), ("", writer, .read, .failure(.noSuchKey)),
            ("/raw/a", writer, .read, .failure(.noSuchKey)), ("raw//a", writer, .read, .success("raw//a")),
            ("raw/../../secret", writer, .read, .success("raw/../../secret")),
            ("raw/\u{301}a", writer, .read, .success("raw/\u{301}a")),
        ]
        for (key, dataSource, level, expected) in table {
            #expect(decide(key, in: dataSource, for: level) == expected, "\(key) \(level)")
        }
        let whole = dataSource(DataPlace(bucket: "lake", folder: ""))
        #expect(decide("raw/", in: whole, for: .read) == .failure(.noSuchKey), "no key: that would be the bucket")
    }

    @Test func `of 100,000 random keys each leads below the data source's place, and back to itself`() {
        var random = SystemRandomNumberGenerator()
        let pieces = [
            "raw", "/", "..", ".", "%2F", "%", "+", " ", "\u{301}", "e\u{301}", "\u{E9}", "*", "?", "#", "&", "\u{0}",
            "\u{1F600}", "\u{FEFF}", "day", "day.csv", "\\", "\r\n", "\u{2028}", "K",
        ]
        let places = [
            DataPlace(bucket: "lake", folder: "raw/"), DataPlace(bucket: "lake", folder: ""),
            DataPlace(bucket: "lake", folder: "r\u{E9}/", names: .beginning("day")),
            DataPlace(bucket: "lake", folder: "raw/", names: .only("day.csv")),
        ]
        for _ in 0..<100_000 {
            let name = (0..<Int.random(in: 0...6, using: &random)).map { _ in
                pieces.randomElement(using: &random) ?? ""
            }.joined()
            let source = dataSource(places.randomElement(using: &random) ?? places[0], level: .write)
            let key = Bool.random(using: &random) ? "raw/\(name)" : name
            guard case .success(let upstream) = decide(key, in: source, for: .write) else { continue }
            let folder = source.place.folder
            guard upstream.utf8.starts(with: folder.utf8),
                let back = source.gatewayKey(of: upstream), back.utf8.elementsEqual(key.utf8),
                upstream.utf8.count - folder.utf8.count == key.utf8.count - "raw/".utf8.count
            else {
                #expect(Bool(false), "\(key.debugDescription) became \(upstream.debugDescription)")
                return
            }
        }
    }
}
