import Domain
import GRDB
import SQLiteStatements

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The table `s3_key`.
struct S3KeySecrets {
    let db: Database
    let secrets: SealedSecrets

    func insert(_ pair: S3KeyPair, of keyID: Int64) throws {
        let sealed = try secrets.seal(Array(pair.secretAccessKey.reveal().utf8), at: Self.place(keyID))
        try db.run(
            "INSERT INTO s3_key (key_id, access_key_id, secret_access_key) VALUES (?, ?, ?)",
            [keyID, pair.accessKeyID, Data(sealed)])
    }

    static func open(_ sealed: [UInt8], of keyID: Int64, _ secrets: SealedSecrets) throws -> Secret {
        Secret(String(decoding: try secrets.open(sealed, at: place(keyID)), as: UTF8.self))
    }

    /// - Returns: how many were under an older key.
    func resealAll() throws -> Int {
        let rows = try db.rows("SELECT key_id, secret_access_key FROM s3_key") { row in
            (id: try row.integer(), sealed: try row.bytes())
        }
        var count = 0
        for row in rows {
            guard let resealed = try secrets.resealed(row.sealed, at: Self.place(row.id)) else { continue }
            try db.run("UPDATE s3_key SET secret_access_key = ? WHERE key_id = ?", [Data(resealed), row.id])
            count += 1
        }
        return count
    }

    private static func place(_ keyID: Int64) -> String { "s3_key/\(keyID)/secret_access_key" }
}
