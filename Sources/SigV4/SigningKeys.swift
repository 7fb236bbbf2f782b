import Synchronization

/// Keeps the signing keys of late requests: deriving one takes four HMACs, and a client's requests of a day share one.
public final class SigningKeys: Sendable {
    private struct Kept {
        let secret: Secret
        let key: SigningKey
    }

    private static let most = 1_000

    /// By the bytes of access key id and scope: to Swift texts are equal that are not signed alike.
    private let kept = Mutex<[[UInt8]: Kept]>([:])

    public init() {}

    /// The key kept, unless it is of another secret; else a new one.
    public func key(accessKeyID: String, secret: Secret, scope: CredentialScope) -> SigningKey {
        let name = Self.name(accessKeyID, scope)
        if let kept = kept.withLock({ $0[name] }), kept.secret == secret { return kept.key }
        return SigningKey(secret: secret, scope: scope)
    }

    /// A server calls it once a signature has been verified with the key: others could push out those of everybody else.
    public func keep(_ key: SigningKey, accessKeyID: String, secret: Secret) {
        let name = Self.name(accessKeyID, key.scope)
        kept.withLock { kept in
            if let known = kept[name], known.secret == secret { return }
            if kept.count >= Self.most { kept.removeAll() }
            kept[name] = Kept(secret: secret, key: key)
        }
    }

    private static func name(_ accessKeyID: String, _ scope: CredentialScope) -> [UInt8] {
        Array("\(accessKeyID)\n\(scope)".utf8)
    }
}
