import Crypto
public import Domain
import S3Server
import SigV4

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Whose key an access key id is: that of an S3 key pair, or an API key itself, whose secret is known to everybody. Asked
/// with each request, so that a revoked key ends at once.
public struct GatewayAuthentication: Sendable {
    /// The secret that goes with every API key.
    public static let compatibilitySecret = "immuta"

    private let repository: any GatewayRepository
    private let allowsCompatibilitySecret: Bool
    private let now: @Sendable () -> Date

    public init(
        _ repository: any GatewayRepository, allowsCompatibilitySecret: Bool,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.repository = repository
        self.allowsCompatibilitySecret = allowsCompatibilitySecret
        self.now = now
    }

    var authenticator: RequestAuthenticator<GatewayCaller> {
        RequestAuthenticator(
            regions: [GatewayBackend.region], defaultRegion: GatewayBackend.region,
            lookUp: { try await record(of: $0) })
    }

    private func record(of accessKeyID: String) async throws -> AccessKeyRecord<GatewayCaller>? {
        let now = now()
        if accessKeyID.utf8.starts(with: S3KeyPair.prefix.utf8),
            let (caller, secret) = try await repository.caller(accessKeyID: accessKeyID, now: now)
        {
            return AccessKeyRecord(secret: SigV4.Secret(secret.reveal()), identity: caller)
        }
        guard allowsCompatibilitySecret else { return nil }
        let hash = CredentialHash(bytes: Array(SHA256.hash(data: Array(accessKeyID.utf8))))
        guard let caller = try await repository.caller(by: hash, now: now) else { return nil }
        return AccessKeyRecord(
            secret: SigV4.Secret(Self.compatibilitySecret), acceptsSecretAsSignature: true, identity: caller)
    }
}
