import Crypto
public import Domain

/// API keys and tokens: 32 random bytes, as text in base64url without padding (RFC 4648, 5).
public enum Credential {
    public static let byteCount = 32

    /// - Parameter random: gives that many unguessable bytes.
    public static func make(random: (Int) -> [UInt8]) -> Secret { Secret(Base64URL.encode(random(byteCount))) }

    /// `SLUICE` and 14 characters of base32, as long as AWS's own; the secret, 40 characters.
    ///
    /// - Parameter random: gives that many unguessable bytes.
    static func makeS3KeyPair(random: (Int) -> [UInt8]) -> S3KeyPair {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)
        let suffix = random(14).map { letters[Int($0 & 31)] }
        return S3KeyPair(
            accessKeyID: S3KeyPair.prefix + String(decoding: suffix, as: UTF8.self),
            secretAccessKey: Secret(Base64URL.encode(random(30))))
    }

    /// SHA-256 of the text's UTF-8.
    public static func hash(_ text: String) -> CredentialHash {
        CredentialHash(bytes: Array(SHA256.hash(data: Array(text.utf8))))
    }
}
