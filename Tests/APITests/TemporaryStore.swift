import Domain
import Foundation
import Store

/// A new database, removed when the last reference goes.
final class TemporaryStore: Sendable {
    private let database: SQLiteStore
    private let directory: URL

    var integrations: any IntegrationRepository { database.integrations }
    var identities: any IdentityRepository { database.identities }
    var audit: any AuditRepository { database.audit }
    var dataSources: any DataSourceRepository { database.dataSources }

    init() async throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
        database = try await SQLiteStore.open(
            at: directory.appending(path: "sluice.db").path(percentEncoded: false),
            keys: MasterKeys(current: MasterKey()))
    }

    deinit {
        try? database.close()
        try? FileManager.default.removeItem(at: directory)
    }
}
