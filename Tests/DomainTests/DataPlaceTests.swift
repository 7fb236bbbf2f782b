import Domain
import Testing

/// Where data sources lie, and which keys are theirs.
struct DataPlaceTests {
    private func place(_ prefix: String, under path: String) throws -> DataPlace {
        let location = Values.path(path)
        return try #require(try DataPrefix(prefix, under: location).place(under: location))
    }

    @Test func `every kind of prefix has its bucket, folder and names`() throws {
        let table: [(prefix: String, path: String, DataPlace)] = [
            ("", "s3://lake/", DataPlace(bucket: "lake", folder: "")),
            ("", "s3://lake/eu/", DataPlace(bucket: "lake", folder: "eu/")),
            ("lake", "s3://", DataPlace(bucket: "lake", folder: "")),
            ("lake/raw/", "s3://", DataPlace(bucket: "lake", folder: "raw/")),
            ("lake/raw*", "s3://", DataPlace(bucket: "lake", folder: "", names: .beginning("raw"))),
            ("lake/a/raw*", "s3://", DataPlace(bucket: "lake", folder: "a/", names: .beginning("raw"))),
            ("raw", "s3://lake/eu/", DataPlace(bucket: "lake", folder: "eu/raw/")),
            ("raw/", "s3://lake/", DataPlace(bucket: "lake", folder: "raw/")),
            ("raw/day*", "s3://lake/eu/", DataPlace(bucket: "lake", folder: "eu/raw/", names: .beginning("day"))),
            ("raw/day.csv", "s3://lake/eu/", DataPlace(bucket: "lake", folder: "eu/raw/", names: .only("day.csv"))),
            ("day.csv", "s3://lake/", DataPlace(bucket: "lake", folder: "", names: .only("day.csv"))),
        ]
        for (prefix, path, expected) in table {
            #expect(try place(prefix, under: path) == expected, "\(prefix) under \(path)")
        }
        #expect(DataPrefix(stored: "", kind: .location).place(under: Values.path("s3://")) == nil)
    }

    @Test func `names become keys and keys names, byte by byte`() throws {
        let (folder, wildcard) = (
            try place("raw/", under: "s3://lake/"), try place("raw/d\u{E9}*", under: "s3://lake/")
        )
        let object = try place("raw/d\u{E9}.csv", under: "s3://lake/")
        let table: [(place: DataPlace, name: String, key: String?)] = [
            (folder, "", "raw/"), (folder, "a", "raw/a"), (folder, "../a", "raw/../a"), (folder, "/a", "raw//a"),
            (folder, "\u{301}", "raw/\u{301}"), (folder, "%2F", "raw/%2F"),
            (wildcard, "d\u{E9}", "raw/d\u{E9}"), (wildcard, "d\u{E9}y", "raw/d\u{E9}y"), (wildcard, "d", nil),
            (wildcard, "", nil), (wildcard, "de\u{301}", nil), (wildcard, "D\u{E9}", nil),
            (object, "d\u{E9}.csv", "raw/d\u{E9}.csv"), (object, "de\u{301}.csv", nil),
            (object, "d\u{E9}.csv.gz", nil), (object, "", nil),
        ]
        for (place, name, key) in table {
            #expect(place.key(of: name).map { Array($0.utf8) } == key.map { Array($0.utf8) }, "\(name)")
            guard let key else { continue }
            #expect(place.name(of: key).map { Array($0.utf8) } == Array(name.utf8), "\(key)")
        }
        for key in ["raw", "rawdata/a", "ra", "", "RAW/a", "other/raw/a"] {
            #expect(folder.name(of: key) == nil, "\(key)")
        }
    }

    @Test func `a listing's prefix is narrowed to what can be there`() throws {
        let wildcard = DataPlace(bucket: "lake", folder: "", names: .beginning("day"))
        let object = DataPlace(bucket: "lake", folder: "", names: .only("day.csv"))
        let table: [(DataPlace, prefix: String, String?)] = [
            (DataPlace(bucket: "lake", folder: "raw/"), "x", "x"), (wildcard, "", "day"), (wildcard, "da", "day"),
            (wildcard, "day", "day"), (wildcard, "day1/", "day1/"), (wildcard, "dx", nil), (object, "", "day.csv"),
            (object, "day.csv", "day.csv"), (object, "day.csv.gz", nil),
        ]
        for (place, prefix, expected) in table { #expect(place.narrowed(prefix) == expected, "\(prefix)") }
    }
}
