public import Configuration

/// What the command line, the environment and the configuration file say, in this order of precedence.
public struct SettingSources: Sendable {
    private let providers: [(source: SettingSource, provider: any ConfigProvider)]

    /// - Parameters:
    ///   - commandLine: Values by `Setting.key`, for the options that were given.
    ///   - environment: Variables set to nothing count as not set.
    ///   - file: A JSON file.
    /// - Throws: `SettingsError` when the file is missing or is not JSON.
    public init(
        commandLine: [String: ConfigValue] = [:], environment: [String: String], file: String? = nil
    ) async throws(SettingsError) {
        let set = environment.filter { !$0.value.isEmpty }
        let keyed = commandLine.map { (AbsoluteConfigKey($0.key.keyComponents), $0.value) }
        var providers: [(SettingSource, any ConfigProvider)] = [
            (.commandLine, InMemoryProvider(values: Dictionary(uniqueKeysWithValues: keyed)))
        ]
        providers.append((.environment, EnvironmentVariablesProvider(environmentVariables: set)))
        if let file { providers.append((.file(file), try await Self.open(file))) }
        self.providers = providers
    }

    private static func open(_ path: String) async throws(SettingsError) -> any ConfigProvider {
        let location = InMemoryProvider(values: ["filePath": ConfigValue(.string(path), isSecret: false)])
        do {
            return try await FileProvider<JSONSnapshot>(config: ConfigReader(provider: location))
        } catch {
            throw SettingsError("The configuration file \(path) cannot be read: \(error)")
        }
    }

    /// - Throws: `SettingsError` when the first source that names it has a value of another type.
    public func value(of setting: Setting) throws(SettingsError) -> SettingValue {
        for (source, provider) in providers {
            // The provider's own rule for names finds no boundary after a digit (S3Control).
            let key = source == .environment ? [setting.environmentName] : setting.key.keyComponents
            let found: LookupResult
            do {
                found = try provider.value(forKey: AbsoluteConfigKey(key), type: setting.kind.type)
            } catch {
                throw SettingsError("\(setting.name(in: source)) must be \(setting.kind.article).")
            }
            if let content = found.value?.content.text {
                return SettingValue(setting: setting, value: content, source: source)
            }
        }
        return SettingValue(setting: setting, value: setting.defaultValue, source: .defaultValue)
    }
}

/// Who said so.
public enum SettingSource: Sendable, Equatable, CustomStringConvertible {
    case commandLine, environment
    case file(String)
    case defaultValue

    public var description: String {
        switch self {
        case .commandLine: "command line"
        case .environment: "environment"
        case .file(let path): path
        case .defaultValue: "default"
        }
    }
}

public struct SettingValue: Sendable, Equatable, CustomStringConvertible {
    public let setting: Setting
    public let value: String?
    public let source: SettingSource

    /// For people to read: secrets hidden.
    public var description: String {
        guard let value else { return "(not set)" }
        return setting.kind == .secret ? "<redacted>" : value
    }
}

/// A setting nobody can work with; the text says which one, where it was said, and what is accepted.
public struct SettingsError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}

extension Setting {
    func name(in source: SettingSource) -> String {
        switch source {
        case .environment: environmentName
        case .file(let path): "\(key) in \(path)"
        case .commandLine, .defaultValue: key
        }
    }
}

extension Setting.Kind {
    var type: ConfigType {
        switch self {
        case .text, .secret: .string
        case .integer: .int
        case .flag: .bool
        }
    }

    var article: String {
        switch self {
        case .text, .secret: "text"
        case .integer: "a whole number"
        case .flag: "true or false"
        }
    }
}

extension ConfigContent {
    fileprivate var text: String? {
        switch self {
        case .string(let value): value
        case .int(let value): String(value)
        case .bool(let value): value ? "true" : "false"
        case .double, .bytes, .stringArray, .intArray, .doubleArray, .boolArray, .byteChunkArray: nil
        }
    }
}

extension String {
    fileprivate var keyComponents: [String] { split(separator: ".").map(String.init) }
}
