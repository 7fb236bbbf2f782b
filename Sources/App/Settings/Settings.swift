public import Domain
import Gateway
public import Logging

/// What the server runs with: every setting, checked. The catalogue is `Setting.all`.
public struct Settings: Sendable {
    public var hostname: String
    public var port: Int
    /// Path of the SQLite file.
    public var database: String
    public var sandbox: Bool
    /// Of the embedded AWS.
    public var sandboxPort: Int
    /// File of further users of the embedded AWS.
    public var sandboxUsers: String?
    public var masterKey: Secret?
    public var bootstrapAPIKey: Secret?
    /// Between recurring checks of one integration.
    public var validationInterval: Duration
    public var quotas: AccessGrantsQuotas
    public var gateway: GatewaySettings
    public var logLevel: Logger.Level
    /// Where the client commands find a server.
    public var url: String
    public var apiKey: Secret?
    /// The environment as the AWS clients read it: the process's, with what the file adds.
    public var awsEnvironment: [String: String]
    /// Every setting with its value and source, in the catalogue's order.
    public var values: [SettingValue]
    /// `SLUICE_…` variables that name no setting, sorted; most likely misspelt.
    public var unknownVariables: [String]

    /// - Throws: `SettingsError` for the first value that cannot be used.
    public init(_ sources: SettingSources, environment: [String: String]) throws(SettingsError) {
        var values: [SettingValue] = []
        for setting in Setting.all { values.append(try sources.value(of: setting)) }
        let read = ReadSettings(values: values)
        hostname = try read.text(.httpHostname)
        port = try read.integer(.httpPort, in: 0...65535)
        database = try read.text(.database)
        sandbox = read[.sandbox] == "true"
        sandboxPort = try read.integer(.sandboxPort, in: 0...65535)
        sandboxUsers = read[.sandboxUsers]
        masterKey = read[.masterKey].map { Secret($0) }
        bootstrapAPIKey = read[.bootstrapAPIKey].map { Secret($0) }
        validationInterval = .seconds(try read.integer(.validationInterval, in: 1...31_536_000))
        quotas = AccessGrantsQuotas(
            locations: try read.integer(.locationQuota, in: 1...1_000_000),
            grants: try read.integer(.grantQuota, in: 1...100_000_000))
        gateway = try GatewaySettings(read)
        guard let level = Logger.Level(rawValue: try read.text(.logLevel).lowercased()) else {
            throw SettingsError("log.level must be one of trace, debug, info, notice, warning, error, critical.")
        }
        logLevel = level
        url = try read.text(.url)
        apiKey = read[.apiKey].map { Secret($0) }
        awsEnvironment = environment
        for value in values where value.setting.key.hasPrefix("aws.") && value.source != .defaultValue {
            awsEnvironment[value.setting.environmentName] = value.value
        }
        self.values = values
        let known = Set(Setting.all.map(\.environmentName)).union(Self.otherVariables)
        unknownVariables = environment.keys.filter { $0.hasPrefix("SLUICE_") && !known.contains($0) }.sorted()
    }

    /// Read elsewhere: the file's own name, and the fault points of the crash tests.
    private static let otherVariables: Set<String> = ["SLUICE_CONFIG", "SLUICE_CRASH_AT", "SLUICE_CRASH_REHEARSAL"]
}

extension Settings: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Without the environment, which has secrets as plain text: whoever holds settings may be printed, and services are,
    /// into the log.
    public var description: String {
        "Settings(" + values.map { "\($0.setting.key): \($0)" }.joined(separator: ", ") + ")"
    }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// Of the S3 access pattern.
public struct GatewaySettings: Sendable, Equatable {
    public var bucket: String
    /// In lower case.
    public var domain: String?
    public var allowsCompatibilitySecret: Bool
    var audit: GatewayBackend.AuditLevel

    fileprivate init(_ read: ReadSettings) throws(SettingsError) {
        bucket = try read.text(.gatewayBucket)
        guard (try? LocationPath("s3://\(bucket)")) != nil else {
            throw SettingsError("s3p.bucket must be a bucket name: 3 to 63 of a-z, 0-9, '.' and '-'.")
        }
        domain = read[.gatewayDomain].flatMap { $0.isEmpty ? nil : $0.lowercased() }
        allowsCompatibilitySecret = read[.gatewayCompatibilitySecret] == "true"
        guard let level = GatewayBackend.AuditLevel(rawValue: try read.text(.gatewayAudit)) else {
            throw SettingsError("s3p.audit must be one of none, writes, all.")
        }
        audit = level
    }
}

private struct ReadSettings {
    let values: [SettingValue]

    subscript(setting: Setting) -> String? { values.first { $0.setting == setting }?.value }

    func text(_ setting: Setting) throws(SettingsError) -> String {
        guard let value = self[setting], !value.isEmpty else {
            throw SettingsError("\(setting.key) must not be empty.")
        }
        return value
    }

    func integer(_ setting: Setting, in range: ClosedRange<Int>) throws(SettingsError) -> Int {
        guard let value = Int(try text(setting)), range.contains(value) else {
            throw SettingsError(
                "\(setting.key) must be a whole number from \(range.lowerBound) to \(range.upperBound).")
        }
        return value
    }
}
