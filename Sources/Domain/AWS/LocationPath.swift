/// Where an integration's data lies, in canonical form: `s3://`, `s3://bucket/` or `s3://bucket/prefix/`.
///
/// The canonical form is what is registered in AWS as the location's scope: AWS only says how sub-prefixes
/// are joined for scopes that end in a slash.
public struct LocationPath: Sendable, Hashable, CustomStringConvertible {
    /// `nil` for `s3://`, every bucket of the account.
    public let bucket: String?
    /// Empty, or ends in `/`.
    public let prefix: String

    public var description: String {
        guard let bucket else { return "s3://" }
        return "s3://\(bucket)/\(prefix)"
    }

    /// Accepts `s3://`, `s3://bucket`, `s3://bucket/`, `s3://bucket/prefix/`; one trailing `*` is dropped.
    ///
    /// - Throws: `InputFault` with an empty path.
    public init(_ text: String) throws(InputFault) {
        guard text.hasPrefix("s3://") else { throw InputFault("", "must start with s3://") }
        guard text.utf8.count <= 2000 else { throw InputFault("", "must be at most 2000 bytes") }
        guard !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
            throw InputFault("", "must not contain control characters")
        }
        var rest = text.dropFirst(5)
        if rest.last == "*" { rest = rest.dropLast() }
        guard !rest.contains("*") else { throw InputFault("", "may have one * at its end only") }
        guard let slash = rest.firstIndex(of: "/") else {
            bucket = rest.isEmpty ? nil : String(rest)
            prefix = ""
            if let bucket { try Self.checkBucket(bucket) }
            return
        }
        let name = String(rest[..<slash])
        try Self.checkBucket(name)
        let key = rest[rest.index(after: slash)...]
        guard key.isEmpty || key.hasSuffix("/") else {
            throw InputFault("", "must end in / when it names a prefix: s3://bucket/prefix/")
        }
        guard !key.hasPrefix("/"), !key.contains("//") else {
            throw InputFault("", "must not have an empty segment (//)")
        }
        bucket = name
        prefix = String(key)
    }

    /// Bucket naming rules: 3 to 63 of `[a-z0-9.-]`, first and last a letter or digit, no `..`.
    private static func checkBucket(_ name: String) throws(InputFault) {
        let alphanumeric: (UInt8) -> Bool = { (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) }
        let bytes = Array(name.utf8)
        guard (3...63).contains(bytes.count),
            bytes.allSatisfy({ alphanumeric($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }),
            let first = bytes.first, let last = bytes.last, alphanumeric(first), alphanumeric(last),
            !name.contains("..")
        else {
            throw InputFault("", "\"\(name)\" is not a bucket name: 3 to 63 of a-z, 0-9, '.' and '-'")
        }
    }
}

extension LocationPath {
    /// The scopes under which AWS may hold this path: the slash after a bucket and a trailing `*` are both optional there.
    public var spellings: [String] {
        guard bucket != nil else { return ["s3://"] }
        let canonical = description
        var all = [canonical, canonical + "*"]
        if prefix.isEmpty { all.append(String(canonical.dropLast())) }
        return all
    }

    /// Whether AWS's `scope` means `path`.
    public static func same(_ path: LocationPath, scope: String) -> Bool { path.spellings.contains(scope) }
}
