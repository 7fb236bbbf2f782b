import SigV4
import Synchronization

/// Keeps the signing keys of late requests: deriving one takes four HMACs, and a client's requests of a day share one.
final class SigningKeys: Sendable {
    private struct Kept {
        let secret: Secret
        let key: SigningKey
    }

    private struct Name: Hashable {
        let accessKeyID: String
        let scope: CredentialScope
    }

    private static let most = 1_000

    private let kept = Mutex<[Name: Kept]>([:])

    /// The key for the claim's scope. A key kept from another secret is not used.
    func key(of secret: Secret, for claim: SignatureClaim) -> SigningKey {
        let name = Name(accessKeyID: claim.accessKeyID, scope: claim.scope)
        if let kept = kept.withLock({ $0[name] }), kept.secret == secret { return kept.key }
        let key = SigningKey(secret: secret, scope: claim.scope)
        kept.withLock { kept in
            if kept.count >= Self.most { kept.removeAll() }
            kept[name] = Kept(secret: secret, key: key)
        }
        return key
    }
}
