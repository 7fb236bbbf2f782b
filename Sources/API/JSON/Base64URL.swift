/// base64url without padding (RFC 4648, 5).
enum Base64URL {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    static func encode(_ bytes: [UInt8]) -> String {
        var out: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var bits: Int = 0
            for byte in group { bits = (bits << 8) | Int(byte) }
            bits <<= 8 * (3 - group.count)
            for index in 0...group.count {
                let shift: Int = 18 - 6 * index
                out.append(alphabet[(bits >> shift) & 63])
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// `nil` for whatever `encode` would not have made.
    static func decode(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var bits = 0
        var count = 0
        for character in text.utf8 {
            guard let value = alphabet.firstIndex(of: character) else { return nil }
            bits = (bits << 6 | value) & 0xFFFF
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(bits >> count & 0xFF))
            }
        }
        return encode(bytes) == text ? bytes : nil
    }
}
