import SigV4
import Synchronization

/// Keeps the signing keys of late requests: deriving one takes four HMACs, and a client's requests of a day share one.
final class SigningKeys: Sendable {
    private struct Kept {
        let secret: Secret
        let key: SigningKey
    }

    /// By its bytes: to Swift texts are equal that are not signed alike.
    private struct Name: Hashable {
        let bytes: [UInt8]

        init(_ claim: SignatureClaim) {
            bytes = Array("\(claim.accessKeyID)\n\(claim.scope)".utf8)
        }
    }

    private static let most = 1_000

    private let kept = Mutex<[Name: Kept]>([:])

    /// The key for the claim's scope. A key kept from another secret is not used.
    func key(of secret: Secret, for claim: SignatureClaim) -> SigningKey {
        if let kept = kept.withLock({ $0[Name(claim)] }), kept.secret == secret { return kept.key }
        return SigningKey(secret: secret, scope: claim.scope)
    }

    /// To be called once a signature has been verified with the key: others could push out those of everybody else.
    func keep(_ key: SigningKey, of secret: Secret, for claim: SignatureClaim) {
        let name = Name(claim)
        kept.withLock { kept in
            if let known = kept[name], known.secret == secret { return }
            if kept.count >= Self.most { kept.removeAll() }
            kept[name] = Kept(secret: secret, key: key)
        }
    }
}
