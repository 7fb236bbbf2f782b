import HTTPTypes

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// The conditions of a request (RFC 9110, section 13): each is nil where it was not sent.
public struct S3Conditions: Sendable, Equatable {
    /// What `If-Match` and `If-None-Match` name.
    public enum Tags: Sendable, Equatable {
        case any
        /// Without quotes.
        case list([String])

        /// Reads `*`, or entity tags with or without quotes, weak ones included.
        public init(_ text: String) {
            let items = text.split(separator: ",").map { item in
                var item = item.drop { $0 == " " || $0 == "\t" }
                while item.last == " " || item.last == "\t" { item.removeLast() }
                if item.hasPrefix("W/") { item = item.dropFirst(2) }
                if item.count >= 2, item.first == "\"", item.last == "\"" { item = item.dropFirst().dropLast() }
                return String(item)
            }
            self = items == ["*"] ? .any : .list(items)
        }

        func matches(_ etag: String) -> Bool {
            switch self {
            case .any: true
            case .list(let tags): tags.contains(etag)
            }
        }
    }

    public var ifMatch: Tags?
    public var ifNoneMatch: Tags?
    public var ifModifiedSince: Date?
    public var ifUnmodifiedSince: Date?

    public init(
        ifMatch: Tags? = nil, ifNoneMatch: Tags? = nil, ifModifiedSince: Date? = nil, ifUnmodifiedSince: Date? = nil
    ) {
        self.ifMatch = ifMatch
        self.ifNoneMatch = ifNoneMatch
        self.ifModifiedSince = ifModifiedSince
        self.ifUnmodifiedSince = ifUnmodifiedSince
    }

    public var isEmpty: Bool { self == S3Conditions() }

    /// For GET and HEAD: an entity tag outranks a date (RFC 9110, section 13.2.2), and dates count whole seconds.
    /// - Throws: `PreconditionFailed` 412 or `notModified` 304.
    public func checkReading(etag: String, modifiedAt: Date) throws(S3Error) {
        if let ifMatch {
            guard ifMatch.matches(etag) else { throw .preconditionFailed("If-Match") }
        } else if let ifUnmodifiedSince, Self.seconds(modifiedAt) > Self.seconds(ifUnmodifiedSince) {
            throw .preconditionFailed("If-Unmodified-Since")
        }
        if let ifNoneMatch {
            if ifNoneMatch.matches(etag) { throw .notModified(etag: etag, modifiedAt: modifiedAt) }
        } else if let ifModifiedSince, Self.seconds(modifiedAt) <= Self.seconds(ifModifiedSince) {
            throw .notModified(etag: etag, modifiedAt: modifiedAt)
        }
    }

    /// For the source of a copy, where nothing is 304.
    /// - Throws: `PreconditionFailed` 412.
    public func checkCopying(etag: String, modifiedAt: Date) throws(S3Error) {
        do {
            try checkReading(etag: etag, modifiedAt: modifiedAt)
        } catch {
            throw error.status == 304 ? .preconditionFailed("x-amz-copy-source-If-None-Match") : error
        }
    }

    /// For conditional writes.
    /// - Parameter etag: of what is there; nil when nothing is.
    /// - Throws: `PreconditionFailed` 412, or `NoSuchKey` 404 when a tag is to match and nothing is there.
    public func checkWriting(etag: String?, key: String) throws(S3Error) {
        if let ifMatch {
            guard let etag else { throw .noSuchKey(key) }
            guard ifMatch.matches(etag) else { throw .preconditionFailed("If-Match") }
        }
        if let ifNoneMatch, let etag, ifNoneMatch.matches(etag) { throw .preconditionFailed("If-None-Match") }
    }

    private static func seconds(_ date: Date) -> Double { date.timeIntervalSince1970.rounded(.down) }
}

extension S3Error {
    /// 304 without a body.
    public static let notModified = S3Error("NotModified", 304, "Not Modified")

    /// With the headers of RFC 9110, section 15.4.5.
    static func notModified(etag: String, modifiedAt: Date) -> S3Error {
        var error = notModified
        error.headers[.eTag] = "\"\(etag)\""
        error.headers[.lastModified] = HTTPDate.format(modifiedAt)
        return error
    }

    public static func preconditionFailed(_ condition: String) -> S3Error {
        S3Error(
            "PreconditionFailed", 412, "At least one of the pre-conditions you specified did not hold",
            elements: [Element("Condition", condition)])
    }
}
