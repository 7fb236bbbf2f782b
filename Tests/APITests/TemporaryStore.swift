import Domain
import Foundation
import Store
import TestSupport

/// A new database, removed when the last reference goes.
final class TemporaryStore: Sendable {
    private let database: SQLiteStore
    private let directory: TemporaryFolder

    var integrations: any IntegrationRepository { database.integrations }
    var identities: any IdentityRepository { database.identities }
    var audit: any AuditRepository { database.audit }
    var dataSources: any DataSourceRepository { database.dataSources }

    init() async throws {
        directory = try TemporaryFolder()
        let path = directory.database
        try await Self.template.copy(to: path)
        database = try await Self.open(path.path(percentEncoded: false))
    }

    private static let keys = MasterKeys(current: MasterKey())

    private static func open(_ path: String) async throws -> SQLiteStore {
        try await SQLiteStore.open(at: path, keys: keys)
    }

    /// An empty database with the present schema.
    private static let template = TemplateFile { path in try await open(path).close() }
}

private final class TemporaryFolder: Sendable {
    private let url: URL
    var database: URL { url.appending(path: "sluice.db") }

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(at: url) }
}
