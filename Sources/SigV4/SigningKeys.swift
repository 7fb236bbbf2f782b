import Synchronization

/// Keeps the signing keys of late requests: deriving one takes four HMACs, and a client's requests of a day share one.
public final class SigningKeys: Sendable {
    private struct Kept {
        let secret: Secret
        let key: SigningKey
    }

    private static let most = 1_000

    /// By the bytes of access key id and scope, in which no slash stands: to Swift texts are equal that are not signed alike.
    private let kept = Mutex<[[UInt8]: Kept]>([:])

    public init() {}

    /// How many are kept.
    var count: Int { kept.withLock { $0.count } }

    /// Runs `body` with the key kept, unless that is of another secret; else with a new one, which is kept when `body`
    /// returns. A server verifies a signature in `body`: others could push out the keys of everybody else.
    public func withKey<Value, Failure: Error>(
        accessKeyID: String, secret: Secret, scope: CredentialScope,
        _ body: (SigningKey) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        let name = Self.name(accessKeyID, scope)
        if let kept = kept.withLock({ $0[name] }), kept.secret == secret { return try body(kept.key) }
        let key = SigningKey(secret: secret, scope: scope)
        let value = try body(key)
        kept.withLock { kept in
            if kept[name] == nil, kept.count >= Self.most { kept.removeAll() }
            kept[name] = Kept(secret: secret, key: key)
        }
        return value
    }

    private static func name(_ accessKeyID: String, _ scope: CredentialScope) -> [UInt8] {
        var name: [UInt8] = []
        name.reserveCapacity(96)
        for part in [accessKeyID, scope.day, scope.region, scope.service] {
            name.append(contentsOf: part.utf8)
            name.append(UInt8(ascii: "/"))
        }
        return name
    }
}
