public import SigV4
import Synchronization

/// The environment's keys, else what the profile says: a role to assume, or keys.
///
/// `AWS_PROFILE` names the profile. The environment's keys go before it, unless it says that they are what its role is
/// assumed with. Files are read anew at each call, so that rotated keys are seen; a role's session is kept as long as
/// they say the same.
public final class DefaultCredentialChain: AWSCredentialsProvider {
    private let runtime: AWSRuntime
    private let environment: [String: String]
    private let kept = Mutex<(source: CredentialSource, provider: any AWSCredentialsProvider)?>(nil)

    /// - Parameter runtime: how STS is asked for a role.
    public init(_ runtime: AWSRuntime, environment: [String: String]) {
        self.runtime = runtime
        self.environment = environment.filter { !$0.value.isEmpty }
    }

    public func credentials() async throws(AWSError) -> AWSCredentials {
        try await credentials(deadline: nil)
    }

    public func credentials(deadline: ContinuousClock.Instant?) async throws(AWSError) -> AWSCredentials {
        let profiles = SharedProfiles(environment: environment)
        let source = try source(profiles)
        return try await provider(of: source, profiles).credentials(deadline: deadline)
    }

    private var profile: String { environment["AWS_PROFILE"] ?? "default" }

    private func source(_ profiles: SharedProfiles) throws(AWSError) -> CredentialSource {
        let settings = ProfileCredentials(profiles: profiles, environment: environment)
        if let keys = try EnvironmentCredentialsProvider(environment: environment).find() {
            guard environment["AWS_PROFILE"] != nil else { return .keys(keys) }
            // A profile that is wrong in itself matters only where it is used.
            if let source = try? settings.source(of: profile), source.restsOnEnvironment { return source }
            return .keys(keys)
        }
        try refuse("AWS_WEB_IDENTITY_TOKEN_FILE")
        if let source = try settings.source(of: profile) { return source }
        try refuse("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
        try refuse("AWS_CONTAINER_CREDENTIALS_FULL_URI")
        throw .credentials(
            "looked for AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment, and for keys of profile "
                + "\(profile) in \(profiles.credentialsFile) and \(profiles.configFile)")
    }

    private func refuse(_ variable: String) throws(AWSError) {
        guard environment[variable] != nil else { return }
        throw .credentials("\(variable) is set, but what it asks for is not supported yet")
    }

    private func provider(of source: CredentialSource, _ profiles: SharedProfiles) -> any AWSCredentialsProvider {
        kept.withLock { kept in
            if let kept, kept.source == source { return kept.provider }
            let region =
                environment["AWS_REGION"] ?? environment["AWS_DEFAULT_REGION"]
                ?? profiles.settings(profile)?["region"] ?? "us-east-1"
            let provider = Self.provider(of: source, runtime, region)
            kept = (source, provider)
            return provider
        }
    }

    private static func provider(
        of source: CredentialSource, _ runtime: AWSRuntime, _ region: String
    ) -> any AWSCredentialsProvider {
        switch source {
        case .keys(let keys), .environmentKeys(let keys): StaticCredentialsProvider(keys)
        case .role(let request, let base):
            AssumeRoleCredentialsProvider(
                runtime, base: provider(of: base, runtime, region), region: region, request: request)
        }
    }
}

/// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and, if there, `AWS_SESSION_TOKEN`.
public struct EnvironmentCredentialsProvider: AWSCredentialsProvider {
    private let environment: [String: String]

    public init(environment: [String: String]) {
        self.environment = environment
    }

    public func credentials() throws(AWSError) -> AWSCredentials {
        guard let keys = try find() else {
            throw .credentials("looked for AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment")
        }
        return keys
    }

    func find() throws(AWSError) -> AWSCredentials? {
        guard let id = environment["AWS_ACCESS_KEY_ID"], !id.isEmpty else { return nil }
        guard let secret = environment["AWS_SECRET_ACCESS_KEY"], !secret.isEmpty else {
            throw .credentials("the environment has AWS_ACCESS_KEY_ID, but no AWS_SECRET_ACCESS_KEY")
        }
        let token = environment["AWS_SESSION_TOKEN"].flatMap { $0.isEmpty ? nil : $0 }
        return AWSCredentials(accessKeyID: id, secretAccessKey: Secret(secret), sessionToken: token)
    }
}
