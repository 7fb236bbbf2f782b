import SigV4

/// Where a profile's credentials come from in the end. Finding out asks nobody.
indirect enum CredentialSource: Equatable, Sendable {
    case keys(AWSCredentials)
    /// The environment's, because a profile's `credential_source` says so.
    case environmentKeys(AWSCredentials)
    case role(AssumeRoleRequest, by: CredentialSource)

    var restsOnEnvironment: Bool {
        switch self {
        case .keys: false
        case .environmentKeys: true
        case .role(_, let base): base.restsOnEnvironment
        }
    }
}

/// Reads profiles as botocore does: a role before keys, what a role is assumed with from `source_profile` or
/// `credential_source`, and so on down the chain. A setting that asks for something unsupported is an error, never
/// overlooked.
struct ProfileCredentials {
    let profiles: SharedProfiles
    let environment: [String: String]

    /// `nil` when the profile is in neither file or has no credentials.
    func source(of profile: String) throws(AWSError) -> CredentialSource? {
        try source(of: profile, behind: [])
    }

    /// - Parameter path: the profiles that led here, each the one before the next's source.
    private func source(of profile: String, behind path: [String]) throws(AWSError) -> CredentialSource? {
        guard let settings = profiles.settings(profile) else { return nil }
        let isTokenNamed = settings["web_identity_token_file"] != nil
        // As a source, a profile's keys are meant before its role; that is how one may be its own source.
        let areKeysMeant = !path.isEmpty && settings["aws_access_key_id"] != nil
        if let role = settings["role_arn"], !isTokenNamed, !areKeysMeant {
            return try assuming(role, settings, path + [profile])
        }
        try refuse(["web_identity_token_file", "sso_account_id", "sso_role_name"], in: settings, of: profile)
        if let keys = try keys(profiles.credentialsSettings(profile), profile, profiles.credentialsFile) {
            return .keys(keys)
        }
        try refuse(["login_session", "credential_process"], in: settings, of: profile)
        if let keys = try keys(profiles.configSettings(profile), profile, profiles.configFile) { return .keys(keys) }
        try refuse(["sso_session", "sso_start_url"], in: settings, of: profile)
        return nil
    }

    private func assuming(
        _ role: String, _ settings: [String: String], _ path: [String]
    ) throws(AWSError) -> CredentialSource {
        let profile = path[path.count - 1]
        try refuse(["mfa_serial"], in: settings, of: profile)
        let request = AssumeRoleRequest(
            roleARN: role, sessionName: settings["role_session_name"] ?? AssumeRoleRequest.standardSessionName,
            externalID: settings["external_id"], durationSeconds: try duration(settings, profile))
        switch (settings["source_profile"], settings["credential_source"]) {
        case (let source?, nil): return .role(request, by: try base(source, path))
        case (nil, let source?): return .role(request, by: try base(named: source, profile))
        case (nil, nil):
            throw .credentials("profile \(profile) has role_arn, but neither source_profile nor credential_source")
        case (_?, _?):
            throw .credentials("profile \(profile) has both source_profile and credential_source")
        }
    }

    private func duration(_ settings: [String: String], _ profile: String) throws(AWSError) -> Int {
        guard let text = settings["duration_seconds"] else { return AssumeRoleRequest.standardDurationSeconds }
        guard let seconds = Int(text), (900...43_200).contains(seconds) else {
            throw .credentials("duration_seconds of profile \(profile) must be a whole number from 900 to 43200")
        }
        return seconds
    }

    private func base(_ source: String, _ path: [String]) throws(AWSError) -> CredentialSource {
        let profile = path[path.count - 1]
        guard let settings = profiles.settings(source) else {
            throw .credentials(
                "profile \(profile) has the source_profile \(source), which is neither in \(profiles.credentialsFile) "
                    + "nor in \(profiles.configFile)")
        }
        let isOwnKeys = source == profile && settings["aws_access_key_id"] != nil
        guard isOwnKeys || !path.contains(source) else {
            throw .credentials(
                "the source_profile of profile \(profile) leads back: \((path + [source]).joined(separator: ", "))")
        }
        guard let base = try self.source(of: source, behind: path) else {
            throw .credentials("profile \(source), the source_profile of profile \(profile), has no credentials")
        }
        return base
    }

    private func base(named source: String, _ profile: String) throws(AWSError) -> CredentialSource {
        switch source {
        case "Environment":
            guard let keys = try EnvironmentCredentialsProvider(environment: environment).find() else {
                throw .credentials(
                    "profile \(profile) has the credential_source Environment, but there is no AWS_ACCESS_KEY_ID")
            }
            return .environmentKeys(keys)
        case "Ec2InstanceMetadata", "EcsContainer":
            throw .credentials("the credential_source \(source) of profile \(profile) is not supported yet")
        default:
            throw .credentials(
                "the credential_source of profile \(profile) must be Environment, Ec2InstanceMetadata or EcsContainer")
        }
    }

    private func keys(
        _ settings: [String: String], _ profile: String, _ file: String
    ) throws(AWSError) -> AWSCredentials? {
        guard let id = settings["aws_access_key_id"] else { return nil }
        guard let secret = settings["aws_secret_access_key"] else {
            throw .credentials("profile \(profile) in \(file) has aws_access_key_id, but no aws_secret_access_key")
        }
        return AWSCredentials(
            accessKeyID: id, secretAccessKey: Secret(secret), sessionToken: settings["aws_session_token"])
    }

    private func refuse(
        _ names: [String], in settings: [String: String], of profile: String
    ) throws(AWSError) {
        guard let name = names.first(where: { settings[$0] != nil }) else { return }
        throw .credentials("\(name) of profile \(profile) is not supported yet")
    }
}
