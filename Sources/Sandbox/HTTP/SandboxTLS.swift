import NIOSSL

/// What a sandbox proves itself with to clients that speak HTTPS.
public struct SandboxTLS: Sendable {
    private let certificates: [NIOSSLCertificateSource]
    private let key: NIOSSLPrivateKeySource

    /// - Parameters:
    ///   - certificate: PEM file of the certificate, and of those between it and the client's authority.
    ///   - key: PEM file of its private key, without a password.
    /// - Throws: `SandboxTLSError` when a file cannot be read, or is none of these.
    public init(certificate: String, key: String) throws(SandboxTLSError) {
        do {
            certificates = try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) }
        } catch {
            throw SandboxTLSError("\(certificate): no PEM certificate can be read from the file.")
        }
        do {
            self.key = .privateKey(try NIOSSLPrivateKey(file: key, format: .pem))
        } catch {
            throw SandboxTLSError("\(key): no PEM private key can be read from the file.")
        }
    }

    var configuration: TLSConfiguration {
        var configuration = TLSConfiguration.makeServerConfiguration(certificateChain: certificates, privateKey: key)
        configuration.applicationProtocols = ["http/1.1"]
        return configuration
    }
}

/// A certificate or key nobody can work with; the text names the file.
public struct SandboxTLSError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}
