import Crypto
import HTTPTypes
public import NIOCore
import SigV4

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The checksums a client may send of an object, by the names of `x-amz-checksum-algorithm`.
public enum S3ChecksumAlgorithm: String, Sendable, CaseIterable {
    case crc32 = "CRC32"
    case crc32c = "CRC32C"
    case crc64nvme = "CRC64NVME"
    case sha1 = "SHA1"
    case sha256 = "SHA256"

    /// `x-amz-checksum-…`.
    public var header: String { "x-amz-checksum-\(rawValue.lowercased())" }
    /// `header`, as a field's name.
    var fieldName: HTTPField.Name {
        switch self {
        case .crc32: .checksumCRC32
        case .crc32c: .checksumCRC32C
        case .crc64nvme: .checksumCRC64NVME
        case .sha1: .checksumSHA1
        case .sha256: .checksumSHA256
        }
    }
    /// `ChecksumCRC32` and its like.
    public var element: String { "Checksum\(rawValue)" }

    /// Of the value, in bytes.
    public var length: Int {
        switch self {
        case .crc32, .crc32c: 4
        case .crc64nvme: 8
        case .sha1: 20
        case .sha256: 32
        }
    }

    /// What the checksum of a multipart upload covers when the client does not say.
    public var defaultType: S3ChecksumType { self == .crc64nvme ? .fullObject : .composite }

    /// - Parameter header: in any case.
    public init?(header: String) {
        let header = header.lowercased()
        guard let algorithm = Self.allCases.first(where: { $0.header == header }) else { return nil }
        self = algorithm
    }
}

extension HTTPField.Name {
    fileprivate static let checksumCRC32 = Self(known: S3ChecksumAlgorithm.crc32.header)
    fileprivate static let checksumCRC32C = Self(known: S3ChecksumAlgorithm.crc32c.header)
    fileprivate static let checksumCRC64NVME = Self(known: S3ChecksumAlgorithm.crc64nvme.header)
    fileprivate static let checksumSHA1 = Self(known: S3ChecksumAlgorithm.sha1.header)
    fileprivate static let checksumSHA256 = Self(known: S3ChecksumAlgorithm.sha256.header)
}

/// Whether the checksum of an object uploaded in parts is of its bytes, or of its parts' checksums.
public enum S3ChecksumType: String, Sendable {
    case fullObject = "FULL_OBJECT"
    case composite = "COMPOSITE"
}

public struct S3Checksum: Sendable, Equatable {
    public var algorithm: S3ChecksumAlgorithm
    /// Base64 of the big-endian value; a composite one ends in `-` and the number of parts.
    public var value: String
    public var type: S3ChecksumType

    public init(_ algorithm: S3ChecksumAlgorithm, _ value: String, type: S3ChecksumType = .fullObject) {
        self.algorithm = algorithm
        self.value = value
        self.type = type
    }

    /// The checksum of `bytes`.
    public init(_ algorithm: S3ChecksumAlgorithm, of bytes: [UInt8]) {
        var hasher = S3ChecksumHasher(algorithm)
        hasher.update(ByteBuffer(bytes: bytes))
        self.init(algorithm, hasher.value)
    }
}

/// Computes a checksum piece by piece.
public struct S3ChecksumHasher: Sendable {
    private enum State: Sendable {
        case cyclic(CRC, UInt64)
        case sha1(Insecure.SHA1)
        case sha256(SHA256)
    }

    public let algorithm: S3ChecksumAlgorithm
    private var state: State

    public init(_ algorithm: S3ChecksumAlgorithm) {
        self.algorithm = algorithm
        state =
            switch algorithm {
            case .crc32: .cyclic(.crc32, CRC.crc32.initial)
            case .crc32c: .cyclic(.crc32c, CRC.crc32c.initial)
            case .crc64nvme: .cyclic(.crc64nvme, CRC.crc64nvme.initial)
            case .sha1: .sha1(Insecure.SHA1())
            case .sha256: .sha256(SHA256())
            }
    }

    public mutating func update(_ buffer: ByteBuffer) {
        switch state {
        case .cyclic(let crc, let value):
            state = .cyclic(crc, unsafe buffer.withUnsafeReadableBytes { unsafe crc.update(value, $0) })
        case .sha1(var hash):
            unsafe buffer.withUnsafeReadableBytes { unsafe hash.update(bufferPointer: $0) }
            state = .sha1(hash)
        case .sha256(var hash):
            unsafe buffer.withUnsafeReadableBytes { unsafe hash.update(bufferPointer: $0) }
            state = .sha256(hash)
        }
    }

    /// Of all bytes so far, base64 as it stands in a header.
    public var value: String {
        switch state {
        case .cyclic(let crc, let value): CRC.base64(crc.final(value), bytes: algorithm.length)
        case .sha1(let hash): Data(hash.finalize()).base64EncodedString()
        case .sha256(let hash): Data(hash.finalize()).base64EncodedString()
        }
    }
}
