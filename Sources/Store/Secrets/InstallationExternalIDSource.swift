import Crypto
public import Domain

/// External ids derived from the installation's secret: HMAC-SHA256 over account and role, of which 160 bits are shown.
public struct InstallationExternalIDSource: ExternalIDSource {
    private static let shownBytes = 20

    private let key: SymmetricKey

    init(secret: [UInt8]) { key = SymmetricKey(data: secret) }

    public func externalID(accountID: AWSAccountID, role: IAMRoleARN?) -> ExternalID {
        // Neither part can hold a line end, so no two pairs have the same text.
        let text = "sluice external id\n\(accountID)\n\(role?.description ?? "")"
        let mac = HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key)
        guard let id = ExternalID("sluice-" + mac.prefix(Self.shownBytes).hexadecimal) else {
            preconditionFailure("hexadecimal digits and a hyphen are of an external id's alphabet")
        }
        return id
    }
}
