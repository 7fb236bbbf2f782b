public import Crypto

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// The signatures of an `aws-chunked` body, each of which covers the one before it, the first the request's own.
struct ChunkSignatures: Sendable {
    private static let emptyHash = PayloadHash.empty.header

    let key: SigningKey
    let timestamp: String
    var previous: String

    func chunk(_ digest: SHA256Digest) -> String {
        """
        AWS4-HMAC-SHA256-PAYLOAD
        \(timestamp)
        \(key.scope)
        \(previous)
        \(Self.emptyHash)
        \(Hex.encode(digest))
        """
    }

    func trailer(_ fields: [(name: String, value: String)]) -> String {
        var hash = SHA256()
        for (name, value) in fields { hash.update(data: Array("\(name):\(value)\n".utf8)) }
        return """
            AWS4-HMAC-SHA256-TRAILER
            \(timestamp)
            \(key.scope)
            \(previous)
            \(Hex.encode(hash.finalize()))
            """
    }
}

/// Signs the chunks of a body and its trailer, in order.
public struct ChunkSigner: Sendable {
    private var signatures: ChunkSignatures

    /// - Parameters:
    ///   - seed: The request's own signature.
    ///   - timestamp: The request's `x-amz-date`.
    public init(seed: String, timestamp: String, key: SigningKey) {
        signatures = ChunkSignatures(key: key, timestamp: timestamp, previous: seed)
    }

    /// The signature of the next chunk: 64 lower-case hexadecimal digits. The last chunk is empty.
    public mutating func sign(_ chunk: some DataProtocol) -> String {
        sign(SHA256.hash(data: chunk))
    }

    /// The signature of the next chunk, given its hash.
    public mutating func sign(_ digest: SHA256Digest) -> String {
        signatures.previous = signatures.key.signature(of: signatures.chunk(digest))
        return signatures.previous
    }

    /// The signature of the trailer, after the empty chunk's.
    /// - Parameter fields: Lower-case names and trimmed values, as they are sent, in order.
    public mutating func signTrailer(_ fields: [(name: String, value: String)]) -> String {
        signatures.previous = signatures.key.signature(of: signatures.trailer(fields))
        return signatures.previous
    }
}

/// Verifies the chunks of a body and its trailer, in order, in constant time. After the first that is refused every
/// other one is refused too.
public struct ChunkVerifier: Sendable {
    private var signatures: ChunkSignatures
    private var isBroken = false

    /// - Parameters:
    ///   - seed: The request's own signature, verified.
    ///   - timestamp: The request's date as in its string to sign (`SignatureClaim.timestamp`).
    public init(seed: String, timestamp: String, key: SigningKey) {
        signatures = ChunkSignatures(key: key, timestamp: timestamp, previous: seed)
    }

    public init(claim: SignatureClaim, key: SigningKey) {
        self.init(seed: claim.signature, timestamp: claim.timestamp, key: key)
    }

    /// Throws `.chunkSignatureDoesNotMatch`.
    public mutating func verify(_ signature: String, chunk: some DataProtocol) throws(SigV4Error) {
        try verify(signature, digest: SHA256.hash(data: chunk))
    }

    /// Throws `.chunkSignatureDoesNotMatch`.
    public mutating func verify(_ signature: String, digest: SHA256Digest) throws(SigV4Error) {
        try verify(signature, of: signatures.chunk(digest))
    }

    /// Throws `.chunkSignatureDoesNotMatch`.
    /// - Parameter fields: Lower-case names and trimmed values, as they were sent, in order, without
    ///   `x-amz-trailer-signature`.
    public mutating func verifyTrailer(
        _ signature: String, fields: [(name: String, value: String)]
    ) throws(SigV4Error) {
        try verify(signature, of: signatures.trailer(fields))
    }

    private mutating func verify(_ signature: String, of stringToSign: String) throws(SigV4Error) {
        guard !isBroken, signatures.key.isSignature(signature, of: stringToSign) else {
            isBroken = true
            throw .chunkSignatureDoesNotMatch
        }
        signatures.previous = signature
    }
}
