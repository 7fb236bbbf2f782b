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
        try await request.set(upload)
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
        let response = try await read(copy.source, copy.sourceConditions, of: source)
        let part = try S3ObjectPart(response, now: call.now)
        try S3Error.checkCopySource(size: part.info.size)
        var put = S3ObjectRequest(
            operation: "s3:PutObject", method: .put, bucket: target.bucket, key: target.key,
            headerFields: copy.headers ?? part.info.headers)
        put.headerFields.set(copy.tags ?? [])
        put.headerFields.set(copy.conditions)
        put.set(response.body, length: part.info.size, copy.checksum)
        let answer = try await send(put, to: target.dataSource, key: object.key).headerFields
        return S3ObjectInfo(
            size: part.info.size, etag: answer.etag ?? "", modifiedAt: call.now, versionID: answer.versionID,
            checksum: S3Checksum(answer))
    }

    /// What is to be carried elsewhere. A condition on a copy's source never answers 304.
    func read(
        _ name: S3ObjectName, _ conditions: S3Conditions, of source: GatewayObject, _ range: Range<Int>? = nil
    ) async throws -> S3ObjectResponse {
        var request = S3ObjectRequest(operation: "s3:GetObject", method: .get, bucket: source.bucket, key: source.key)
        if let version = name.versionID { request.query = [QueryParameter(name: "versionId", value: version)] }
        request.headerFields.set(conditions)
        request.headerFields[.range] = range.map { S3ByteRange($0).description }
        do {
            return try await send(request, to: source.dataSource, key: name.key)
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
