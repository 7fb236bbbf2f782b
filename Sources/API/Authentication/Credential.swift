import Crypto
public import Domain

/// API keys and tokens: 32 random bytes, as text in base64url without padding (RFC 4648, 5).
public enum Credential {
    public static let byteCount = 32

    /// - Parameter random: gives that many unguessable bytes.
    public static func make(random: (Int) -> [UInt8]) -> Secret { Secret(base64URL(random(byteCount))) }

    /// SHA-256 of the text's UTF-8.
    public static func hash(_ text: String) -> CredentialHash {
        CredentialHash(bytes: Array(SHA256.hash(data: Array(text.utf8))))
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    static func base64URL(_ bytes: [UInt8]) -> String {
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
}
