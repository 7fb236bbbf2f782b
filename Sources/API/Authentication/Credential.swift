import Crypto
public import Domain

/// API keys and tokens: 32 random bytes, as text in base64url without padding (RFC 4648, 5).
public enum Credential {
    public static let byteCount = 32

    /// - Parameter random: gives that many unguessable bytes.
    public static func make(random: (Int) -> [UInt8]) -> Secret { Secret(Base64URL.encode(random(byteCount))) }

    /// SHA-256 of the text's UTF-8.
    public static func hash(_ text: String) -> CredentialHash {
        CredentialHash(bytes: Array(SHA256.hash(data: Array(text.utf8))))
    }
}
