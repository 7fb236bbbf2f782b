import AWS
public import Domain
import HTTPTypes
public import S3Server
import SigV4
import Transport

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension GatewayBackend: S3ObjectReader {
    public func headObject(
        _ object: S3ObjectName, _ reading: S3Reading, _ call: S3Call<GatewayCaller>
    ) async throws -> S3ObjectPart {
        let response = try await read(object, .head, reading, call)
        return try S3ObjectPart(response, now: call.now)
    }

    public func getObject(
        _ object: S3ObjectName, _ reading: S3Reading, _ call: S3Call<GatewayCaller>
    ) async throws -> S3ObjectContent {
        let response = try await read(object, .get, reading, call)
        let part = try S3ObjectPart(response, now: call.now)
        let length = part.range?.count ?? part.info.size
        return S3ObjectContent(
            part: part,
            content: S3Content(length: length) { sink in
                // Asked for only when the client has taken what came before; let go of when it has gone away.
                for try await bytes in response.body { try await sink(bytes) }
            })
    }

    private func read(
        _ object: S3ObjectName, _ method: HTTPRequest.Method, _ reading: S3Reading, _ call: Call
    ) async throws -> S3ObjectResponse {
        let decided = try await decide(object, for: .readObject, call)
        var request = S3ObjectRequest(
            operation: "s3:GetObject", method: method, bucket: decided.bucket, key: decided.key)
        if let number = reading.partNumber { request.query.append(.init(name: "partNumber", value: String(number))) }
        if let version = object.versionID { request.query.append(.init(name: "versionId", value: version)) }
        request.headerFields[.range] = reading.range?.description
        request.headerFields.set(reading.conditions)
        if reading.wantsChecksum { request.headerFields[.checksumMode] = "ENABLED" }
        let response = try await send(request, to: decided.dataSource, key: object.key)
        try await record([AuditedKey(object.key, .succeeded)], .readObject, call)
        return response
    }
}
