import Foundation
import NIOCore
import TestSupport
import Testing

@testable import S3Server

@Suite struct CRCTests {
    /// The check values of the catalogue of parametrised CRC algorithms, RFC 3720 (B.4), and zlib's.
    @Test(arguments: [
        (CRC.crc32, Array("123456789".utf8), 0xCBF4_3926 as UInt64),
        (.crc32c, Array("123456789".utf8), 0xE306_9283),
        (.crc64nvme, Array("123456789".utf8), 0xAE8B_1486_0A79_9888),
        (.crc32c, [UInt8](repeating: 0, count: 32), 0x8A91_36AA),
        (.crc32c, [UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
        (.crc32c, Array(0..<32), 0x46DD_794E),
        (.crc64nvme, [UInt8](repeating: 0, count: 4_096), 0x6482_D367_EB22_B64E),
        (.crc64nvme, [UInt8](repeating: 0xFF, count: 4_096), 0xC0DD_BA73_02EC_A3AC),
        (.crc32, [], 0), (.crc32c, [], 0), (.crc64nvme, [], 0),
    ])
    func `the check of bytes is the published one`(_ crc: CRC, _ bytes: [UInt8], _ expected: UInt64) {
        #expect(crc.checksum(of: [ByteBuffer(bytes: bytes)]) == expected)
    }

    /// As the definition has it, a bit at a time.
    private static func plain(_ polynomial: UInt64, _ mask: UInt64, _ bytes: some Sequence<UInt8>) -> UInt64 {
        bytes.reduce(mask) { value, byte in
            (0..<8).reduce(value ^ UInt64(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ polynomial : value >> 1 }
        } ^ mask
    }

    private static let kinds: [(CRC, UInt64, UInt64)] = [
        (.crc32, 0xEDB8_8320, 0xFFFF_FFFF), (.crc32c, 0x82F6_3B78, 0xFFFF_FFFF),
        (.crc64nvme, 0x9A6C_9329_AC4B_C9B5, .max),
    ]

    @Test(arguments: [1, 7, 8, 9, 6_143, 6_144, 6_145, 12_288 + 17, 20_000])
    func `bytes taken many at a time check as one at a time, wherever they are cut`(_ count: Int) {
        var generator = SeededGenerator(seed: UInt64(count))
        let bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        for (crc, polynomial, mask) in Self.kinds {
            let expected = Self.plain(polynomial, mask, bytes)
            #expect(crc.checksum(of: [ByteBuffer(bytes: bytes)]) == expected)
            for _ in 0..<5 {
                let cut = Int.random(in: 0...count, using: &generator)
                let parts = [ByteBuffer(bytes: bytes[..<cut]), ByteBuffer(bytes: bytes[cut...])]
                #expect(crc.checksum(of: parts) == expected)
                let (first, second) = (crc.checksum(of: parts.prefix(1)), crc.checksum(of: parts.suffix(1)))
                #expect(crc.combined(first, second, count: count - cut) == expected)
            }
        }
    }
}
