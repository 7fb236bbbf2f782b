/// `s3://bucket/key` text taken apart: what locations, grants and targets are made of.
///
/// At most 2,000 characters, no control characters. A `*` means "everything that begins so" at the end only; elsewhere
/// it is an ordinary character of a key.
struct S3Path: Equatable, Sendable {
    static let scheme = "s3://"
    /// Characters of a scope, sub-prefix or target (the service model's S3Prefix).
    static let longest = 2000

    let text: String
    /// Empty for the default location `s3://`.
    let bucket: String
    /// What follows the bucket's slash, without a trailing `*`; nil where there is no slash (`s3://bucket`).
    let key: String?
    /// Whether the text ends in `*`.
    let isWildcard: Bool

    /// Nil where the text is no `s3://` path with a valid bucket name.
    init?(_ text: String) {
        guard text.hasPrefix(Self.scheme), text.unicodeScalars.count <= Self.longest, Self.isPrintable(text) else {
            return nil
        }
        self.text = text
        var rest = text.dropFirst(Self.scheme.count)
        isWildcard = rest.hasSuffix("*")
        if isWildcard { rest = rest.dropLast() }
        if let slash = rest.firstIndex(of: "/") {
            bucket = String(rest[..<slash])
            key = String(rest[rest.index(after: slash)...])
        } else {
            bucket = String(rest)
            key = nil
        }
        guard Self.isBucketName(bucket) || (rest.isEmpty && !isWildcard) else { return nil }
    }

    /// Whether this is `s3://`, the default location.
    var isDefault: Bool { bucket.isEmpty }

    /// The text every covered object's path begins with (or equals, without `*`).
    ///
    /// A bare bucket, with or without `*`, gets its slash: `s3://lake*` must not cover `s3://lake-archive/x`.
    var stem: String {
        if isDefault { return Self.scheme }
        return "\(Self.scheme)\(bucket)/\(key ?? "")"
    }

    /// Whether a grant on this scope covers `target`: the target's own stem lies under this one's, or both are equal.
    /// Bytes are compared, for S3 tells a composed letter from a decomposed one.
    func covers(_ target: Self) -> Bool {
        isWildcard
            ? target.stem.utf8.starts(with: stem.utf8)
            : (!target.isWildcard && stem.utf8.elementsEqual(target.stem.utf8))
    }

    /// Whether a location registered with this scope holds `path`; a location means its prefix with or without `*`.
    func contains(_ path: Self) -> Bool { path.stem.utf8.starts(with: stem.utf8) }

    /// S3's naming rules for general purpose buckets, without the reserved prefixes and suffixes.
    static func isBucketName(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard (3...63).contains(bytes.count), let first = bytes.first, let last = bytes.last else { return false }
        guard isLetterOrDigit(first), isLetterOrDigit(last), !text.contains("..") else { return false }
        return bytes.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
    }

    static func isPrintable(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
