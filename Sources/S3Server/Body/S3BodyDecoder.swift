import Crypto
public import HTTPTypes
public import NIOCore
public import SigV4

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What the bytes of a body amounted to.
public struct S3Digests: Sendable, Equatable {
    public var size: Int
    /// 32 lower-case hexadecimal digits; empty when it was not asked for.
    public var md5: String
    /// By the algorithm the client named, else the default one; nil when neither was asked for.
    public var checksum: S3Checksum?

    /// The checksum as a number, where it is CRC-64/NVME.
    public var crc64: UInt64? {
        guard let checksum, checksum.algorithm == .crc64nvme, let bytes = Data(base64Encoded: checksum.value),
            bytes.count == 8
        else { return nil }
        return bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    public init(size: Int, md5: String, checksum: S3Checksum?) {
        self.size = size
        self.md5 = md5
        self.checksum = checksum
    }
}

/// A request's body as the client meant it: `aws-chunked` is undone, and every hash the client gave is compared: payload
/// hash, chunk signatures, `Content-MD5`, and the `x-amz-checksum-…` of header or trailer.
///
/// Data is given out before all is known of it: whoever takes it undoes everything when a later call throws.
public struct S3BodyDecoder: Sendable {
    /// What is computed of the bytes beside what the client's own hashes need.
    public enum Wanted: Sendable {
        /// For the gateway, which passes bytes and checksums on.
        case claimed
        /// MD5, and CRC-64/NVME when the client named no other: for a store.
        case all
    }

    /// Of the decoded body; nil when the client did not say.
    public let length: Int?
    /// The checksum the client announced; its value is nil when it stands in the trailer.
    public let claim: (algorithm: S3ChecksumAlgorithm, value: String?)?

    private var chunked: AWSChunkedDecoder?
    private var pending: ByteBuffer?
    private var size = 0
    /// The trailer's checksum.
    private let announced: [String]
    private let claimedMD5: String?
    private let claimedSHA256: String?
    private let wanted: Wanted
    // Made when they are first needed: most bodies are none.
    private lazy var md5 = wanted == .all || claimedMD5 != nil ? Insecure.MD5() : nil
    private lazy var sha256 = claimedSHA256 == nil ? nil : SHA256()
    private lazy var hasher = algorithm.map { S3ChecksumHasher($0) }

    /// What a store computes where the client claims nothing.
    var unclaimed = S3ChecksumAlgorithm.crc64nvme
    /// Of the checksum that is computed.
    var algorithm: S3ChecksumAlgorithm? { claim?.algorithm ?? (wanted == .all ? unclaimed : nil) }

    /// - Parameters:
    ///   - payload: what the verified signature says of the body; nil where it says nothing.
    ///   - verifier: of the chunks, for the signed streaming modes.
    /// - Throws: `InvalidDigest`, `InvalidRequest` or `MissingContentLength`.
    public init(
        headers: HTTPFields, payload: PayloadHash?, verifier: ChunkVerifier?, wanted: Wanted = .all
    ) throws(S3Error) {
        let claim = try Self.checksumClaim(headers)
        self.claim = claim
        announced = headers[.amzTrailer].flatMap { S3ChecksumAlgorithm(header: $0) }.map { [$0.header] } ?? []
        claimedMD5 = try Self.claimedMD5(headers)
        if case .streaming(let mode)? = payload {
            chunked = AWSChunkedDecoder(mode: mode, verifier: mode == .unsignedTrailer ? nil : verifier)
            guard let text = headers[.decodedContentLength], let decoded = Int(text), decoded >= 0 else {
                throw .missingContentLength
            }
            length = decoded
        } else {
            length = try Self.contentLength(headers)
        }
        claimedSHA256 = payload?.sha256Digits
        self.wanted = wanted
    }

    /// Gives more of the body as it came.
    public mutating func append(_ buffer: ByteBuffer) {
        if chunked == nil { pending = buffer } else { chunked?.append(buffer) }
    }

    /// The next data; nil when more of the body is needed, or it is at its end.
    public mutating func next() throws(S3Error) -> ByteBuffer? {
        let data: ByteBuffer?
        if chunked == nil { (data, pending) = (pending, nil) } else { data = try chunked?.next() }
        guard let data else { return nil }
        size += data.readableBytes
        if let length, size > length { throw .incompleteBody }
        unsafe data.withUnsafeReadableBytes {
            unsafe md5?.update(bufferPointer: $0)
            unsafe sha256?.update(bufferPointer: $0)
        }
        hasher?.update(data)
        return data
    }

    /// To be called at the end of the body, when `next` has returned nil.
    /// - Throws: `IncompleteBody`, `XAmzContentSHA256Mismatch`, `BadDigest`, `InvalidRequest` or
    ///   `SignatureDoesNotMatch`.
    public mutating func finish() throws(S3Error) -> S3Digests {
        try chunked?.finish()
        if let length, size != length { throw .incompleteBody }
        try checkSHA256()
        let md5 = md5.map { Hex.encode($0.finalize()) } ?? ""
        if let claimedMD5, claimedMD5 != md5 {
            throw .badDigest("The Content-MD5 you specified did not match what we received.")
        }
        let checksum = hasher.map { S3Checksum($0.algorithm, $0.value) }
        try compare(checksum)
        return S3Digests(size: size, md5: md5, checksum: checksum)
    }

