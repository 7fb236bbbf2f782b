#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

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

/// `~/.aws/credentials` and `~/.aws/config`, or where `AWS_SHARED_CREDENTIALS_FILE` and `AWS_CONFIG_FILE` say, as they
/// are now. A file that cannot be read counts as empty, and a setting without value as absent.
struct SharedProfiles {
    let credentialsFile: String
    let configFile: String
    private let credentials: [String: [String: String]]
    private let config: [String: [String: String]]

    init(environment: [String: String]) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let home = value("HOME") ?? ""
        credentialsFile = value("AWS_SHARED_CREDENTIALS_FILE") ?? "\(home)/.aws/credentials"
        configFile = value("AWS_CONFIG_FILE") ?? "\(home)/.aws/config"
        credentials = Self.read(credentialsFile)
        config = Self.read(configFile)
    }

    private static func read(_ file: String) -> [String: [String: String]] {
        guard let data = try? Data(contentsOf: URL(filePath: file)) else { return [:] }
        return ProfileFile.read(String(decoding: data, as: UTF8.self)).mapValues { $0.filter { !$0.value.isEmpty } }
    }

    /// As the credentials file has it.
    func credentialsSettings(_ profile: String) -> [String: String] { credentials[profile] ?? [:] }

    /// As the config file has it: under `profile NAME`, where the default profile may go without the word.
    func configSettings(_ profile: String) -> [String: String] { configSection(profile) ?? [:] }

    /// Both together, the credentials file's first; `nil` when neither knows the profile.
    func settings(_ profile: String) -> [String: String]? {
        guard let own = credentials[profile] else { return configSection(profile) }
        return configSettings(profile).merging(own) { $1 }
    }

    private func configSection(_ profile: String) -> [String: String]? {
        config["profile \(profile)"] ?? (profile == "default" ? config["default"] : nil)
    }
}
