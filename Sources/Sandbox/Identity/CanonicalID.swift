import Crypto

/// The canonical user id of an account: what ACLs name it by and owners are shown as.
enum CanonicalID {
    /// Of whoever signs nothing, as S3 shows the owner of what such a caller wrote.
    static let anonymous = "65a011a29cdf8ec533ec3d1ccaae921c"

    /// What an account has that was given no other: 64 hexadecimal digits, always the same for the same account.
    static func derived(from account: String) -> String {
        let digits = Array("0123456789abcdef".utf8)
        let hash = SHA256.hash(data: Array("canonical user id of \(account)".utf8))
        return String(decoding: hash.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
