import Domain
import Store

/// The database that the settings name, with its counters.
struct OpenStore: Sendable {
    let database: SQLiteStore
    let metrics: StoreMetrics

    /// - Parameter makingDatabase: Whether a missing file is made; upkeep commands work on what is there.
    /// - Throws: `StoreError`; `CommandFailure` when the file is missing.
    static func open(_ settings: Settings, makingDatabase: Bool) async throws -> OpenStore {
        guard makingDatabase || PrivateFile(path: settings.database).exists else {
            throw CommandFailure(
                "There is no database at \(settings.database): start 'sluice serve' or 'sluice migrate' first, or name it with --database."
            )
        }
        let keys = try MasterKeys.load(masterKey: settings.masterKey, databasePath: settings.database)
        let metrics = StoreMetrics()
        return OpenStore(
            database: try await SQLiteStore.open(at: settings.database, keys: keys, metrics: metrics), metrics: metrics)
    }

    var isReady: Bool {
        get async {
            do {
                try await database.ping()
                return true
            } catch {
                return false
            }
        }
    }
}

extension StoreMetrics.Counts {
    /// For the exposition.
    var series: [(name: String, total: Int)] {
        [("sluice_store_commits_total", commits), ("sluice_store_statements_total", statements)]
    }
}
