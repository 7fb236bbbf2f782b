import Crypto
import HTTPTypes
import SigV4
import XML

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension S3Server {
    /// Objects of one DeleteObjects request, as S3 has it.
    private static var mostDeletes: Int { 1_000 }
    /// Bytes of one PutObject or UploadPart request, as S3 has it.
    static var largestBody: Int { 5 << 30 }

    func write(_ request: S3Request, _ call: S3Call<Identity>) async throws -> S3Response {
        let writer = try require(objectWriter)
        let object = try request.object()
        switch request.route.operation {
        case .putObject:
            try Self.checkSize(request.body)
            let info = try await writer.putObject(object, try S3NewObject(request.headers), request.body, call)
            return Self.stored(info)
        case .copyObject:
            let copy = try S3Copy(request.headers)
            let info = try await writer.copyObject(copy, to: object, call)
            let document = S3Document.copy(
                "CopyObjectResult", etag: info.etag, modifiedAt: AmzDate.formatISO8601(info.modifiedAt),
                checksum: info.checksum)
            var headers = HTTPFields.versioned(info.versionID)
            headers[.copySourceVersion] = copy.source.versionID
            return .xml(document, headers: headers)
        case .deleteObjects:
            return try await deleteObjects(request, call, writer)
        default:
            let deletion = S3Deletion(
                key: object.key, versionID: object.versionID, conditions: S3Conditions(request.headers))
            let results = try await writer.deleteObjects([deletion], in: object.bucket, call)
            guard let deleted = try results.first?.get() else { throw S3Error.internalError }
            var headers = HTTPFields.versioned(deleted.deleteMarker ?? deleted.versionID)
            if deleted.deleteMarker != nil { headers[.deleteMarker] = "true" }
            return S3Response(status: 204, headers: headers)
        }
    }

    static func checkSize(_ body: S3Upload) throws(S3Error) {
        guard let length = body.length, length > largestBody else { return }
        throw S3Error(
            "EntityTooLarge", 400, "Your proposed upload exceeds the maximum allowed size",
            elements: [.init("ProposedSize", String(length)), .init("MaxSizeAllowed", String(largestBody))])
    }

    private static func stored(_ info: S3ObjectInfo) -> S3Response {
        var headers = HTTPFields.versioned(info.versionID)
        headers[.eTag] = "\"\(info.etag)\""
        if let checksum = info.checksum { headers.set(checksum) }
        return S3Response(headers: headers)
    }

    private func deleteObjects(
        _ request: S3Request, _ call: S3Call<Identity>, _ writer: any S3ObjectWriter<Identity>
    ) async throws -> S3Response {
        let proofs = [.contentMD5, .amzTrailer] + S3ChecksumAlgorithm.allCases.map(\.fieldName)
        guard proofs.contains(where: { request.headers[$0] != nil }) else {
            throw S3Error.invalidRequest("Missing required header for this request: Content-MD5 OR x-amz-checksum-*")
        }
        let document = try await S3Document.read(request.body, root: "Delete")
        let deletions = try document.children("Object").map { element throws(S3Error) in
            guard let key = element["Key"], !key.isEmpty else { throw .malformedXML }
            var conditions = S3Conditions()
            conditions.ifMatch = element["ETag"].map(S3Conditions.Tags.init)
            let version = element["VersionId"]
            return S3Deletion(key: key, versionID: version?.isEmpty == true ? nil : version, conditions: conditions)
        }
        guard (1...Self.mostDeletes).contains(deletions.count) else { throw S3Error.malformedXML }
        let results = try await writer.deleteObjects(deletions, in: request.route.bucket, call)
        return .xml(
            S3Document.deletes(Array(zip(deletions, results)), isQuiet: document["Quiet"]?.lowercased() == "true"))
    }
}

// MARK: What the headers say of a new object

extension S3NewObject {
    /// - Throws: `InvalidArgument`, `InvalidTag`, `MetadataTooLarge`, `NotImplemented` and their like.
    init(_ headers: HTTPFields) throws(S3Error) {
        try Self.refuseEncryption(headers)
        self.init(
            headers: try Self.keptHeaders(headers), tags: try headers[.tagging].map(S3Tag.parsing) ?? [],
            access: try S3AccessRequest(headers), conditions: S3Conditions(headers))
    }

    /// Bytes of the names and values of `x-amz-meta-…` together, as S3 has it.
    private static let longestMetadata = 2_048

    private static let kept: Set<String> = [
        "content-type", "cache-control", "content-disposition", "content-language", "expires",
        "x-amz-website-redirect-location",
    ]

