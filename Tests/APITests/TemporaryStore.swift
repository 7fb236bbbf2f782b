import Domain
import Foundation
import Store

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
        try await Self.template.value.write(to: directory.database)
        database = try await Self.open(directory)
    }

    deinit { try? database.close() }

    private static let keys = MasterKeys(current: MasterKey())

    private static func open(_ directory: TemporaryFolder) async throws -> SQLiteStore {
        try await SQLiteStore.open(at: directory.database.path(percentEncoded: false), keys: keys)
    }

    /// An empty database with the present schema, made once. The first test that asks awaits it.
    private static let template = Task {
        let directory = try TemporaryFolder()
        try await open(directory).close()
        return try Data(contentsOf: directory.database)
    }
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
