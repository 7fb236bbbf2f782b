import AWS
import Crypto
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

/// One of many to be deleted, where it is to be answered.
private struct PlannedDeletion {
    var index: Int
    var deletion: S3Deletion
    var object: GatewayObject
}

extension GatewayBackend {
    public func deleteObjects(
        _ objects: [S3Deletion], in bucket: String, _ call: S3Call<GatewayCaller>
    ) async throws -> [Result<S3Deleted, S3Error>] {
        try check(bucket: bucket, call)
        var results = [Result<S3Deleted, S3Error>](repeating: .failure(.accessDenied()), count: objects.count)
        let planned = try await decide(objects, call)
        let refused = Set(objects.indices).subtracting(planned.map(\.index)).sorted()
        try await record(refused.map { AuditedKey(objects[$0].key, .refused) }, .deleteObject, call)
        if objects.count == 1, planned.isEmpty { throw S3Error.accessDenied() }
        let groups = Dictionary(grouping: planned) { $0.object.dataSource }
        for (dataSource, group) in groups {
            for (one, result) in try await delete(group, from: dataSource) { results[one] = result }
        }
        let done = results.enumerated().filter { (try? $0.element.get()) != nil }.map { objects[$0.offset].key }
        try await record(done.map { AuditedKey($0, .succeeded) }, .deleteObject, call)
        return results
    }

    /// Each data source is asked for once.
    private func decide(_ objects: [S3Deletion], _ call: Call) async throws -> [PlannedDeletion] {
        var known: [String: GatewayDataSource?] = [:]
        var planned: [PlannedDeletion] = []
        for (index, deletion) in objects.enumerated() {
            // Many may be looked up, each on the connection's event loop, which serves others in between.
            if index % 32 == 31 { await Task.yield() }
            let key = GatewayKey(deletion.key)
            let dataSource: GatewayDataSource?
            if let found = known[key.sqlTableName] {
                dataSource = found
            } else {
                dataSource = try await repository.dataSource(key.sqlTableName, for: call.identity.user)
                known[key.sqlTableName] = .some(dataSource)
            }
            guard let object = try? GatewayPolicy.object(key, in: dataSource, for: .write) else { continue }
            planned.append(PlannedDeletion(index: index, deletion: deletion, object: object))
        }
        return planned
    }

    private func delete(
        _ group: [PlannedDeletion], from dataSource: GatewayDataSource
    ) async throws -> [(Int, Result<S3Deleted, S3Error>)] {
        let together = group.count > 1 ? group.filter(\.canBeListed) : []
        var results = together.isEmpty ? [] : try await deleteTogether(together, from: dataSource)
        let listed = Set(together.map(\.index))
        for one in group where !listed.contains(one.index) {
            do {
                results.append((one.index, .success(try await deleteOne(one))))
            } catch let error as S3Error {
                results.append((one.index, .failure(error)))
            }
        }
        return results
    }

    private func deleteOne(_ one: PlannedDeletion) async throws -> S3Deleted {
        var request = S3ObjectRequest(
            operation: "s3:DeleteObject", method: .delete, bucket: one.object.bucket, key: one.object.key)
        if let version = one.deletion.versionID {
            request.query = [QueryParameter(name: "versionId", value: version)]
        }
        request.headerFields.set(one.deletion.conditions)
        let fields = try await send(request, to: one.object.dataSource, key: one.deletion.key).headerFields
        return S3Deleted(
            key: one.deletion.key, versionID: one.deletion.versionID,
            deleteMarker: fields[.deleteMarker] == "true" ? fields.versionID : nil)
    }

    private func deleteTogether(
        _ group: [PlannedDeletion], from dataSource: GatewayDataSource
    ) async throws -> [(Int, Result<S3Deleted, S3Error>)] {
        var writer = XMLWriter()
        writer.element("Delete", namespace: "http://s3.amazonaws.com/doc/2006-03-01/") { writer in
            for one in group {
                writer.element("Object") { writer in
                    writer.element("Key", one.object.key)
                    writer.optional("VersionId", one.deletion.versionID)
                }
            }
        }
        var request = S3ObjectRequest(
            operation: "s3:DeleteObject", method: .post, bucket: dataSource.place.bucket,
            query: [QueryParameter(name: "delete", value: "")], body: .bytes(writer.bytes))
        request.headerFields[.contentMD5] = Data(Insecure.MD5.hash(data: writer.bytes)).base64EncodedString()
        request.headerFields[.contentType] = "application/xml"
        let answer = try await document(request, from: dataSource, key: "")
        return group.map { one in (one.index, one.result(in: answer.root)) }
    }
}

extension PlannedDeletion {
    /// XML cannot carry every key, nor a listed deletion every condition.
    fileprivate var canBeListed: Bool {
        deletion.conditions.isEmpty
            && !object.key.unicodeScalars.contains {
                $0.value < 0x20 || $0.value == 0xFFFE || $0.value == 0xFFFF || (0x7F...0x9F).contains($0.value)
            }
    }

    fileprivate func result(in answer: XMLElement) -> Result<S3Deleted, S3Error> {
        func isThis(_ element: XMLElement) -> Bool {
            (element["Key"] ?? "").utf8.elementsEqual(object.key.utf8)
                && (element["VersionId"] ?? "") == (deletion.versionID ?? "")
        }
        if let element = answer.children("Deleted").first(where: isThis) {
            return .success(
                S3Deleted(
                    key: deletion.key, versionID: deletion.versionID,
                    deleteMarker: element["DeleteMarker"] == "true" ? element["DeleteMarkerVersionId"] : nil))
        }
        guard let element = answer.children("Error").first(where: isThis) else { return .failure(.internalError) }
        let error = AWSError(
            kind: .service, operation: "s3:DeleteObject", code: element["Code"] ?? "InternalError", message: "")
        return .failure(S3Error(upstream: error, key: deletion.key))
    }
}