    /// The headers S3 keeps with an object.
    static func keptHeaders(_ headers: HTTPFields) throws(S3Error) -> HTTPFields {
        var result = HTTPFields()
        var length = 0
        for field in headers {
            let name = field.name.canonicalName
            let isMetadata = name.hasPrefix("x-amz-meta-")
            if isMetadata { length += name.utf8.count - 11 + field.value.utf8.count }
            // The names of metadata are kept, and shown, in lower case.
            if isMetadata, let lowercased = HTTPField.Name(name) {
                result.append(HTTPField(name: lowercased, value: field.value))
            } else if kept.contains(name) {
                result.append(field)
            }
        }
        guard length <= longestMetadata else {
            throw S3Error(
                "MetadataTooLarge", 400, "Your metadata headers exceed the maximum allowed metadata size",
                elements: [.init("Size", String(length)), .init("MaxSizeAllowed", String(longestMetadata))])
        }
        // `aws-chunked` is of the transfer, not of the object.
        let encodings = (headers[.contentEncoding] ?? "").split(separator: ",")
            .map { $0.drop { $0 == " " } }.filter { $0.lowercased() != "aws-chunked" && !$0.isEmpty }
        if !encodings.isEmpty { result[.contentEncoding] = encodings.joined(separator: ", ") }
        if result[.contentType]?.isEmpty ?? true { result[.contentType] = "binary/octet-stream" }
        return result
    }

    /// What is asked for is done or refused, never ignored.
    static func refuseEncryption(_ headers: HTTPFields) throws(S3Error) {
        let asked = headers.contains { field in
            let name = field.name.canonicalName
            return name.hasPrefix("x-amz-server-side-encryption") && field.value != "AES256"
                || name.hasPrefix("x-amz-object-lock-")
        }
        if asked { throw .notImplemented }
    }
}

extension S3Copy {
    /// - Throws: `InvalidArgument` and its like.
    init(_ headers: HTTPFields) throws(S3Error) {
        try S3NewObject.refuseEncryption(headers)
        let replaces = try Self.replaces(headers, .metadataDirective)
        let replacesTags = try Self.replaces(headers, .taggingDirective)
        self.init(
            source: try S3ObjectName(copySource: headers[.copySource]),
            sourceConditions: S3Conditions(headers, .copySource),
            headers: replaces ? try S3NewObject.keptHeaders(headers) : nil,
            tags: replacesTags ? try headers[.tagging].map(S3Tag.parsing) ?? [] : nil,
            access: try S3AccessRequest(headers), conditions: S3Conditions(headers),
            checksum: try S3ChecksumAlgorithm(named: headers[.checksumAlgorithm]))
    }

    private static func replaces(_ headers: HTTPFields, _ name: HTTPField.Name) throws(S3Error) -> Bool {
        switch headers[name]?.uppercased() {
        case nil, "COPY": return false
        case "REPLACE": return true
        default: throw .invalidArgument("Unknown \(name.canonicalName.dropFirst(6)).")
        }
    }
}

extension S3ObjectName {
    /// Reads `x-amz-copy-source`: `[/]bucket/key[?versionId=…]`, percent-encoded once.
    /// - Throws: `InvalidArgument`.
    init(copySource text: String?) throws(S3Error) {
        let malformed = S3Error.invalidArgument(
            "Copy Source must mention the source bucket and key: sourcebucket/sourcekey")
        guard var text = text?[...] else { throw malformed }
        var version: String?
        if let mark = text.utf8.lastIndex(of: UInt8(ascii: "?")), text[mark...].hasPrefix("?versionId=") {
            version = String(text[mark...].dropFirst(11))
            text = text[..<mark]
        }
        guard let path = URIEncoding.decode(text, plusIsSpace: false) else { throw malformed }
        let bytes = path.utf8.starts(with: "/".utf8) ? path.utf8.dropFirst() : path.utf8[...]
        guard let slash = bytes.firstIndex(of: UInt8(ascii: "/")) else { throw malformed }
        self.init(
            bucket: String(Substring(bytes[..<slash])), key: String(Substring(bytes[slash...].dropFirst())),
            versionID: version)
        guard !bucket.isEmpty, !key.isEmpty, version?.isEmpty != true else { throw malformed }
    }
}

extension S3ChecksumAlgorithm {
    /// Nil for none.
    /// - Throws: `InvalidRequest` for one that S3 does not know.
    init?(named name: String?) throws(S3Error) {
        guard let name else { return nil }
        guard let algorithm = S3ChecksumAlgorithm(rawValue: name.uppercased()) else {
            throw .invalidRequest(
                "Checksum algorithm provided is unsupported. Please try again with any of the valid types: "
                    + "[CRC32, CRC32C, CRC64NVME, SHA1, SHA256]")
        }
        self = algorithm
    }
}

extension HTTPField.Name {
    static let metadataDirective = Self(known: "x-amz-metadata-directive")
    static let taggingDirective = Self(known: "x-amz-tagging-directive")
    static let tagging = Self(known: "x-amz-tagging")
    static let copySourceVersion = Self(known: "x-amz-copy-source-version-id")
    static let deleteMarker = Self(known: "x-amz-delete-marker")
    static let checksumAlgorithm = Self(known: "x-amz-checksum-algorithm")
}
