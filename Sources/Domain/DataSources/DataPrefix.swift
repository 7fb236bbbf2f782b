/// What a data source names below its integration's location, in canonical form.
///
/// | written                                | kind       | canonical    | keys                       |
/// | -------------------------------------- | ---------- | ------------ | -------------------------- |
/// | nothing, `/`, `*` below a bucket       | `location` | (empty)      | all of the location        |
/// | `bucket`, `bucket/`, `bucket/*` below `s3://` | `bucket` | `bucket` | all of the bucket          |
/// | `raw`, `raw/`, `raw/*`                 | `folder`   | `raw/`       | those that begin with it   |
/// | `raw*`                                 | `wildcard` | `raw*`       | those that begin with `raw` |
/// | `raw/day.csv`                          | `object`   | `raw/day.csv` | that one                  |
///
/// Without a `/` or `*` at its end, a last segment with a dot in it names an object and any other a folder, unless the
/// caller says which. Read wrongly, either gives access to nothing that was not asked for.
public struct DataPrefix: Sendable, Hashable, CustomStringConvertible {
    public enum Kind: String, Sendable, CaseIterable {
        case location, bucket, folder, wildcard, object
    }

    public let kind: Kind
    /// The canonical form.
    public let description: String

    /// As stored: canonical already.
    public init(stored text: String, kind: Kind) {
        self.kind = kind
        description = text
    }

    /// - Parameters:
    ///   - isObject: what the caller says of a text that ends in neither `/` nor `*`.
    /// - Throws: `InputFault` with an empty path.
    public init(_ text: String, under location: LocationPath, isObject: Bool? = nil) throws(InputFault) {
        guard text.utf8.count <= Self.maximumLength else {
            throw InputFault("", "must be at most \(Self.maximumLength) bytes")
        }
        guard !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
            throw InputFault("", "must not contain control characters")
        }
        var rest = text.hasPrefix("/") ? text.dropFirst() : text[...]
        let hasStar = rest.last == "*"
        if hasStar { rest = rest.dropLast() }
        guard !rest.contains("*") else { throw InputFault("", "may have one * at its end only") }
        guard !rest.hasPrefix("/"), !rest.contains("//") else {
            throw InputFault("", "must not have an empty segment (//)")
        }
        guard !rest.hasPrefix("s3:/") else {
            throw InputFault("", "is relative to the integration's awsLocationPath: leave s3:// out")
        }
        let written = (text: String(rest), hasStar: hasStar, isObject: isObject)
        (kind, description) =
            try location.bucket == nil
            ? Self.belowAccount(written) : Self.belowBucket(written, isEmpty: rest.isEmpty)
        guard (location.description + description).utf8.count <= Self.maximumLength else {
            throw InputFault("", "must be at most \(Self.maximumLength) bytes together with the integration's path")
        }
    }

    /// What AWS allows of a grant's scope, `s3://` and a trailing `*` included.
    private static let maximumLength = 2000

    private typealias Written = (text: String, hasStar: Bool, isObject: Bool?)

    private static func belowAccount(_ written: Written) throws(InputFault) -> (Kind, String) {
        guard !written.text.isEmpty else {
            throw InputFault("", "must name a bucket: the integration's awsLocationPath is s3://")
        }
        let slash = written.text.firstIndex(of: "/")
        let bucket = String(written.text[..<(slash ?? written.text.endIndex)])
        do { _ = try LocationPath("s3://\(bucket)") } catch { throw InputFault("", error.message) }
        guard let slash else {
            guard !written.hasStar else { throw InputFault("", "must name one bucket, not all that begin alike") }
            return (.bucket, bucket)
        }
        let key = written.text[written.text.index(after: slash)...]
        guard !key.isEmpty else { return (.bucket, bucket) }
        let (kind, text) = try belowBucket((String(key), written.hasStar, written.isObject), isEmpty: false)
        return (kind, "\(bucket)/\(text)")
    }

    private static func belowBucket(_ written: Written, isEmpty: Bool) throws(InputFault) -> (Kind, String) {
        let text = written.text
        guard !isEmpty else { return (.location, "") }
        if text.hasSuffix("/") {
            guard written.isObject != true else { throw InputFault("", "names an object, and so must not end in /") }
            return (.folder, text)
        }
        if written.hasStar {
            guard written.isObject != true else { throw InputFault("", "names an object, and so must not end in *") }
            return (.wildcard, text + "*")
        }
        let lastSegment = text.split(separator: "/").last ?? ""
        return written.isObject ?? lastSegment.contains(".") ? (.object, text) : (.folder, text + "/")
    }
}

extension DataPrefix {
    /// What is added to a location's scope to make a grant's: `raw/*`, `raw*`, `raw/day.csv`, `bucket/*`, `*`.
    public var subPrefix: String {
        switch kind {
        case .location: "*"
        case .bucket: description + "/*"
        case .folder: description + "*"
        case .wildcard, .object: description
        }
    }

    /// Where the data lies: `s3://bucket/key`, without a trailing `*`.
    public func scope(under location: LocationPath) -> String {
        switch kind {
        case .location, .folder, .object: location.description + description
        case .bucket: location.description + description + "/"
        case .wildcard: location.description + description.dropLast()
        }
    }
}
