import Crypto

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The key derived from a secret for one scope. Deriving it takes four HMACs; it may be kept as long as the scope's day
/// lasts, and is as secret as what it was derived from.
public struct SigningKey: Sendable {
    public let scope: CredentialScope
    /// Keyed, and given nothing yet: keying it costs as much as a signature does.
    private let keyed: HMAC<SHA256>

    public init(secret: Secret, scope: CredentialScope) {
        var key = SymmetricKey(data: Array("AWS4\(secret.reveal())".utf8))
        for part in [scope.day, scope.region, scope.service, "aws4_request"] {
            key = SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: Array(part.utf8), using: key))
        }
        self.scope = scope
        keyed = HMAC(key: key)
    }

    /// 64 lower-case hexadecimal digits.
    func signature(of stringToSign: String) -> String {
        Hex.encode(code(of: stringToSign))
    }

    /// Compares in constant time.
    /// - Parameter signature: 64 lower-case hexadecimal digits; anything else is no signature of anything.
    func isSignature(_ signature: some StringProtocol, of stringToSign: String) -> Bool {
        guard let bytes = Hex.decode(signature) else { return false }
        return code(of: stringToSign) == bytes
    }

    private func code(of stringToSign: String) -> HMAC<SHA256>.MAC {
        var hash = keyed
        hash.update(data: Array(stringToSign.utf8))
        return hash.finalize()
    }
}

extension SigningKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "SigningKey(\(scope), <redacted>)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["scope": scope]) }
}
