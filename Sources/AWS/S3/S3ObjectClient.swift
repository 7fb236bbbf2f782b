public import HTTPTypes
public import SigV4
import Synchronization
public import Transport
public import XML

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// S3's objects and what is said of them, as streams: signed, sent once, and sent again only to the region where S3 says
/// that the bucket is, or when a request that changes nothing got no answer.
public struct S3ObjectClient: Sendable {
    private let runtime: AWSRuntime
    private let objects: any ObjectTransport
    private let regions = BucketRegions()
    private let keys = SigningKeys()

    public init(_ runtime: AWSRuntime, objects: any ObjectTransport) {
        self.runtime = runtime
        self.objects = objects
    }

    /// - Parameter region: Where the bucket is taken to be until S3 says otherwise.
    /// - Throws: `AWSError` for every answer but a success, 304 included; what the body threw.
    public func send(
        _ request: S3ObjectRequest, credentials: any AWSCredentialsProvider, region: String
    ) async throws -> S3ObjectResponse {
        var region = regions[request.bucket] ?? region
        if case .stream = request.body, runtime.endpoints.s3 == nil, regions[request.bucket] == nil {
            region = await findRegion(request, credentials, region)
        }
        do {
            return try await attempts(request, credentials, region)
        } catch let error as AWSError where S3Client.isRedirect(error) {
            guard let there = error.bucketRegion, there != region else { throw error }
            regions[request.bucket] = there
            // A stream is there once.
            if case .stream = request.body { throw error }
            return try await attempts(request, credentials, there)
        }
    }

    /// The answer as a document.
    /// - Throws: also an `AWSError` for a success that holds an error (as a long copy's may), or cannot be read.
    public func document(
        _ request: S3ObjectRequest, credentials: any AWSCredentialsProvider, region: String
    ) async throws -> (document: XMLElement, headerFields: HTTPFields) {
        let response = try await send(request, credentials: credentials, region: region)
        do {
            // S3 sends white space while it works.
            let bytes = try await response.body.collect(upTo: Self.limits.bytes).drop { $0 <= 0x20 }
            // A long document takes longer than a connection's event loop may be held up.
            let root = try await withTaskExecutorPreference(bytes.count > 32 << 10 ? globalConcurrentExecutor : nil) {
                try XMLReader.read(Array(bytes), limits: Self.limits)
            }
            guard root.name != "Error" else {
                let error = DocumentResponse(
                    status: .internalServerError, headerFields: response.headerFields, body: Array(bytes))
                throw ServiceErrorReader.read(error, operation: request.operation)
            }
            return (root, response.headerFields)
        } catch let error as TransportError {
            throw AWSError.transport(error, request.operation)
        } catch let error as XMLError {
            throw AWSError(
                kind: .decoding, operation: request.operation, code: "MalformedResponse", message: "\(error)",
                httpStatus: response.status.code, mayHaveSucceeded: true)
        }
    }

    /// Asked before a body is sent, which can be sent only once.
    private func findRegion(
        _ request: S3ObjectRequest, _ credentials: any AWSCredentialsProvider, _ region: String
    ) async -> String {
        var head = S3ObjectRequest(operation: "s3:ListBucket", method: .head, bucket: request.bucket)
        head.timeout = runtime.attemptTimeout
        var found: String?
        do {
            found = try await attempts(head, credentials, region).headerFields[.amzBucketRegion]
        } catch {
            // Refused or redirected, S3 tells all the same; otherwise the request itself will meet the problem.
            found = (error as? AWSError)?.bucketRegion
        }
        guard let found else { return region }
        regions[request.bucket] = found
        return found
    }

    private func attempts(
        _ request: S3ObjectRequest, _ credentials: any AWSCredentialsProvider, _ region: String
    ) async throws -> S3ObjectResponse {
        var number = 1
        while true {
            do {
                return try await attempt(request, credentials, region)
            } catch let error as TransportError {
                let isHarmless = request.method == .get || request.method == .head || !error.mayHaveReachedServer
                var isStream = false
                if case .stream = request.body { isStream = true }
                guard isHarmless, !isStream, number < runtime.retry.maxAttempts, !Task.isCancelled else {
                    var failure = AWSError.transport(error, request.operation)
                    failure.attempts = number
                    throw failure
                }
                number += 1
            }
        }
    }

