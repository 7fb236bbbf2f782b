public import SigV4

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The environment, else the shared files. Files are read anew at each call, so that rotated keys are seen.
public struct DefaultCredentialChain: AWSCredentialsProvider {
    private let environment: [String: String]

    public init(environment: [String: String]) {
        self.environment = environment
    }

    public func credentials() throws(AWSError) -> AWSCredentials {
        if let keys = try EnvironmentCredentialsProvider(environment: environment).find() { return keys }
        let files = SharedFilesCredentialsProvider(environment: environment)
        if let keys = try files.find() { return keys }
        throw .credentials(
            "looked for AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment, and for \(files.place)")
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

/// A profile's static keys in `~/.aws/credentials`, else in `~/.aws/config`.
///
/// `AWS_PROFILE`, `AWS_SHARED_CREDENTIALS_FILE` and `AWS_CONFIG_FILE` say which.
public struct SharedFilesCredentialsProvider: AWSCredentialsProvider {
    private let profile: String
    private let credentialsFile: String
    private let configFile: String

    /// - Parameter profile: nil: `AWS_PROFILE`, else `default`.
    public init(environment: [String: String], profile: String? = nil) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let home = value("HOME") ?? ""
        self.profile = profile ?? value("AWS_PROFILE") ?? "default"
        credentialsFile = value("AWS_SHARED_CREDENTIALS_FILE") ?? "\(home)/.aws/credentials"
        configFile = value("AWS_CONFIG_FILE") ?? "\(home)/.aws/config"
    }

    /// What is looked for, for an error's text.
    var place: String { "keys of profile \(profile) in \(credentialsFile) and \(configFile)" }

    public func credentials() throws(AWSError) -> AWSCredentials {
        guard let keys = try find() else { throw .credentials("looked for \(place)") }
        return keys
    }

    func find() throws(AWSError) -> AWSCredentials? {
        if let keys = try keys(credentialsFile, [profile]) { return keys }
        return try keys(configFile, profile == "default" ? ["default", "profile default"] : ["profile \(profile)"])
    }

    private func keys(_ file: String, _ names: [String]) throws(AWSError) -> AWSCredentials? {
        // A file that cannot be read counts as absent; the final error names it.
        guard let data = try? Data(contentsOf: URL(filePath: file)) else { return nil }
        let sections = ProfileFile.read(String(decoding: data, as: UTF8.self))
        guard let values = names.compactMap({ sections[$0] }).last, let id = values["aws_access_key_id"], !id.isEmpty
        else {
            return nil
        }
        guard let secret = values["aws_secret_access_key"], !secret.isEmpty else {
            throw .credentials("profile \(profile) in \(file) has aws_access_key_id, but no aws_secret_access_key")
        }
        return AWSCredentials(
            accessKeyID: id, secretAccessKey: Secret(secret),
            sessionToken: values["aws_session_token"].flatMap { $0.isEmpty ? nil : $0 })
    }
}

/// The files' form: `[section]`, `name = value`, comments with `#` or `;`; indented lines belong to nested settings.
enum ProfileFile {
    static func read(_ text: String) -> [String: [String: String]] {
        var sections: [String: [String: String]] = [:]
        var current: String?
        for line in text.split(whereSeparator: \.isNewline) {
            guard let first = line.first, first != "#", first != ";", !first.isWhitespace else { continue }
            if first == "[" {
                current = line.firstIndex(of: "]").map { end in
                    line[line.index(after: line.startIndex)..<end].split(whereSeparator: \.isWhitespace)
                        .joined(separator: " ")
                }
            } else if let current, let equals = line.firstIndex(of: "=") {
                let name = trimmed(line[..<equals]).lowercased()
                sections[current, default: [:]][name] = trimmed(line[line.index(after: equals)...])
            }
        }
        return sections
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
