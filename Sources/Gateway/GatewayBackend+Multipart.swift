import AWS
public import Domain
import HTTPTypes
public import S3Server
import SigV4
import Transport
import XML

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension GatewayBackend: S3MultipartStore {
    public func createMultipartUpload(
        _ object: S3ObjectName, _ new: S3NewUpload, _ call: S3Call<GatewayCaller>
    ) async throws -> String {
        let decided = try await decide(object, for: .writeObject, call)
        try HTTPFields.check(new.object.access)
        var request = S3ObjectRequest(
            operation: "s3:PutObject", method: .post, bucket: decided.bucket, key: decided.key,
            query: [QueryParameter(name: "uploads", value: "")], headerFields: new.object.headers)
        request.headerFields.set(new.object.tags)
        request.headerFields[.checksumAlgorithm] = new.checksum?.rawValue
        request.headerFields[.checksumType] = new.checksumType?.rawValue
        let answer = try await document(request, from: decided.dataSource, key: object.key)
        guard let id = answer.root["UploadId"], !id.isEmpty else { throw S3Error.internalError }
        return id
    }

    public func uploadPart(
        _ part: S3PartName, _ body: S3Upload, _ call: S3Call<GatewayCaller>
    ) async throws -> S3Part {
        let decided = try await decide(part.upload.object, for: .writeObject, call)
        var request = part.request(decided)
        try await request.set(body)
        let fields = try await send(request, to: decided.dataSource, key: part.upload.object.key).headerFields
        return S3Part(
            number: part.number, size: body.length ?? 0, etag: fields.etag ?? "", modifiedAt: call.now,
            checksum: S3Checksum(fields))
    }

    /// As with whole objects: by upstream itself within one integration, through the gateway from one to another.
    public func uploadPartCopy(
        _ part: S3PartName, from source: S3PartSource, _ call: S3Call<GatewayCaller>
    ) async throws -> S3Part {
        let target = try await decide(part.upload.object, for: .writeObject, call)
        let decided = try await decide(source.object, for: .readObject, call)
        let made =
            decided.dataSource.connection == target.dataSource.connection
            ? try await copied(source, from: decided, to: part, target, call)
            : try await carried(source, from: decided, to: part, target, call)
        try await record([AuditedKey(source.object.key, .succeeded)], .readObject, call)
        return made
    }

    private func copied(
        _ source: S3PartSource, from decided: GatewayObject, to part: S3PartName, _ target: GatewayObject, _ call: Call
    ) async throws -> S3Part {
        var request = part.request(target)
        request.headerFields[.copySource] = decided.copySource(versionID: source.object.versionID)
        if let range = source.range {
            request.headerFields[.copySourceRange] = S3ByteRange(range).description
        }
        request.headerFields.set(source.conditions, prefix: "x-amz-copy-source-")
        let answer = try await document(request, from: target.dataSource, key: source.object.key)
        return S3Part(
            number: part.number, size: source.range?.count ?? 0, etag: answer.root["ETag"]?.unquoted ?? "",
            modifiedAt: answer.root.date("LastModified") ?? call.now, checksum: S3Checksum(answer.root))
    }

    private func carried(
        _ source: S3PartSource, from decided: GatewayObject, to part: S3PartName, _ target: GatewayObject, _ call: Call
    ) async throws -> S3Part {
        let algorithm = try await parts(of: part.upload, target).checksum
        let response = try await read(source.object, source.conditions, of: decided, source.range)
        let found = try S3ObjectPart(response, now: call.now)
        // Of a range that goes beyond the object S3 gives what there is.
        guard found.range == source.range else {
            throw S3Error(
                "InvalidRange", 416, "Range specified is not valid for source object of size: \(found.info.size)")
        }
        let length = found.range?.count ?? found.info.size
        try S3Error.checkCopySource(size: length)
        var request = part.request(target)
        request.set(response.body, length: length, algorithm)
        let fields = try await send(request, to: target.dataSource, key: part.upload.object.key).headerFields
        return S3Part(
            number: part.number, size: length, etag: fields.etag ?? "", modifiedAt: call.now,
            checksum: S3Checksum(fields))
    }

    public func completeMultipartUpload(
        _ upload: S3UploadName, _ completion: S3Completion, _ call: S3Call<GatewayCaller>
    ) async throws -> S3ObjectInfo {
        let decided = try await decide(upload.object, for: .writeObject, call)
        var request = upload.request(decided, .post, "s3:PutObject")
        request.headerFields.set(completion.conditions)
        request.headerFields[.contentType] = "application/xml"
        request.headerFields[.objectSize] = completion.size.map { String($0) }
        if let checksum = completion.checksum {
            request.headerFields[HTTPField.Name(known: checksum.algorithm.header)] = checksum.value
            request.headerFields[.checksumType] = checksum.type.rawValue
        }
        let algorithm = try await completion.algorithm { try await self.parts(of: upload, decided).checksum }
        request.body = .bytes(completion.document(algorithm))
        let answer = try await document(request, from: decided.dataSource, key: upload.object.key)
        try await record([AuditedKey(upload.object.key, .succeeded)], .writeObject, call)
        return S3ObjectInfo(
            size: completion.size ?? 0, etag: answer.root["ETag"]?.unquoted ?? "", modifiedAt: call.now,
            versionID: answer.headerFields.versionID, checksum: S3Checksum(answer.root))
    }

    public func abortMultipartUpload(_ upload: S3UploadName, _ call: S3Call<GatewayCaller>) async throws {
        let decided = try await decide(upload.object, for: .deleteObject, call)
        let request = upload.request(decided, .delete, "s3:AbortMultipartUpload")
        _ = try await send(request, to: decided.dataSource, key: upload.object.key)
    }

    public func listParts(
        _ upload: S3UploadName, after: Int, limit: Int, _ call: S3Call<GatewayCaller>
    ) async throws -> S3PartPage {
        let decided = try await decide(upload.object, for: .writeObject, call)
        return try await parts(of: upload, decided, after: after, limit: limit)
    }

    private func parts(
        of upload: S3UploadName, _ decided: GatewayObject, after: Int = 0, limit: Int = 1
    ) async throws -> S3PartPage {
        var request = upload.request(decided, .get, "s3:ListMultipartUploadParts")
        request.query += [
            QueryParameter(name: "max-parts", value: String(limit)),
            QueryParameter(name: "part-number-marker", value: String(after)),
        ]
        let root = try await document(request, from: decided.dataSource, key: upload.object.key).root
        return S3PartPage(
            initiator: Self.owner, owner: Self.owner,
            checksum: root["ChecksumAlgorithm"].flatMap { S3ChecksumAlgorithm(rawValue: $0) },
            checksumType: root["ChecksumType"].flatMap { S3ChecksumType(rawValue: $0) },
            parts: root.children("Part").map { element in
                S3Part(
                    number: element["PartNumber"].flatMap { Int($0) } ?? 0,
                    size: element["Size"].flatMap { Int($0) } ?? 0, etag: element["ETag"]?.unquoted ?? "",
                    modifiedAt: element.date("LastModified") ?? Date(timeIntervalSince1970: 0),
                    checksum: S3Checksum(element))
            },
            isTruncated: root["IsTruncated"] == "true")
    }

    /// Of one data source: the prefix must name it.
    public func listMultipartUploads(
        _ listing: S3UploadListing, _ call: S3Call<GatewayCaller>
    ) async throws -> S3UploadPage {
        try check(bucket: listing.bucket, call)
        let key = GatewayKey(listing.prefix)
        guard let wanted = key.name else {
            throw S3Error(
                "NotImplemented", 501, "Uploads are listed of one data source: give its name and a slash as prefix.")
        }
        let found = try await repository.dataSource(key.sqlTableName, for: call.identity.user)
        guard let found, found.level == .write, let prefix = found.place.narrowed(wanted) else { return S3UploadPage() }
        var query: [(String, String)] = [
            ("uploads", ""), ("encoding-type", "url"), ("prefix", found.place.folder + prefix),
            ("max-uploads", String(listing.limit)),
        ]
        if !listing.delimiter.isEmpty, prefix.utf8.elementsEqual(wanted.utf8) {
            query.append(("delimiter", listing.delimiter))
        }
        if let after = GatewayKey(listing.afterKey).name, GatewayKey(listing.afterKey).sqlTableName == key.sqlTableName
        {
            query.append(("key-marker", found.place.folder + after))
            if !listing.afterUpload.isEmpty { query.append(("upload-id-marker", listing.afterUpload)) }
        }
        let request = S3ObjectRequest(
            operation: "s3:ListBucketMultipartUploads", method: .get, bucket: found.place.bucket,
            query: query.map { QueryParameter(name: $0.0, value: $0.1) })
        let root = try await document(request, from: found, key: "").root
        return S3UploadPage(root, of: found)
    }
}

