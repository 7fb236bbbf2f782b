import HTTPTypes
import SigV4
import Transport
import XML

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// S3 Access Grants of one account in one region.
///
/// A call before the account has an instance fails with `AccessGrantsInstanceNotExistsError` (404). None of the creates
/// takes a token: after a lost answer (`AWSError.mayHaveSucceeded`) or a 409, list and compare.
public struct S3ControlClient: Sendable {
    public let account: String
    public let region: String
    private let runtime: AWSRuntime
    private let credentials: any AWSCredentialsProvider

    static let instancePath = "/v20180820/accessgrantsinstance"
    static let namespace = "http://awss3control.amazonaws.com/doc/2018-08-20/"

    public init(_ runtime: AWSRuntime, credentials: any AWSCredentialsProvider, region: String, account: String) {
        self.runtime = runtime
        self.credentials = credentials
        self.region = region
        self.account = account
    }

    func call<Output: Sendable>(
        _ operation: String, _ path: String, method: HTTPRequest.Method = .get,
        query: [(String, String?)] = [], body: [UInt8] = [], _ deadline: ContinuousClock.Instant?,
        _ decode: @escaping @Sendable (XMLElement) throws -> Output
    ) async throws(AWSError) -> Output {
        try await send(operation, method, path, query, body, deadline) {
            try decode(try XMLReader.read($0.body, limits: Self.limits))
        }
    }

    /// The same, with the request's id.
    func reply<Output: Sendable>(
        _ operation: String, _ path: String, method: HTTPRequest.Method, body: [UInt8],
        _ deadline: ContinuousClock.Instant?, _ decode: @escaping @Sendable (XMLElement) throws -> Output
    ) async throws(AWSError) -> AWSReply<Output> {
        try await send(operation, method, path, [], body, deadline) {
            AWSReply(
                try decode(try XMLReader.read($0.body, limits: Self.limits)),
                requestID: $0.headerFields[.amzRequestID])
        }
    }

    /// For operations whose answer has no body.
    @discardableResult
    func callWithoutAnswer(
        _ operation: String, _ path: String, method: HTTPRequest.Method, _ deadline: ContinuousClock.Instant?
    ) async throws(AWSError) -> AWSReply<Void> {
        try await send(operation, method, path, [], [], deadline) {
            AWSReply((), requestID: $0.headerFields[.amzRequestID])
        }
    }

    private func send<Output: Sendable>(
        _ operation: String, _ method: HTTPRequest.Method, _ path: String, _ query: [(String, String?)],
        _ body: [UInt8], _ deadline: ContinuousClock.Instant?,
        _ decode: @escaping @Sendable (DocumentResponse) throws -> Output
    ) async throws(AWSError) -> Output {
        let endpoint = try runtime.endpoints.s3ControlEndpoint(region: region, account: account, operation: operation)
        var fields: HTTPFields = [.amzAccountID: account]
        if method == .post || method == .put {
            fields[.contentType] = "application/xml"
            fields[.amzChecksumCRC32] = CRC32.base64(body)
        }
        let call = AWSCall(
            operation: operation, service: .s3Control, endpoint: endpoint, method: method, path: path,
            query: query.compactMap { name, value in value.map { QueryParameter(name: name, value: $0) } },
            headerFields: fields, body: body, decode: decode)
        return try await runtime.run(call, credentials: credentials, deadline: deadline)
    }

    /// A page of 1,000 grants is under one megabyte, but every grant may have an ARN and scope of 2,000 characters.
    private static let limits = XMLLimits(bytes: 8 << 20)
}

enum CRC32 {
    /// The checksum of ISO 3309 as `x-amz-checksum-crc32` carries it: big-endian, Base64.
    static func base64(_ bytes: [UInt8]) -> String {
        var crc: UInt32 = .max
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
        }
        crc = ~crc
        return Data([24, 16, 8, 0].map { UInt8(truncatingIfNeeded: crc >> $0) }).base64EncodedString()
    }
}
