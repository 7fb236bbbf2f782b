public import HTTPTypes
import SigV4
import XML

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A request to S3 whose signature was verified and whose body was decoded.
public struct S3Request: Sendable {
    public var route: S3Route
    public var query: QueryItems
    public var headers: HTTPFields
    public var body: [UInt8]

    public init(route: S3Route, query: QueryItems, headers: HTTPFields, body: [UInt8]) {
        self.route = route
        self.query = query
        self.headers = headers
        self.body = body
    }
}

/// An answer of S3, without request ids and `Date`.
public struct S3Response: Sendable, Equatable {
    public var status: Int
    public var headers: HTTPFields
    public var body: [UInt8]
    /// The `Content-Length` of an answer to HEAD, which has no body.
    public var contentLength: Int?

    public init(status: Int = 200, headers: HTTPFields = [:], body: [UInt8] = [], contentLength: Int? = nil) {
        self.status = status
        self.headers = headers
        self.body = body
        self.contentLength = contentLength
    }

    public static func xml(_ body: [UInt8]) -> S3Response {
        S3Response(headers: [.contentType: "application/xml"], body: body)
    }
}

/// Speaks the S3 protocol for a backend: reads parameters and documents, calls the capability, renders the answer.
public struct S3Server<Identity: Sendable>: Sendable {
    private let backend: any S3Backend<Identity>

    /// Objects of one DeleteObjects request, as S3 has it.
    private static var mostDeletes: Int { 1_000 }

    public init(backend: any S3Backend<Identity>) {
        self.backend = backend
    }

    /// - Throws: `S3Error`, or what the backend throws.
    public func respond(to request: S3Request, _ call: S3Call<Identity>) async throws -> S3Response {
        switch request.route.operation {
        case .listBuckets, .createBucket, .headBucket, .deleteBucket, .getBucketLocation:
            try await respond(to: request, call, buckets: capability())
        case .listObjects:
            try await listObjects(request, call, capability())
        case .listObjectsV2:
            try await listObjectsV2(request, call, capability())
        case .getObject, .headObject:
            try await read(request, call, capability())
        case .putObject, .copyObject, .deleteObject, .deleteObjects:
            try await write(request, call, capability())
        }
    }

    private func capability() throws -> any S3BucketStore<Identity> {
        guard let capable = backend as? any S3BucketStore<Identity> else { throw S3Error.notImplemented }
        return capable
    }

    private func capability() throws -> any S3ObjectLister<Identity> {
        guard let capable = backend as? any S3ObjectLister<Identity> else { throw S3Error.notImplemented }
        return capable
    }

    private func capability() throws -> any S3ObjectReader<Identity> {
        guard let capable = backend as? any S3ObjectReader<Identity> else { throw S3Error.notImplemented }
        return capable
    }

    private func capability() throws -> any S3ObjectWriter<Identity> {
        guard let capable = backend as? any S3ObjectWriter<Identity> else { throw S3Error.notImplemented }
        return capable
    }
}

// MARK: Buckets

extension S3Server {
    private func respond(
        to request: S3Request, _ call: S3Call<Identity>, buckets: any S3BucketStore<Identity>
    ) async throws -> S3Response {
        let name = request.route.bucket
        switch request.route.operation {
        case .listBuckets:
            return .xml(S3Document.buckets(try await buckets.listBuckets(call)))
        case .createBucket:
            let region = try Self.locationConstraint(request.body) ?? call.region
            try await buckets.createBucket(name, region: region, call)
            return S3Response(headers: [.location: "/\(name)"])
        case .headBucket:
            let region = try await buckets.headBucket(name, call)
            return S3Response(headers: [.bucketRegion: region])
        case .deleteBucket:
            try await buckets.deleteBucket(name, call)
            return S3Response(status: 204)
        case .getBucketLocation:
            return .xml(S3Document.location(try await buckets.bucketLocation(name, call)))
        case .listObjects, .listObjectsV2, .deleteObjects, .putObject, .copyObject, .getObject, .headObject,
            .deleteObject:
            throw S3Error.notImplemented
        }
    }

    private static func locationConstraint(_ body: [UInt8]) throws(S3Error) -> String? {
        guard !body.isEmpty else { return nil }
        guard let document = try? XMLReader.read(body), document.name == "CreateBucketConfiguration" else {
            throw .malformedXML
        }
        guard let region = document["LocationConstraint"], !region.isEmpty else { return nil }
        return region == "EU" ? "eu-west-1" : region
    }
}

// MARK: Listings

extension S3Server {
    private func listObjectsV2(
        _ request: S3Request, _ call: S3Call<Identity>, _ lister: any S3ObjectLister<Identity>
    ) async throws -> S3Response {
        var listing = try Self.listing(request)
        listing.after = request.query["start-after"] ?? ""
        if let token = request.query["continuation-token"] {
            guard let bytes = Data(base64Encoded: token), let after = String(validating: bytes, as: UTF8.self) else {
                throw S3Error.invalidArgument("The continuation token provided is incorrect")
            }
            listing.after = after
        }
        let page = try await lister.listObjects(listing, call)
        return .xml(S3Document.listingV2(listing, page, query: request.query))
    }

    private func listObjects(
        _ request: S3Request, _ call: S3Call<Identity>, _ lister: any S3ObjectLister<Identity>
    ) async throws -> S3Response {
        var listing = try Self.listing(request)
        listing.after = request.query["marker"] ?? ""
        let page = try await lister.listObjects(listing, call)
        return .xml(S3Document.listingV1(listing, page, query: request.query))
    }

