import Crypto

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Seals secrets with AES-256-GCM under a master key. A sealed secret is
///
///     version (1 byte) · key id (8) · nonce (12) · ciphertext · tag (16)
///
/// and is bound to its place (table, row and column) as associated data: moved elsewhere, it does not open.
struct SealedSecrets: Sendable {
    private static let version: UInt8 = 1
    private static let headerCount = 1 + KeyID.byteCount

    private let keys: MasterKeys

    init(_ keys: MasterKeys) { self.keys = keys }

    enum Failure: Error, Equatable {
        case malformed
        case unknownKey(KeyID)
        /// Not what was sealed, or not here.
        case tampered
    }

    func seal(_ secret: [UInt8], at place: String) throws -> [UInt8] {
        let header = [Self.version] + keys.current.id.bytes
        let box = try AES.GCM.seal(
            secret, using: keys.current.key, authenticating: header + Array(place.utf8))
        return header + Array(box.nonce) + Array(box.ciphertext) + Array(box.tag)
    }

    func open(_ sealed: [UInt8], at place: String) throws(Failure) -> [UInt8] {
        guard sealed.count >= Self.headerCount, sealed.first == Self.version else { throw Failure.malformed }
        let id = Self.keyID(of: sealed)
        guard let key = keys.all.first(where: { $0.id == id }) else { throw Failure.unknownKey(id) }
        guard let box = try? AES.GCM.SealedBox(combined: sealed.dropFirst(Self.headerCount)) else {
            throw Failure.malformed
        }
        let associated = sealed.prefix(Self.headerCount) + Array(place.utf8)
        guard let secret = try? AES.GCM.open(box, using: key.key, authenticating: associated) else {
            throw Failure.tampered
        }
        return Array(secret)
    }

    /// The same secret under the current key; `nil` when it is sealed under that already.
    func resealed(_ sealed: [UInt8], at place: String) throws -> [UInt8]? {
        let secret = try open(sealed, at: place)
        return Self.keyID(of: sealed) == keys.current.id ? nil : try seal(secret, at: place)
    }

    /// Says in words which key is missing.
    func explain(_ failure: Failure, path: String) -> StoreError {
        switch failure {
        case .unknownKey(let id): .wrongMasterKey(sealedUnder: id.description, given: keys.all.map(\.id.description))
        case .malformed, .tampered: .cannotOpen(path: path, reason: "its installation secret is damaged")
        }
    }

    private static func keyID(of sealed: [UInt8]) -> KeyID { KeyID(bytes: Array(sealed[1..<headerCount])) }
}
