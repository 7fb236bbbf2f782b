import AWS
import HTTPTypes
import S3Server
import SigV4
import XML

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A document from upstream.
struct UpstreamDocument {
    var root: XMLElement
    var headerFields: HTTPFields
}

extension S3ObjectPart {
    /// What the answer to GET or HEAD says of the object and of its bytes in it. Only what S3 keeps with an object is
    /// taken over: ids and the server's own name stay behind.
    /// - Throws: `InternalError` for an answer that lacks what every answer has.
    init(_ response: S3ObjectResponse, now: Date) throws(S3Error) {
        let fields = response.headerFields
        guard let length = fields[.contentLength].flatMap({ Int($0) }), length >= 0 else { throw .internalError }
        var (size, range): (Int, Range<Int>?) = (length, nil)
        if response.status == .partialContent {
            guard let content = fields[.contentRange].flatMap(ContentRange.init),
                content.positions.count == length
            else { throw .internalError }
            (size, range) = (content.size, content.positions)
        }
        var headers = HTTPFields()
        for field in fields where Self.isKept(field.name.canonicalName) { headers.append(field) }
        self.init(
            info: S3ObjectInfo(
                size: size, etag: fields.etag ?? "",
                modifiedAt: fields[.lastModified].flatMap { HTTPDate.parse($0) } ?? now, headers: headers,
                versionID: fields.versionID, checksum: S3Checksum(fields),
                partCount: fields[.partsCount].flatMap { Int($0) },
                tagCount: fields[.taggingCount].flatMap { Int($0) } ?? 0),
            range: range)
    }

    private static let kept: Set<String> = [
        "content-type", "cache-control", "content-disposition", "content-encoding", "content-language", "expires",
        "x-amz-website-redirect-location", "x-amz-storage-class", "x-amz-missing-meta",
    ]

    private static func isKept(_ name: String) -> Bool { kept.contains(name) || name.hasPrefix("x-amz-meta-") }
}

/// `bytes first-last/size`.
private struct ContentRange {
    let positions: Range<Int>
    let size: Int

    init?(_ text: String) {
        guard text.hasPrefix("bytes ") else { return nil }
        let parts = text.dropFirst(6).split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let size = Int(parts[1]) else { return nil }
        let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let first = Int(ends[0]), let last = Int(ends[1]), first >= 0, first <= last, last < size
        else { return nil }
        positions = first..<last + 1
        self.size = size
    }
}

extension S3Checksum {
    /// The one among an answer's headers.
    init?(_ fields: HTTPFields) {
        let type = fields[.checksumType].flatMap { S3ChecksumType(rawValue: $0) }
        for algorithm in S3ChecksumAlgorithm.allCases {
            guard let value = fields[HTTPField.Name(known: algorithm.header)] else { continue }
            self.init(algorithm, value, type: type ?? (value.contains("-") ? .composite : .fullObject))
            return
        }
        return nil
    }

    /// The one among a document's elements.
    init?(_ element: XMLElement) {
        let type = element["ChecksumType"].flatMap { S3ChecksumType(rawValue: $0) }
        for algorithm in S3ChecksumAlgorithm.allCases {
            guard let value = element[algorithm.element] else { continue }
            self.init(algorithm, value, type: type ?? (value.contains("-") ? .composite : .fullObject))
            return
        }
        return nil
    }
}

extension String {
    /// An entity tag without its quotes.
    var unquoted: String { filter { $0 != "\"" } }
}

extension HTTPFields {
    var etag: String? { self[.eTag]?.unquoted }
    var versionID: String? { self[.versionID] }

    /// The conditions as they are sent; a copy's source has a prefix of its own.
    mutating func set(_ conditions: S3Conditions, prefix: String = "") {
        func text(_ tags: S3Conditions.Tags) -> String {
            switch tags {
            case .any: "*"
            case .list(let tags): tags.map { "\"\($0)\"" }.joined(separator: ", ")
            }
        }
        let values: [(String, String?)] = [
            ("if-match", conditions.ifMatch.map(text)), ("if-none-match", conditions.ifNoneMatch.map(text)),
            ("if-modified-since", conditions.ifModifiedSince.map(HTTPDate.format)),
            ("if-unmodified-since", conditions.ifUnmodifiedSince.map(HTTPDate.format)),
        ]
        for (name, value) in values where value != nil { self[HTTPField.Name(known: prefix + name)] = value }
    }

    mutating func set(_ tags: [S3Tag]) {
        guard !tags.isEmpty else { return }
        self[.tagging] = tags.map { "\(URIEncoding.encode($0.key))=\(URIEncoding.encode($0.value))" }
            .joined(separator: "&")
    }

    /// As an access control list would have it that gives nobody else anything.
    /// - Throws: `AccessControlListNotSupported` for any other.
    static func check(_ access: S3AccessRequest?) throws(S3Error) {
        switch access {
        case nil, .canned(.private), .canned(.bucketOwnerFullControl): break
        case .canned, .grants, .document:
            throw S3Error("AccessControlListNotSupported", 400, "The bucket does not allow ACLs")
        }
    }
}

extension HTTPField.Name {
    static let versionID = Self(known: "x-amz-version-id")
    static let partsCount = Self(known: "x-amz-mp-parts-count")
    static let taggingCount = Self(known: "x-amz-tagging-count")
    static let checksumType = Self(known: "x-amz-checksum-type")
    static let checksumMode = Self(known: "x-amz-checksum-mode")
    static let checksumAlgorithm = Self(known: "x-amz-checksum-algorithm")
    static let tagging = Self(known: "x-amz-tagging")
    static let taggingDirective = Self(known: "x-amz-tagging-directive")
    static let metadataDirective = Self(known: "x-amz-metadata-directive")
    static let copySource = Self(known: "x-amz-copy-source")
    static let copySourceRange = Self(known: "x-amz-copy-source-range")
    static let objectSize = Self(known: "x-amz-mp-object-size")
    static let deleteMarker = Self(known: "x-amz-delete-marker")
    static let contentMD5 = Self(known: "content-md5")
}