    private mutating func checkSHA256() throws(S3Error) {
        guard let claimedSHA256, let computed = sha256.map({ Hex.encode($0.finalize()) }), computed != claimedSHA256
        else { return }
        throw S3Error(
            "XAmzContentSHA256Mismatch", 400,
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
            elements: [
                .init("ClientComputedContentSHA256", claimedSHA256), .init("S3ComputedContentSHA256", computed),
            ])
    }

    private func compare(_ computed: S3Checksum?) throws(S3Error) {
        let trailing = chunked?.trailer.filter { S3ChecksumAlgorithm(header: $0.name) != nil } ?? []
        // What was announced must come, and nothing else.
        guard trailing.map(\.name) == announced else { throw .malformedTrailer }
        guard let claim, let computed, let value = claim.value ?? trailing.first?.value else { return }
        try Self.check(value, claim.algorithm)
        guard value == computed.value else {
            throw .badDigest("The \(claim.algorithm.rawValue) you specified did not match the calculated checksum.")
        }
    }
}

// MARK: What the headers claim

extension S3BodyDecoder {
    private static func contentLength(_ headers: HTTPFields) throws(S3Error) -> Int? {
        guard let text = headers[.contentLength] else {
            // Without either there is no body (RFC 9112, section 6.3).
            return headers[.transferEncoding] == nil ? 0 : nil
        }
        guard let length = Int(text), length >= 0 else { throw .invalidRequest("The Content-Length is not valid.") }
        return length
    }

    private static func claimedMD5(_ headers: HTTPFields) throws(S3Error) -> String? {
        guard let text = headers[.contentMD5] else { return nil }
        guard let bytes = Data(base64Encoded: text), bytes.count == 16 else {
            throw S3Error("InvalidDigest", 400, "The Content-MD5 you specified is not valid.")
        }
        return Hex.encode(bytes)
    }

    private static func checksumClaim(
        _ headers: HTTPFields
    ) throws(S3Error) -> (algorithm: S3ChecksumAlgorithm, value: String?)? {
        let named = S3ChecksumAlgorithm.allCases.compactMap { algorithm in
            headers[algorithm.fieldName].map { (algorithm: algorithm, value: $0) }
        }
        guard named.count <= 1 else {
            throw .invalidRequest(
                "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
        }
        var trailing: S3ChecksumAlgorithm?
        if named.isEmpty, let trailer = headers[.amzTrailer] {
            trailing = S3ChecksumAlgorithm(header: trailer)
            guard trailing != nil else {
                throw .invalidRequest("The value specified in the x-amz-trailer header is not supported")
            }
        }
        if let name = headers[.sdkChecksumAlgorithm] { try check(announced: name, named.first?.algorithm ?? trailing) }
        guard let named = named.first else { return trailing.map { ($0, nil) } }
        try check(named.value, named.algorithm)
        return (named.algorithm, named.value)
    }

    /// - Parameter announced: what the client says that the checksum is made with.
    private static func check(announced: String, _ algorithm: S3ChecksumAlgorithm?) throws(S3Error) {
        let known = S3ChecksumAlgorithm(rawValue: announced.uppercased())
        guard let known, algorithm.map({ $0 == known }) ?? true else {
            throw .invalidRequest("Value for x-amz-sdk-checksum-algorithm header is invalid.")
        }
        guard algorithm != nil else {
            throw .invalidRequest(
                "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer "
                    + "headers were found.")
        }
    }

    private static func check(_ value: String, _ algorithm: S3ChecksumAlgorithm) throws(S3Error) {
        guard Data(base64Encoded: value)?.count == algorithm.length else {
            throw .invalidRequest("Value for \(algorithm.header) header is invalid.")
        }
    }
}

extension PayloadHash {
    /// The digest, for the kinds that name one.
    fileprivate var sha256Digits: String? {
        switch self {
        case .sha256Hex(let hex): hex.lowercased()
        case .body, .empty: header
        case .unsigned, .streaming: nil
        }
    }
}

extension S3Error {
    static let malformedTrailer = S3Error(
        "MalformedTrailerError", 400,
        "The request contained trailing data that was not well-formed or did not conform to our published schema.")
    static let missingContentLength = S3Error(
        "MissingContentLength", 411, "You must provide the Content-Length HTTP header.")
}

extension HTTPField.Name {
    static let decodedContentLength = Self(known: "x-amz-decoded-content-length")
    static let contentMD5 = Self(known: "content-md5")
    static let amzTrailer = Self(known: "x-amz-trailer")
    static let sdkChecksumAlgorithm = Self(known: "x-amz-sdk-checksum-algorithm")
}
