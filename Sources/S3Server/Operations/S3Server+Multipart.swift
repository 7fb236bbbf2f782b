import HTTPTypes
import SigV4
import XML

extension S3Server {
    private typealias Store = any S3MultipartStore<Identity>

    func multipart(_ request: S3Request, _ call: S3Call<Identity>) async throws -> S3Response {
        let store = try require(multipartStore)
        let object = S3ObjectName(bucket: request.route.bucket, key: request.route.key)
        let upload = S3UploadName(object: object, uploadID: request.query["uploadId"] ?? "")
        switch request.route.operation {
        case .createMultipartUpload:
            return try await create(object, request, call, store)
        case .uploadPart:
            try Self.checkSize(request.body)
            let name = S3PartName(upload: upload, number: try Self.partNumber(request.query))
            let part = try await store.uploadPart(name, request.body, call)
            var headers: HTTPFields = [.eTag: "\"\(part.etag)\""]
            if let checksum = part.checksum {
                headers[checksum.algorithm.fieldName] = checksum.value
            }
            return S3Response(headers: headers)
        case .uploadPartCopy:
            return try await copyPart(upload, request, call, store)
        case .completeMultipartUpload:
            return try await complete(upload, request, call, store)
        case .abortMultipartUpload:
            try await store.abortMultipartUpload(upload, call)
            return S3Response(status: 204)
        case .listParts:
            let after = try Self.partMarker(request.query)
            let limit = try Self.limit(request.query, "max-parts")
            let page = try await store.listParts(upload, after: after, limit: limit, call)
            return .xml(S3Document.parts(upload, after: after, limit: limit, page))
        default:
            return try await listUploads(request, call, store)
        }
    }

    private func create(
        _ object: S3ObjectName, _ request: S3Request, _ call: S3Call<Identity>, _ store: Store
    ) async throws -> S3Response {
        let headers = request.headers
        let algorithm = try S3ChecksumAlgorithm(named: headers[.checksumAlgorithm])
        var type: S3ChecksumType?
        if let text = headers[.checksumType] {
            type = S3ChecksumType(rawValue: text.uppercased())
            let isPossible =
                switch (algorithm, type) {
                case (.sha1, .fullObject), (.sha256, .fullObject), (.crc64nvme, .composite), (_, nil): false
                default: true
                }
            guard isPossible else {
                throw S3Error.invalidRequest(
                    "The \(text) checksum type cannot be used with the \(algorithm?.rawValue.lowercased() ?? "default") "
                        + "checksum algorithm.")
            }
        }
        let new = S3NewUpload(object: try S3NewObject(headers), checksum: algorithm, checksumType: type)
        let id = try await store.createMultipartUpload(object, new, call)
        var answer = HTTPFields()
        if let algorithm {
            answer[.checksumAlgorithm] = algorithm.rawValue
            answer[.checksumType] = (type ?? algorithm.defaultType).rawValue
        }
        return .xml(S3Document.initiated(object, uploadID: id), headers: answer)
    }

    private func copyPart(
        _ upload: S3UploadName, _ request: S3Request, _ call: S3Call<Identity>, _ store: Store
    ) async throws -> S3Response {
        let headers = request.headers
        let source = S3PartSource(
            object: try S3ObjectName(copySource: headers[.copySource]),
            conditions: S3Conditions(headers, .copySource),
            range: try headers[.copySourceRange].map(Self.copyRange))
        let name = S3PartName(upload: upload, number: try Self.partNumber(request.query))
        let part = try await store.uploadPartCopy(name, from: source, call)
        var answer = HTTPFields()
        answer[.copySourceVersion] = source.object.versionID
        var checksum = part.checksum
        checksum?.type = .fullObject
        return .xml(
            S3Document.copy(
                "CopyPartResult", etag: part.etag, modifiedAt: AmzDate.formatISO8601(part.modifiedAt),
                checksum: checksum), headers: answer)
    }

    /// `bytes=first-last`, both given.
    private static func copyRange(_ text: String) throws(S3Error) -> Range<Int> {
        guard let range = S3ByteRange(text)?.closed else {
            throw .invalidArgument(
                "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the "
                    + "zero-based offsets of the first and last bytes to copy")
        }
        return range
    }

    private func complete(
        _ upload: S3UploadName, _ request: S3Request, _ call: S3Call<Identity>, _ store: Store
    ) async throws -> S3Response {
        let document = try await S3Document.read(request.body, root: "CompleteMultipartUpload")
        let parts = try document.children("Part").map { element throws(S3Error) in
            guard let number = element["PartNumber"].flatMap({ Int($0) }), let etag = element["ETag"] else {
                throw .malformedXML
            }
            let checksum = S3ChecksumAlgorithm.allCases.lazy.compactMap { element[$0.element] }.first
            return S3Completion.Part(number: number, etag: etag.filter { $0 != "\"" }, checksum: checksum)
        }
        guard (1...10_000).contains(parts.count) else { throw S3Error.malformedXML }
        let completion = S3Completion(
            parts: parts, checksum: Self.checksum(request.headers),
            size: request.headers[.objectSize].flatMap { Int($0) }, conditions: S3Conditions(request.headers))
        let info = try await store.completeMultipartUpload(upload, completion, call)
        let location = "/\(upload.object.bucket)/\(URIEncoding.encode(upload.object.key, keepingSlash: true))"
        return .xml(
            S3Document.completed(upload.object, info, location: location), headers: .versioned(info.versionID))
    }

    /// The checksum of the whole object, as the client has it.
    private static func checksum(_ headers: HTTPFields) -> S3Checksum? {
        for algorithm in S3ChecksumAlgorithm.allCases {
            guard let value = headers[algorithm.fieldName] else { continue }
            return S3Checksum(algorithm, value, type: value.contains("-") ? .composite : .fullObject)
        }
        return nil
    }

    private func listUploads(
        _ request: S3Request, _ call: S3Call<Identity>, _ store: Store
    ) async throws -> S3Response {
        let query = request.query
        try Self.checkEncoding(query)
        let listing = S3UploadListing(
            bucket: request.route.bucket, prefix: query["prefix"] ?? "", delimiter: query["delimiter"] ?? "",
            afterKey: query["key-marker"] ?? "", afterUpload: query["upload-id-marker"] ?? "",
            limit: try Self.limit(query, "max-uploads"))
        return .xml(S3Document.uploads(listing, try await store.listMultipartUploads(listing, call), query: query))
    }

    private static func partNumber(_ query: QueryItems) throws(S3Error) -> Int {
        guard let number = query["partNumber"].flatMap({ Int($0) }), (1...10_000).contains(number) else {
            throw .invalidArgument("Part number must be an integer between 1 and 10000, inclusive")
        }
        return number
    }

    private static func partMarker(_ query: QueryItems) throws(S3Error) -> Int {
        guard let text = query["part-number-marker"], !text.isEmpty else { return 0 }
        guard let number = Int(text), number >= 0 else {
            throw .invalidArgument("Provided part-number-marker not an integer or within integer range")
        }
        return number
    }
}

extension HTTPField.Name {
    static let copySourceRange = Self(known: "x-amz-copy-source-range")
    static let objectSize = Self(known: "x-amz-mp-object-size")
}
