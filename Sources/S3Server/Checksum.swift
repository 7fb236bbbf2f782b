import Crypto

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The checksums a client may send of an object: `x-amz-checksum-…`, base64 of the big-endian value.
public enum Checksum: String, Sendable, CaseIterable {
    case crc32 = "x-amz-checksum-crc32"
    case crc32c = "x-amz-checksum-crc32c"
    case crc64nvme = "x-amz-checksum-crc64nvme"
    case sha1 = "x-amz-checksum-sha1"
    case sha256 = "x-amz-checksum-sha256"

    /// The checksum of `bytes` as it stands in a header.
    public func value(of bytes: [UInt8]) -> String {
        switch self {
        case .crc32: Self.base64(CRC.crc32.checksum(bytes), bytes: 4)
        case .crc32c: Self.base64(CRC.crc32c.checksum(bytes), bytes: 4)
        case .crc64nvme: Self.base64(CRC.crc64nvme.checksum(bytes), bytes: 8)
        case .sha1: Data(Insecure.SHA1.hash(data: bytes)).base64EncodedString()
        case .sha256: Data(SHA256.hash(data: bytes)).base64EncodedString()
        }
    }

    private static func base64(_ value: UInt64, bytes: Int) -> String {
        Data((0..<bytes).reversed().map { UInt8(truncatingIfNeeded: value >> (UInt64($0) * 8)) }).base64EncodedString()
    }
}

/// A reflected cyclic redundancy check with all bits set before and inverted after, by one table of 256 entries.
struct CRC: Sendable {
    /// IEEE 802.3, as in zlib.
    static let crc32 = CRC(polynomial: 0xEDB8_8320, mask: 0xFFFF_FFFF)
    /// Castagnoli.
    static let crc32c = CRC(polynomial: 0x82F6_3B78, mask: 0xFFFF_FFFF)
    /// NVM Express's.
    static let crc64nvme = CRC(polynomial: 0x9A6C_9329_AC4B_C9B5, mask: .max)

    private let table: [UInt64]
    private let mask: UInt64

    private init(polynomial: UInt64, mask: UInt64) {
        self.mask = mask
        table = (0..<256).map { byte in
            (0..<8).reduce(UInt64(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ polynomial : value >> 1 }
        }
    }

    func checksum(_ bytes: [UInt8]) -> UInt64 {
        var value = mask
        for byte in bytes { value = table[Int((value ^ UInt64(byte)) & 0xFF)] ^ value >> 8 }
        return value ^ mask
    }
}
