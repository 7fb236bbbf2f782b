import HTTPTypes

extension S3Server {
    func read(_ request: S3Request, _ call: S3Call<Identity>) async throws -> S3Response {
        let reader = try capability((any S3ObjectReader<Identity>).self)
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
        let reader = try capability((any S3AttributeReader<Identity>).self)
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
    /// - Parameter prefix: `x-amz-copy-source-` for the conditions on a copy's source.
    init(_ headers: HTTPFields, prefix: String = "") {
        func value(_ name: String) -> String? { headers[HTTPField.Name(parsed: prefix + name)] }
        self.init(
            ifMatch: value("if-match").map(Tags.init), ifNoneMatch: value("if-none-match").map(Tags.init),
            ifModifiedSince: value("if-modified-since").flatMap(HTTPDate.parse),
            ifUnmodifiedSince: value("if-unmodified-since").flatMap(HTTPDate.parse))
    }
}

extension HTTPFields {
    /// The checksum's own header, and `x-amz-checksum-type`.
    mutating func set(_ checksum: S3Checksum) {
        self[HTTPField.Name(parsed: checksum.algorithm.header)] = checksum.value
        self[.checksumType] = checksum.type.rawValue
    }
}

extension HTTPField.Name {
    static var taggingCount: Self { .init(parsed: "x-amz-tagging-count") }
    static var partsCount: Self { .init(parsed: "x-amz-mp-parts-count") }
    static var objectAttributes: Self { .init(parsed: "x-amz-object-attributes") }
    static var partNumberMarker: Self { .init(parsed: "x-amz-part-number-marker") }
    static var maxParts: Self { .init(parsed: "x-amz-max-parts") }
    static var checksumMode: Self { .init(parsed: "x-amz-checksum-mode") }
    static var checksumType: Self { .init(parsed: "x-amz-checksum-type") }
}
