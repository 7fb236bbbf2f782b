import HTTPTypes
import SigV4

extension S3Server {
    func read(_ request: S3Request, _ call: S3Call<Identity>) async throws -> S3Response {
        let reader = try require(objectReader)
        let object = try request.object()
        let reading = try S3Reading(request)
        if request.route.operation == .headObject {
            let part = try await reader.headObject(object, reading, call)
            return Self.response(
                part, reading, request.query, body: .unsent(length: part.range?.count ?? part.info.size))
        }
        let answer = try await reader.getObject(object, reading, call)
        return Self.response(answer.part, reading, request.query, body: .content(answer.content))
    }

    private static func response(
        _ part: S3ObjectPart, _ reading: S3Reading, _ query: QueryItems, body: S3Response.Body
    ) -> S3Response {
        let info = part.info
        var headers = info.headers
        headers[.eTag] = "\"\(info.etag)\""
        headers[.lastModified] = HTTPDate.format(info.modifiedAt)
        headers[.acceptRanges] = "bytes"
        headers[.versionID] = info.versionID
        if info.tagCount > 0 { headers[.taggingCount] = String(info.tagCount) }
        if reading.partNumber != nil { headers[.partsCount] = info.partCount.map { String($0) } }
        if reading.wantsChecksum, let checksum = info.checksum, part.range == nil || reading.partNumber != nil {
            headers.set(checksum)
        }
        if let range = part.range {
            headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(info.size)"
        }
        for (name, header) in overrides {
            if let value = query[name] { headers[header] = value }
        }
        return S3Response(status: part.range == nil ? 200 : 206, headers: headers, body: body)
    }

    /// What GetObject's and HeadObject's query may say of the answer's headers.
    private static var overrides: [(String, HTTPField.Name)] {
        [
            ("response-content-type", .contentType), ("response-content-language", .contentLanguage),
            ("response-expires", .expires), ("response-cache-control", .cacheControl),
            ("response-content-disposition", .contentDisposition), ("response-content-encoding", .contentEncoding),
        ]
    }

    func attributes(_ request: S3Request, _ call: S3Call<Identity>) async throws -> S3Response {
        let reader = try require(attributeReader)
        let names = request.headers[values: .objectAttributes].joined(separator: ",").filter { $0 != " " }
            .split(separator: ",").map { String($0) }
        let known: Set<String> = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"]
        guard !names.isEmpty, names.allSatisfy({ known.contains($0) }) else {
            throw S3Error.invalidArgument("Invalid attribute name specified.")
        }
        let after = try Self.number(request.headers[.partNumberMarker], or: 0)
        let limit = min(try Self.number(request.headers[.maxParts], or: 1_000), 1_000)
        let attributes = try await reader.objectAttributes(
            try request.object(), partsAfter: after, limit: limit, call)
        var headers: HTTPFields = .versioned(attributes.info.versionID)
        headers[.lastModified] = HTTPDate.format(attributes.info.modifiedAt)
        return .xml(
            S3Document.attributes(attributes, wanted: Set(names), after: after, limit: limit), headers: headers)
    }

    private static func number(_ text: String?, or missing: Int) throws(S3Error) -> Int {
        guard let text else { return missing }
        guard let number = Int(text), number >= 0 else {
            throw .invalidArgument("Provided part number or limit is not an integer or within integer range")
        }
        return number
    }
}

extension S3Reading {
    /// - Throws: `InvalidArgument` or `InvalidRequest`.
    init(_ request: S3Request) throws(S3Error) {
        let headers = request.headers
        self.init(
            range: headers[.range].flatMap(S3ByteRange.init), conditions: S3Conditions(headers),
            wantsChecksum: headers[.checksumMode]?.uppercased() == "ENABLED")
        guard let text = request.query["partNumber"] else { return }
        guard let number = Int(text), (1...10_000).contains(number) else {
            throw .invalidArgument("Part number must be an integer between 1 and 10000, inclusive")
        }
        guard range == nil else {
            throw .invalidRequest("Cannot specify both Range header and partNumber query parameter")
        }
        partNumber = number
    }
}

extension S3Conditions {
    /// The fields in which conditions stand.
    struct Fields {
        let ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince: HTTPField.Name

        private init(prefix: String) {
            ifMatch = HTTPField.Name(known: "\(prefix)if-match")
            ifNoneMatch = HTTPField.Name(known: "\(prefix)if-none-match")
            ifModifiedSince = HTTPField.Name(known: "\(prefix)if-modified-since")
            ifUnmodifiedSince = HTTPField.Name(known: "\(prefix)if-unmodified-since")
        }

        static let request = Fields(prefix: "")
        /// On the source of a copy.
        static let copySource = Fields(prefix: "x-amz-copy-source-")
    }

    init(_ headers: HTTPFields, _ fields: Fields = .request) {
        self.init(
            ifMatch: headers[fields.ifMatch].map(Tags.init), ifNoneMatch: headers[fields.ifNoneMatch].map(Tags.init),
            ifModifiedSince: headers[fields.ifModifiedSince].flatMap(HTTPDate.parse),
            ifUnmodifiedSince: headers[fields.ifUnmodifiedSince].flatMap(HTTPDate.parse))
    }
}

extension HTTPFields {
    /// The checksum's own header, and `x-amz-checksum-type`.
    mutating func set(_ checksum: S3Checksum) {
        self[checksum.algorithm.fieldName] = checksum.value
        self[.checksumType] = checksum.type.rawValue
    }
}

extension HTTPField.Name {
    static let taggingCount = Self(known: "x-amz-tagging-count")
    static let partsCount = Self(known: "x-amz-mp-parts-count")
    static let objectAttributes = Self(known: "x-amz-object-attributes")
    static let partNumberMarker = Self(known: "x-amz-part-number-marker")
    static let maxParts = Self(known: "x-amz-max-parts")
    static let checksumMode = Self(known: "x-amz-checksum-mode")
    static let checksumType = Self(known: "x-amz-checksum-type")
}
