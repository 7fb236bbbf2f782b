#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

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

    var initial: UInt64 { mask }

    func update(_ value: UInt64, _ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var value = value
        for index in bytes.indices {
            value = table[Int((value ^ UInt64(unsafe bytes[index])) & 0xFF)] ^ value >> 8
        }
        return value
    }

    func final(_ value: UInt64) -> UInt64 { value ^ mask }

    /// Base64 of the last `bytes` bytes, big-endian.
    static func base64(_ value: UInt64, bytes: Int) -> String {
        Data((0..<bytes).reversed().map { UInt8(truncatingIfNeeded: value >> (UInt64($0) * 8)) }).base64EncodedString()
    }
}
