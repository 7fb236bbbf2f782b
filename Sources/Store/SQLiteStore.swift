import Dispatch
public import Domain
import GRDB
import Migrations
import SQLiteStatements

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The SQLite database and the repositories on it.
public struct SQLiteStore: Sendable {
    /// How long a transaction waits for another process's.
    private static let busyTimeout: TimeInterval = 5
    /// What the writer keeps in memory: ten thousand new rows change pages all over a dozen indexes, and with the 2 MB that
    /// SQLite gives each would be written and read again many times before the commit.
    private static let writerCacheKiB = 32 * 1024

    public let integrations: SQLiteIntegrationRepository
    public let identities: SQLiteIdentityRepository
    public let grants: SQLiteGrantRepository
    public let drift: SQLiteDriftRepository
    public let dataSources: SQLiteDataSourceRepository
    public let gateway: SQLiteGatewayRepository
    public let audit: SQLiteAuditRepository
    public let externalIDs: InstallationExternalIDSource
    /// Those that opening it applied, in order.
    public let appliedMigrations: [String]

    let database: SQLiteDatabase
    /// What the repositories write audit rows through.
    let auditMask: AuditMask
    private let secrets: SealedSecrets

    /// Opens the database at `path`, making it (with mode 0600) and bringing it to the present schema as needed.
    public static func open(
        at path: String, keys: MasterKeys, metrics: StoreMetrics? = nil
    )
        async throws(StoreError) -> SQLiteStore
    {
        if !PrivateFile(path: path).exists { try PrivateFile(path: path).create(containing: "") }
        let secrets = SealedSecrets(keys)
        do {
            let pool = try DatabasePool(path: path, configuration: configuration(metrics))
            try await prepareWriter(of: pool, metrics)
            let applied = try await migrate(pool)
            let secret = try await installationSecret(pool, secrets)
            let lookups = try SQLiteLookups(path: path, configuration(metrics))
            return SQLiteStore(
                database: SQLiteDatabase(pool: pool, lookups: lookups), secrets: secrets,
                installationSecret: secret, applied: applied)
        } catch let error as StoreError {
            throw error
        } catch let failure as SealedSecrets.Failure {
            throw secrets.explain(failure, path: path)
        } catch {
            throw StoreError.cannotOpen(path: path, reason: String(describing: error))
        }
    }

    private init(database: SQLiteDatabase, secrets: SealedSecrets, installationSecret: [UInt8], applied: [String]) {
        self.database = database
        self.secrets = secrets
        auditMask = AuditMask(installationSecret: installationSecret)
        integrations = SQLiteIntegrationRepository(database: database, secrets: secrets, mask: auditMask)
        identities = SQLiteIdentityRepository(database: database, secrets: secrets, mask: auditMask)
        grants = SQLiteGrantRepository(database: database, mask: auditMask)
        drift = SQLiteDriftRepository(database: database)
        dataSources = SQLiteDataSourceRepository(database: database, mask: auditMask)
        gateway = SQLiteGatewayRepository(database: database, secrets: secrets)
        audit = SQLiteAuditRepository(database: database, mask: auditMask)
        externalIDs = InstallationExternalIDSource(secret: installationSecret)
        appliedMigrations = applied
    }

    /// Ends when the database answers.
    public func ping() async throws(DomainError) {
        _ = try await database.read { db in try db.row("SELECT 1") { try $0.integer() } }
    }

    /// Seals every secret that is under an older key under the current one, in one transaction.
    ///
    /// - Returns: how many were.
    public func resealSecrets() async throws(DomainError) -> Int {
        try await database.write { [secrets] db in
            try Self.resealInstallation(db, secrets) + IntegrationSecrets(db: db, secrets: secrets).resealAll()
                + S3KeySecrets(db: db, secrets: secrets).resealAll()
        }
    }

    /// Ends every connection. Nothing can be done with the store afterwards.
    ///
    /// It waits for reads under way, whose ends need the threads that tasks run on: hence a thread of its own.
    public func close() async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            DispatchQueue.global().async { continuation.resume(with: Result { try database.close() }) }
        }
    }
}

extension SQLiteStore {
    private static func configuration(_ metrics: StoreMetrics?) -> Configuration {
        var configuration = Configuration()
        configuration.label = "sluice"
        configuration.foreignKeysEnabled = true
        configuration.busyMode = .timeout(busyTimeout)
        guard let metrics else { return configuration }
        configuration.prepareDatabase { db in db.trace { _ in metrics.countStatement() } }
        return configuration
    }

    /// GRDB's pool sets `synchronous` to NORMAL after it has prepared the connection, so FULL is set here: an answered
    /// write must survive a power cut.
    private static func prepareWriter(of pool: DatabasePool, _ metrics: StoreMetrics?) async throws {
        try await pool.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA synchronous = FULL")
            try db.execute(sql: "PRAGMA cache_size = -\(writerCacheKiB)")
            if let metrics { db.add(transactionObserver: CommitObserver(metrics), extent: .databaseLifetime) }
        }
    }

    /// - Returns: the names of the applied ones.
    private static func migrate(_ pool: DatabasePool) async throws -> [String] {
        var migrator = DatabaseMigrator()
        for (name, sql) in Migrations.all {
            migrator.registerMigration(name) { db in try db.execute(sql: String(decoding: sql, as: UTF8.self)) }
        }
        let known = migrator.migrations
        let before = try await pool.read { [migrator] db in try migrator.appliedIdentifiers(db) }
        let unknown = before.subtracting(known)
        guard unknown.isEmpty else { throw StoreError.newerSchema(unknownMigrations: unknown.sorted()) }
        let pending = known.filter { !before.contains($0) }
        guard pending == Array(known.suffix(pending.count)) else {
            throw StoreError.brokenHistory(missingMigrations: pending)
        }
        guard !pending.isEmpty else { return [] }
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            migrator.asyncMigrate(pool) { continuation.resume(with: $0.map { _ in () }) }
        }
        return pending
    }
}

extension SQLiteStore {
    private static let installationPlace = "installation/1/secret"
    private static let installationSecretCount = 32

    /// Made at the first start.
    private static func installationSecret(_ pool: DatabasePool, _ secrets: SealedSecrets) async throws -> [UInt8] {
        if let sealed = try await pool.read(sealedInstallationSecret) {
            return try secrets.open(sealed, at: installationPlace)
        }
        var generator = SystemRandomNumberGenerator()
        let secret = (0..<installationSecretCount).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        let sealed = try secrets.seal(secret, at: installationPlace)
        let now = Date().milliseconds
        return try await pool.write { db in
            // Another process may have been faster.
            try db.run(
                "INSERT INTO installation (id, secret, created_at) VALUES (1, ?, ?) ON CONFLICT (id) DO NOTHING",
                [Data(sealed), now])
            guard let stored = try sealedInstallationSecret(db) else { throw SealedSecrets.Failure.malformed }
            return try secrets.open(stored, at: installationPlace)
        }
    }

    @Sendable private static func sealedInstallationSecret(_ db: Database) throws -> [UInt8]? {
        try db.row("SELECT secret FROM installation WHERE id = 1") { try $0.bytes() }
    }

    private static func resealInstallation(_ db: Database, _ secrets: SealedSecrets) throws -> Int {
        guard let sealed = try sealedInstallationSecret(db),
            let resealed = try secrets.resealed(sealed, at: installationPlace)
        else { return 0 }
        try db.run("UPDATE installation SET secret = ? WHERE id = 1", [Data(resealed)])
        return 1
    }
}
