import Crypto

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// 256 bits under which secrets are sealed.
public struct MasterKey: Sendable, CustomStringConvertible {
    static let byteCount = 32

    /// Names the key beside what is sealed under it; says nothing about the key.
    let id: KeyID
    let key: SymmetricKey

    public var description: String { "<redacted \(id)>" }

    /// A new random one.
    public init() { self.init(SymmetricKey(size: .bits256)) }

    /// - Parameter text: 32 bytes as base64 or hexadecimal.
    init?(_ text: some StringProtocol) {
        guard let bytes = Self.hexadecimal(text) ?? Data(base64Encoded: String(text)).map(Array.init),
            bytes.count == Self.byteCount
        else { return nil }
        self.init(SymmetricKey(data: bytes))
    }

    private init(_ key: SymmetricKey) {
        self.key = key
        let mac = HMAC<SHA256>.authenticationCode(for: Array("sluice master key id".utf8), using: key)
        id = KeyID(bytes: Array(mac.prefix(KeyID.byteCount)))
    }

    /// The text form that `init(_:)` reads.
    var base64: String { unsafe key.withUnsafeBytes { unsafe Data($0).base64EncodedString() } }

    private static func hexadecimal(_ text: some StringProtocol) -> [UInt8]? {
        let digits = text.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        guard text.utf8.count == byteCount * 2, digits.count == byteCount * 2 else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}

struct KeyID: Sendable, Hashable, CustomStringConvertible {
    static let byteCount = 8

    let bytes: [UInt8]

    var description: String { bytes.hexadecimal }
}

extension Sequence<UInt8> {
    /// Two lower-case digits a byte.
    var hexadecimal: String {
        var text = ""
        for byte in self {
            text += String(byte >> 4, radix: 16)
            text += String(byte & 15, radix: 16)
        }
        return text
    }
}
