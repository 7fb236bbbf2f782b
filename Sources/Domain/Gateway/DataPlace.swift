/// Where a data source's objects lie, and which of the bucket's keys are its own. Keys are compared byte by byte:
/// Unicode's equivalences do not hold in S3.
///
/// What a reader sees is a key's name: the key without the folder that the data source's prefix names or lies in.
///
/// | prefix of the data source | folder | names                     |
/// | ------------------------- | ------ | ------------------------- |
/// | `raw/`                    | `raw/` | all                       |
/// | `raw/day*`                | `raw/` | that begin with `day`     |
/// | `raw/day.csv`             | `raw/` | `day.csv`                 |
public struct DataPlace: Sendable, Hashable {
    public enum Names: Sendable, Hashable {
        case all
        case beginning(String)
        case only(String)
    }

    public let bucket: String
    /// Empty, or ends in `/`.
    public let folder: String
    public let names: Names

    public init(bucket: String, folder: String, names: Names = .all) {
        self.bucket = bucket
        self.folder = folder
        self.names = names
    }

    /// The key of a name; nil when it is not the data source's own.
    public func key(of name: some StringProtocol) -> String? {
        holds(name) ? folder + name : nil
    }

    /// The name of a key; nil when it is not the data source's own.
    public func name(of key: String) -> String? {
        guard key.utf8.starts(with: folder.utf8) else { return nil }
        let name = String(decoding: key.utf8.dropFirst(folder.utf8.count), as: UTF8.self)
        return holds(name) ? name : nil
    }

    private func holds(_ name: some StringProtocol) -> Bool {
        switch names {
        // The folder's own name would be that of the data source.
        case .all: true
        case .beginning(let start): name.utf8.starts(with: start.utf8)
        case .only(let one): name.utf8.elementsEqual(one.utf8)
        }
    }

    /// What every name that begins with `prefix` begins with; nil when there is no such name.
    public func narrowed(_ prefix: String) -> String? {
        switch names {
        case .all: prefix
        case .beginning(let start):
            prefix.utf8.starts(with: start.utf8) ? prefix : start.utf8.starts(with: prefix.utf8) ? start : nil
        case .only(let one): one.utf8.starts(with: prefix.utf8) ? one : nil
        }
    }
}

extension DataPrefix {
    /// nil when the prefix names no bucket and the location has none either.
    public func place(under location: LocationPath) -> DataPlace? {
        var rest = Array(description.utf8)
        var bucket = location.bucket
        if bucket == nil {
            let end = rest.firstIndex(of: Self.slash) ?? rest.count
            bucket = String(decoding: rest[..<end], as: UTF8.self)
            rest.removeFirst(min(end + 1, rest.count))
        }
        guard let bucket, !bucket.isEmpty else { return nil }
        let cut = rest.lastIndex(of: Self.slash).map { $0 + 1 } ?? 0
        let folder = location.prefix + String(decoding: rest[..<cut], as: UTF8.self)
        let last = rest[cut...]
        return switch kind {
        case .location, .bucket, .folder: DataPlace(bucket: bucket, folder: folder)
        case .wildcard:
            DataPlace(
                bucket: bucket, folder: folder,
                names: .beginning(String(decoding: last.dropLast(), as: UTF8.self)))
        case .object:
            DataPlace(bucket: bucket, folder: folder, names: .only(String(decoding: last, as: UTF8.self)))
        }
    }

    private static let slash = UInt8(ascii: "/")
}
