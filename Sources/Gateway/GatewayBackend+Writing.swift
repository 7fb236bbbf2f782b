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

extension GatewayBackend: S3ObjectWriter {
    public func putObject(
        _ object: S3ObjectName, _ new: S3NewObject, _ upload: S3Upload, _ call: S3Call<GatewayCaller>
    ) async throws -> S3ObjectInfo {
        let decided = try await decide(object, for: .writeObject, call)
        try HTTPFields.check(new.access)
        var request = S3ObjectRequest(
            operation: "s3:PutObject", method: .put, bucket: decided.bucket, key: decided.key,
            headerFields: new.headers)
        request.headerFields.set(new.tags)
        request.headerFields.set(new.conditions)
        request.headerFields.set(upload.claim)
        request.body = try await upload.heldBack()
        let response = try await send(request, to: decided.dataSource, key: object.key)
        try await record([AuditedKey(object.key, .succeeded)], .writeObject, call)
        let fields = response.headerFields
        return S3ObjectInfo(
            size: upload.length ?? 0, etag: fields.etag ?? "", modifiedAt: call.now, headers: new.headers,
            versionID: fields.versionID, checksum: S3Checksum(fields))
    }

    /// By upstream itself within one integration; through the gateway from one to another, as neither's credentials need
    /// reach the other's data.
    public func copyObject(
        _ copy: S3Copy, to object: S3ObjectName, _ call: S3Call<GatewayCaller>
    ) async throws -> S3ObjectInfo {
        let target = try await decide(object, for: .writeObject, call)
        let source = try await decide(copy.source, for: .readObject, call)
        try HTTPFields.check(copy.access)
        let info =
            source.dataSource.connection == target.dataSource.connection
            ? try await copied(copy, from: source, to: target, object, call)
            : try await carried(copy, from: source, to: target, object, call)
        try await record([AuditedKey(copy.source.key, .succeeded)], .readObject, call)
        try await record([AuditedKey(object.key, .succeeded)], .writeObject, call)
        return info
    }

    private func copied(
        _ copy: S3Copy, from source: GatewayObject, to target: GatewayObject, _ object: S3ObjectName, _ call: Call
    ) async throws -> S3ObjectInfo {
        var request = S3ObjectRequest(
            operation: "s3:PutObject", method: .put, bucket: target.bucket, key: target.key,
            headerFields: copy.headers ?? [:])
        request.headerFields[.copySource] = source.copySource(versionID: copy.source.versionID)
        request.headerFields[.metadataDirective] = copy.headers == nil ? "COPY" : "REPLACE"
        if let tags = copy.tags {
            request.headerFields[.taggingDirective] = "REPLACE"
            request.headerFields.set(tags)
        }
        request.headerFields[.checksumAlgorithm] = copy.checksum?.rawValue
        request.headerFields.set(copy.sourceConditions, prefix: "x-amz-copy-source-")
        request.headerFields.set(copy.conditions)
        let answer = try await document(request, from: target.dataSource, key: copy.source.key)
        return S3ObjectInfo(
            size: 0, etag: answer.root["ETag"]?.unquoted ?? "",
            modifiedAt: answer.root.date("LastModified") ?? call.now, versionID: answer.headerFields.versionID,
            checksum: S3Checksum(answer.root))
    }

    private func carried(
        _ copy: S3Copy, from source: GatewayObject, to target: GatewayObject, _ object: S3ObjectName, _ call: Call
    ) async throws -> S3ObjectInfo {
        var get = S3ObjectRequest(operation: "s3:GetObject", method: .get, bucket: source.bucket, key: source.key)
        if let version = copy.source.versionID { get.query = [QueryParameter(name: "versionId", value: version)] }
        get.headerFields.set(copy.sourceConditions)
        let response = try await read(get, from: source, key: copy.source.key)
        let part = try S3ObjectPart(response, now: call.now)
        var put = S3ObjectRequest(
            operation: "s3:PutObject", method: .put, bucket: target.bucket, key: target.key,
            headerFields: copy.headers ?? part.info.headers)
        put.headerFields.set(copy.tags ?? [])
        put.headerFields.set(copy.conditions)
        put.headerFields[.checksumAlgorithm] = nil
        put.body = part.info.size == 0 ? .bytes([]) : .stream(length: part.info.size) { response.body.iterator() }
        let answer = try await send(put, to: target.dataSource, key: object.key).headerFields
        return S3ObjectInfo(
            size: part.info.size, etag: answer.etag ?? "", modifiedAt: call.now, versionID: answer.versionID,
            checksum: S3Checksum(answer))
    }

    /// A condition on a copy's source never answers 304.
    private func read(
        _ request: S3ObjectRequest, from source: GatewayObject, key: String
    ) async throws -> S3ObjectResponse {
        do {
            return try await send(request, to: source.dataSource, key: key)
        } catch let error as S3Error {
            throw error.status == 304 ? .preconditionFailed("x-amz-copy-source-If-None-Match") : error
        }
    }
}

extension GatewayObject {
    func copySource(versionID: String?) -> String {
        "\(bucket)/\(URIEncoding.encode(key, keepingSlash: true))"
            + (versionID.map { "?versionId=\(URIEncoding.encode($0))" } ?? "")
    }
}

extension ObjectDownload {
    fileprivate func iterator() -> any AsyncIteratorProtocol<Element, any Error> { Pass(base: makeAsyncIterator()) }

    private struct Pass: AsyncIteratorProtocol {
        var base: ObjectDownload.AsyncIterator

        mutating func next() async throws -> Element? { try await base.next() }
    }
}

extension HTTPFields {
    /// A checksum the client sent before its bytes: upstream checks it too, and keeps it. One in the trailer is checked
    /// here only.
    mutating func set(_ claim: (algorithm: S3ChecksumAlgorithm, value: String?)?) {
        guard let claim, let value = claim.value else { return }
        self[.upstream(claim.algorithm.header)] = value
    }
}
