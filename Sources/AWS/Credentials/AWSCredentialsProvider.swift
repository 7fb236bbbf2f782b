public import SigV4

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Where credentials come from. Nobody falls back from one provider to another once one has been chosen.
public protocol AWSCredentialsProvider: Sendable {
    /// Credentials that are valid now. Throws an error of kind `credentials` that says what was looked for.
    func credentials() async throws(AWSError) -> AWSCredentials
    /// The same for a caller that waits no longer than until `deadline`. Providers that ask nobody need only the other.
    func credentials(deadline: ContinuousClock.Instant?) async throws(AWSError) -> AWSCredentials
}

extension AWSCredentialsProvider {
    public func credentials(deadline: ContinuousClock.Instant?) async throws(AWSError) -> AWSCredentials {
        try await credentials()
    }
}

/// Credentials that never change.
public struct StaticCredentialsProvider: AWSCredentialsProvider {
    private let value: AWSCredentials

    public init(_ credentials: AWSCredentials) {
        value = credentials
    }

    public init(accessKeyID: String, secretAccessKey: Secret, sessionToken: String? = nil) {
        value = AWSCredentials(
            accessKeyID: accessKeyID, secretAccessKey: secretAccessKey, sessionToken: sessionToken)
    }

    /// - Parameter secret: the secret access key itself.
    public init(accessKeyID: String, revealed secret: String) {
        self.init(accessKeyID: accessKeyID, secretAccessKey: Secret(secret))
    }

    public func credentials() -> AWSCredentials { value }
}

extension AWSError {
    static func credentials(_ message: String) -> AWSError {
        AWSError(kind: .credentials, operation: "credentials", code: "CredentialsNotFound", message: message)
    }
}