extension S3UploadPage {
    fileprivate init(_ root: XMLElement, of dataSource: GatewayDataSource) {
        func key(_ element: XMLElement, _ name: String) -> String? {
            let text = root["EncodingType"] == "url" ? element.decoded(name) : element[name]
            return text.flatMap(dataSource.gatewayKey(of:))
        }
        let uploads = root.children("Upload").compactMap { element in
            key(element, "Key").map { key in
                Upload(
                    key: key, uploadID: element["UploadId"] ?? "",
                    initiatedAt: element.date("Initiated") ?? Date(timeIntervalSince1970: 0),
                    initiator: GatewayBackend.owner, owner: GatewayBackend.owner,
                    checksum: element["ChecksumAlgorithm"].flatMap { S3ChecksumAlgorithm(rawValue: $0) },
                    checksumType: element["ChecksumType"].flatMap { S3ChecksumType(rawValue: $0) })
            }
        }
        self.init(
            uploads: uploads, commonPrefixes: root.children("CommonPrefixes").compactMap { key($0, "Prefix") },
            isTruncated: root["IsTruncated"] == "true")
    }
}

extension S3UploadName {
    fileprivate func request(
        _ decided: GatewayObject, _ method: HTTPRequest.Method, _ operation: String
    ) -> S3ObjectRequest {
        S3ObjectRequest(
            operation: operation, method: method, bucket: decided.bucket, key: decided.key,
            query: [QueryParameter(name: "uploadId", value: uploadID)])
    }
}

extension S3PartName {
    fileprivate func request(_ decided: GatewayObject) -> S3ObjectRequest {
        var request = upload.request(decided, .put, "s3:PutObject")
        request.query.insert(QueryParameter(name: "partNumber", value: String(number)), at: 0)
        return request
    }
}

extension S3Completion {
    /// Which of its checksums the parts are given by; nil when none is given.
    fileprivate func algorithm(
        _ ofUpload: () async throws -> S3ChecksumAlgorithm?
    ) async throws -> S3ChecksumAlgorithm? {
        parts.contains { $0.checksum != nil } ? try await ofUpload() : nil
    }

    fileprivate func document(_ algorithm: S3ChecksumAlgorithm?) -> [UInt8] {
        var writer = XMLWriter()
        writer.element("CompleteMultipartUpload", namespace: "http://s3.amazonaws.com/doc/2006-03-01/") { writer in
            for part in parts {
                writer.element("Part") { writer in
                    writer.element("PartNumber", String(part.number))
                    writer.element("ETag", "\"\(part.etag)\"")
                    if let algorithm { writer.optional(algorithm.element, part.checksum) }
                }
            }
        }
        return writer.bytes
    }
}