    private static func listing(_ request: S3Request) throws(S3Error) -> S3Listing {
        let query = request.query
        var limit = 1_000
        if let text = query["max-keys"], !text.isEmpty {
            guard let number = Int(text), number >= 0 else {
                throw .invalidArgument("Provided max-keys not an integer or within integer range")
            }
            limit = min(number, 1_000)
        }
        if let encoding = query["encoding-type"], encoding != "url" {
            throw .invalidArgument("Invalid Encoding Method specified in Request")
        }
        return S3Listing(
            bucket: request.route.bucket, prefix: query["prefix"] ?? "", delimiter: query["delimiter"] ?? "",
            limit: limit)
    }
}

// MARK: Objects

extension S3Server {
    private func read(
        _ request: S3Request, _ call: S3Call<Identity>, _ reader: any S3ObjectReader<Identity>
    ) async throws -> S3Response {
        let object = S3ObjectName(bucket: request.route.bucket, key: request.route.key)
        let range = request.headers[.range].flatMap(S3ByteRange.init)
        if request.route.operation == .headObject {
            let info = try await reader.headObject(object, call)
            let positions = try range?.resolved(size: info.size)
            return Self.response(info, range: positions, bytes: [])
        }
        let content = try await reader.getObject(object, range: range, call)
        return Self.response(content.info, range: content.range, bytes: content.bytes)
    }

    private static func response(_ info: S3ObjectInfo, range: Range<Int>?, bytes: [UInt8]) -> S3Response {
        var headers = info.headers
        headers[.eTag] = "\"\(info.etag)\""
        headers[.lastModified] = HTTPDate.format(info.modifiedAt)
        headers[.acceptRanges] = "bytes"
        if let range {
            headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(info.size)"
        }
        return S3Response(
            status: range == nil ? 200 : 206, headers: headers, body: bytes,
            contentLength: range?.count ?? info.size)
    }

    private func write(
        _ request: S3Request, _ call: S3Call<Identity>, _ writer: any S3ObjectWriter<Identity>
    ) async throws -> S3Response {
        let object = S3ObjectName(bucket: request.route.bucket, key: request.route.key)
        switch request.route.operation {
        case .putObject:
            let headers = Self.keptHeaders(request.headers)
            let info = try await writer.putObject(object, content: request.body, headers: headers, call)
            return S3Response(headers: [.eTag: "\"\(info.etag)\""])
        case .copyObject:
            let replaces = request.headers[.metadataDirective] == "REPLACE"
            let info = try await writer.copyObject(
                Self.copySource(request.headers), to: object,
                headers: replaces ? Self.keptHeaders(request.headers) : nil, call)
            return .xml(S3Document.copy(info))
        case .deleteObjects:
            return try await deleteObjects(request, call, writer)
        case .deleteObject:
            try await writer.deleteObject(object, call)
            return S3Response(status: 204)
        case .listBuckets, .createBucket, .headBucket, .deleteBucket, .getBucketLocation, .listObjects,
            .listObjectsV2, .getObject, .headObject:
            throw S3Error.notImplemented
        }
    }

    private func deleteObjects(
        _ request: S3Request, _ call: S3Call<Identity>, _ writer: any S3ObjectWriter<Identity>
    ) async throws -> S3Response {
        guard let document = try? XMLReader.read(request.body), document.name == "Delete" else {
            throw S3Error.malformedXML
        }
        let keys = document.children("Object").compactMap { $0["Key"] }
        guard (1...Self.mostDeletes).contains(keys.count), keys.count == document.children("Object").count else {
            throw S3Error.malformedXML
        }
        var failures: [(key: String, error: S3Error)] = []
        var deleted: [String] = []
        for key in keys {
            do {
                try await writer.deleteObject(S3ObjectName(bucket: request.route.bucket, key: key), call)
                deleted.append(key)
            } catch let error as S3Error where error.code == "AccessDenied" {
                failures.append((key, error))
            }
        }
        let shown = document["Quiet"] == "true" ? [] : deleted
        return .xml(S3Document.deletes(deleted: shown, failures: failures))
    }

    private static func copySource(_ headers: HTTPFields) throws(S3Error) -> S3ObjectName {
        guard let text = headers[.copySource], let path = URIEncoding.decode(text, plusIsSpace: false) else {
            throw .invalidArgument("Copy Source must mention the source bucket and key: sourcebucket/sourcekey")
        }
        let parts = path.drop { $0 == "/" }.split(separator: "/", maxSplits: 1)
        guard parts.count == 2 else {
            throw .invalidArgument("Copy Source must mention the source bucket and key: sourcebucket/sourcekey")
        }
        return S3ObjectName(bucket: String(parts[0]), key: String(parts[1]))
    }

    /// The headers S3 keeps with an object.
    private static func keptHeaders(_ headers: HTTPFields) -> HTTPFields {
        let kept: Set<String> = ["content-type", "cache-control", "content-disposition", "content-language", "expires"]
        var result = HTTPFields()
        for field in headers {
            let name = field.name.canonicalName
            if kept.contains(name) || name.hasPrefix("x-amz-meta-") { result.append(field) }
        }
        let encodings = (headers[.contentEncoding] ?? "").split(separator: ",")
            .map { $0.drop { $0 == " " } }.filter { $0.lowercased() != "aws-chunked" && !$0.isEmpty }
        if !encodings.isEmpty { result[.contentEncoding] = encodings.joined(separator: ",") }
        if result[.contentType] == nil { result[.contentType] = "binary/octet-stream" }
        return result
    }
}
