import Domain
import GRDB
import SQLiteStatements

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The table `integration_secret`.
struct IntegrationSecrets {
    let db: Database
    let secrets: SealedSecrets

    func load(_ id: IntegrationID) throws -> [ConfigurationColumns.Part: Secret] {
        let rows = try db.rows(
            "SELECT part, secret_access_key FROM integration_secret WHERE integration_id = ?", [id.value]
        ) { row in (part: try row.parsed(ConfigurationColumns.Part.init(rawValue:)), sealed: try row.bytes()) }
        return try rows.reduce(into: [:]) { found, row in
            found[row.part] = try Self.open(row.sealed, of: id, row.part, secrets)
        }
    }

    static func open(
        _ sealed: [UInt8], of id: IntegrationID, _ part: ConfigurationColumns.Part, _ secrets: SealedSecrets
    ) throws -> Secret {
        Secret(String(decoding: try secrets.open(sealed, at: place(id, part)), as: UTF8.self))
    }

    func insert(_ secret: Secret?, _ id: IntegrationID, _ part: ConfigurationColumns.Part) throws {
        guard let secret else { return }
        let sealed = try secrets.seal(Array(secret.reveal().utf8), at: Self.place(id, part))
        try db.run(
            "INSERT INTO integration_secret (integration_id, part, secret_access_key) VALUES (?, ?, ?)",
            [id.value, part.rawValue, Data(sealed)])
    }

    func replace(
        _ old: Secret?, by new: Secret?, _ id: IntegrationID, _ part: ConfigurationColumns.Part
    ) throws {
        guard old != new else { return }
        try db.run(
            "DELETE FROM integration_secret WHERE integration_id = ? AND part = ?", [id.value, part.rawValue])
        try insert(new, id, part)
    }

    /// - Returns: how many were under an older key.
    func resealAll() throws -> Int {
        let rows = try db.rows("SELECT integration_id, part, secret_access_key FROM integration_secret") { row in
            (
                id: IntegrationID(try row.integer()), part: try row.parsed(ConfigurationColumns.Part.init(rawValue:)),
                sealed: try row.bytes()
            )
        }
        var count = 0
        for row in rows {
            guard let resealed = try secrets.resealed(row.sealed, at: Self.place(row.id, row.part)) else { continue }
            try db.run(
                "UPDATE integration_secret SET secret_access_key = ? WHERE integration_id = ? AND part = ?",
                [Data(resealed), row.id.value, row.part.rawValue])
            count += 1
        }
        return count
    }

    private static func place(_ id: IntegrationID, _ part: ConfigurationColumns.Part) -> String {
        "integration_secret/\(id)/\(part.rawValue)/secret_access_key"
    }
}