    private func attempt(
        _ request: S3ObjectRequest, _ credentials: any AWSCredentialsProvider, _ region: String
    ) async throws -> S3ObjectResponse {
        let deadline = time.instant().advanced(by: runtime.attemptTimeout)
        let signing = try await credentials.credentials(deadline: deadline)
        let endpoint = try runtime.endpoints.s3Endpoint(
            region: region, bucket: request.bucket, operation: request.operation)
        let (body, payload, headerFields) = request.encodedBody
        let call = AWSCall(
            operation: request.operation, service: .s3, endpoint: endpoint, method: request.method,
            path: request.path(under: endpoint), query: request.query, headerFields: headerFields
        ) { $0 }
        let signer = Signer(credentials: signing, region: endpoint.signingRegion, service: "s3")
        let now = time.now().addingTimeInterval(runtime.skew.offset)
        let signed = keys.withKey(
            accessKeyID: signing.accessKeyID, secret: signing.secretAccessKey,
            scope: CredentialScope(date: now, region: endpoint.signingRegion, service: "s3")
        ) { signer.sign(call.request, payload: payload, at: now, key: $0) }
        let response = try await objects.send(
            ObjectRequest(signed, body: body, timeout: request.timeout))
        guard (200..<300).contains(response.status.code) else {
            let body = request.method == .head ? [] : try await response.body.collect(upTo: Self.largestError)
            throw ServiceErrorReader.read(
                DocumentResponse(status: response.status, headerFields: response.headerFields, body: body),
                operation: request.operation)
        }
        return S3ObjectResponse(
            status: response.status, headerFields: response.headerFields, body: response.body)
    }

    private var time: AWSTime { runtime.time }

    private static let largestError = 64 << 10
    /// A page of 1,000 keys of 1,024 bytes, encoded threefold, is under 4 MiB; 10,000 parts are under 4 MiB too.
    private static let limits = XMLLimits(bytes: 8 << 20, elements: 200_000)
}

/// An operation on a bucket or an object.
public struct S3ObjectRequest: Sendable {
    /// The IAM action.
    public var operation: String
    public var method: HTTPRequest.Method
    public var bucket: String
    /// nil for operations on the bucket; never empty.
    public var key: String?
    /// Decoded.
    public var query: [QueryParameter]
    public var headerFields: HTTPFields
    public var body: ObjectUpload
    /// What follows a streamed body.
    public var trailer: S3Trailer?
    /// The longest until the answer's header may take; nil: as long as bytes move.
    public var timeout: Duration?

    public init(
        operation: String, method: HTTPRequest.Method, bucket: String, key: String? = nil,
        query: [QueryParameter] = [], headerFields: HTTPFields = [:], body: ObjectUpload = .none,
        timeout: Duration? = nil
    ) {
        self.operation = operation
        self.method = method
        self.bucket = bucket
        self.key = key
        self.query = query
        self.headerFields = headerFields
        self.body = body
        self.timeout = timeout
    }

    fileprivate func path(under endpoint: ServiceEndpoint) -> String {
        guard let key else { return endpoint.basePath.isEmpty ? "/" : "" }
        return "/" + URIEncoding.encode(key, keepingSlash: true)
    }

    /// The body as it goes over the wire, what the signature says of it, and the header fields with those that tell of it.
    /// A stream's hash is not known before it is sent.
    fileprivate var encodedBody: (ObjectUpload, PayloadHash, HTTPFields) {
        switch body {
        case .none: return (body, .empty, headerFields)
        case .bytes(let bytes): return (body, .body(bytes), headerFields)
        case .stream(let length, let make):
            guard let trailer else { return (body, .unsigned, headerFields) }
            let upload = AWSChunkedUpload(decodedLength: length, trailer: trailer, make: make)
            var fields = headerFields
            fields[.contentEncoding] = fields[.contentEncoding].map { "\($0),aws-chunked" } ?? "aws-chunked"
            fields[.decodedContentLength] = String(length)
            fields[.amzTrailer] = trailer.name
            return (upload.body, .streaming(.unsignedTrailer), fields)
        }
    }
}

public struct S3ObjectResponse: Sendable {
    public var status: HTTPResponse.Status
    public var headerFields: HTTPFields
    public var body: ObjectDownload
}

/// Where buckets are, as far as S3 told.
private final class BucketRegions: Sendable {
    private let known = Mutex<[String: String]>([:])
    /// At the limit all are forgotten, which costs a redirect each.
    private static let limit = 10_000

    subscript(bucket: String) -> String? {
        get { known.withLock { $0[bucket] } }
        set {
            known.withLock { known in
                if known.count >= Self.limit { known = [:] }
                known[bucket] = newValue
            }
        }
    }
}

extension XMLElement {
    /// The text of a child in a listing with `encoding-type=url`, decoded; nil when it is missing or badly encoded.
    public func decoded(_ name: String) -> String? {
        self[name].flatMap { URIEncoding.decode($0, plusIsSpace: true) }
    }

    /// A time in ISO 8601.
    public func date(_ name: String) -> Date? { self[name].flatMap { try? ISO8601.parse($0) } }
}

extension HTTPField.Name {
    fileprivate static let amzTrailer = Self(known: "x-amz-trailer")
    fileprivate static let decodedContentLength = Self(known: "x-amz-decoded-content-length")
}
