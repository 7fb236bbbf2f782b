public import NIOCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A reflected cyclic redundancy check with all bits set before and inverted after.
///
/// Eight bytes at a time by eight tables, and three stretches of the bytes side by side, because each step waits for the
/// one before it: 3 GB/s and more, where one table a byte gives a tenth of that.
public struct CRC: Sendable {
    /// IEEE 802.3, as in zlib.
    public static let crc32 = CRC(polynomial: 0xEDB8_8320, bits: 32)
    /// Castagnoli.
    public static let crc32c = CRC(polynomial: 0x82F6_3B78, bits: 32)
    /// NVM Express's.
    public static let crc64nvme = CRC(polynomial: 0x9A6C_9329_AC4B_C9B5, bits: 64)

    /// Of the three stretches, in bytes; a multiple of eight.
    private static let stretch = 2_048

    private let polynomial: UInt64
    private let bits: Int
    private let mask: UInt64
    /// Eight of 256: what a byte comes to that has 0 to 7 bytes after it.
    private let tables: [UInt64]
    /// Eight of 256: what each byte of a value comes to after a stretch of zeros.
    private let skips: [UInt64]

    private init(polynomial: UInt64, bits: Int) {
        self.polynomial = polynomial
        self.bits = bits
        mask = .max >> (64 - bits)
        var tables = (0..<256).map { byte in
            (0..<8).reduce(UInt64(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ polynomial : value >> 1 }
        }
        for index in 256..<2_048 {
            let value = tables[index - 256]
            tables.append(tables[Int(value & 0xFF)] ^ value >> 8)
        }
        self.tables = tables
        let field = CRCField(polynomial: polynomial, bits: bits)
        let skip = field.power(bytes: Self.stretch)
        skips = (0..<2_048).map { index in
            let place = 8 * (index / 256)
            return place < bits ? field.product(UInt64(index % 256) << UInt64(place), skip) : 0
        }
    }

    // MARK: Piece by piece

    public var initial: UInt64 { mask }

    public func update(_ value: UInt64, _ buffer: ByteBuffer) -> UInt64 {
        unsafe buffer.withUnsafeReadableBytes { unsafe update(value, $0) }
    }

    func update(_ value: UInt64, _ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var value = value
        var position = 0
        unsafe tables.withUnsafeBufferPointer { tables in
            while bytes.count - position >= 3 * Self.stretch {
                let (first, second, third) = unsafe Self.stretches(value, bytes, position, tables)
                value = skip(skip(first) ^ second) ^ third
                position += 3 * Self.stretch
            }
            while bytes.count - position >= 8 {
                value = unsafe Self.step(value, bytes, position, tables)
                position += 8
            }
            while position < bytes.count {
                value = unsafe tables[Int((value ^ UInt64(bytes[position])) & 0xFF)] ^ value >> 8
                position += 1
            }
        }
        return value
    }

    public func final(_ value: UInt64) -> UInt64 { value ^ mask }

    @inline(__always)
    private static func stretches(
        _ value: UInt64, _ bytes: UnsafeRawBufferPointer, _ position: Int, _ tables: UnsafeBufferPointer<UInt64>
    ) -> (UInt64, UInt64, UInt64) {
        var (first, second, third) = (value, UInt64(0), UInt64(0))
        var position = position
        let end = position + stretch
        while position < end {
            first = unsafe step(first, bytes, position, tables)
            second = unsafe step(second, bytes, position + stretch, tables)
            third = unsafe step(third, bytes, position + 2 * stretch, tables)
            position += 8
        }
        return (first, second, third)
    }

    /// Takes the eight bytes at `position`.
    @inline(__always)
    private static func step(
        _ value: UInt64, _ bytes: UnsafeRawBufferPointer, _ position: Int, _ tables: UnsafeBufferPointer<UInt64>
    ) -> UInt64 {
        let word = unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)) ^ value
        let low =
            unsafe (tables[0x700 + Int(word & 0xFF)] ^ tables[0x600 + Int(word >> 8 & 0xFF)])
            ^ (tables[0x500 + Int(word >> 16 & 0xFF)] ^ tables[0x400 + Int(word >> 24 & 0xFF)])
        let high =
            unsafe (tables[0x300 + Int(word >> 32 & 0xFF)] ^ tables[0x200 + Int(word >> 40 & 0xFF)])
            ^ (tables[0x100 + Int(word >> 48 & 0xFF)] ^ tables[Int(word >> 56)])
        return low ^ high
    }

    /// `value` after a stretch of zeros.
    private func skip(_ value: UInt64) -> UInt64 {
        (0..<8).reduce(0) { $0 ^ skips[$1 << 8 | Int(value >> UInt64($1 << 3) & 0xFF)] }
    }

    // MARK: Of a whole

    public func checksum(of buffers: some Sequence<ByteBuffer>) -> UInt64 {
        final(buffers.reduce(initial) { update($0, $1) })
    }

    /// The checksum of what `first` is of, followed by the `count` bytes that `second` is of.
    public func combined(_ first: UInt64, _ second: UInt64, count: Int) -> UInt64 {
        let field = CRCField(polynomial: polynomial, bits: bits)
        return field.product(first, field.power(bytes: count)) ^ second
    }

    /// Base64 of the last `bytes` bytes, big-endian.
    static func base64(_ value: UInt64, bytes: Int) -> String {
        Data((0..<bytes).reversed().map { UInt8(truncatingIfNeeded: value >> (UInt64($0) * 8)) }).base64EncodedString()
    }
}

/// Polynomials over GF(2) modulo that of a check, the highest power in the lowest bit.
private struct CRCField {
    let polynomial: UInt64
    let bits: Int

    func product(_ a: UInt64, _ b: UInt64) -> UInt64 {
        var (result, b) = (UInt64(0), b)
        for bit in (0..<bits).reversed() {
            if a >> UInt64(bit) & 1 == 1 { result ^= b }
            b = b & 1 == 1 ? b >> 1 ^ polynomial : b >> 1
        }
        return result
    }

    /// What a value is multiplied by when so many zero bytes follow it.
    func power(bytes: Int) -> UInt64 {
        // One, then eight powers of x.
        var result = UInt64(1) << UInt64(bits - 1)
        var square = UInt64(1) << UInt64(bits - 9)
        var left = bytes
        while left > 0 {
            if left & 1 == 1 { result = product(result, square) }
            square = product(square, square)
            left >>= 1
        }
        return result
    }
}
