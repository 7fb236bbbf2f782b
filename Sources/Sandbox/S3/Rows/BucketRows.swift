import GRDB
import S3Server
import SQLiteStatements

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

struct Bucket: Sendable, Equatable {
    let id: Int64
    let name: String
    let account: String
    let region: String
    let createdAt: Milliseconds
    /// nil: never on.
    let versioning: S3Versioning?
    let access: AccessList
    let tags: [S3Tag]

    static let columns = """
        bucket.id, bucket.name, bucket.account, bucket.region, bucket.created_at, bucket.versioning, bucket.acl, \
        bucket.tags
        """

    init(_ row: inout RowDecoder) throws {
        id = try row.integer()
        name = try row.text()
        account = try row.text()
        region = try row.text()
        createdAt = try row.integer()
        versioning = row.optionalText().flatMap(S3Versioning.init(rawValue:))
        access = AccessList(stored: row.optionalText())
        tags = StoredTags.decode(row.optionalText())
    }
}

/// The table of buckets.
struct BucketRows {
    let transaction: S3Transaction

    private var database: Database { transaction.database }

    func bucket(_ name: String) throws -> Bucket? {
        try database.row("SELECT \(Bucket.columns) FROM bucket WHERE name = ?", [name], Bucket.init)
    }

    /// In order of name, one more than the page holds when there are more.
    func page(_ listing: S3BucketListing, account: String) throws -> [Bucket] {
        try database.rows(
            """
            SELECT \(Bucket.columns) FROM bucket WHERE account = ? AND name > ? AND name >= ? AND name < ?
                AND region = coalesce(?, region)
            ORDER BY name LIMIT ?
            """,
            [
                account, listing.after, listing.prefix, listing.prefix + "\u{10FFFF}", listing.region,
                listing.limit + 1,
            ], Bucket.init)
    }

    @discardableResult
    func insert(
        _ name: String, account: String, region: String, access: AccessList = .private, now: Milliseconds
    ) throws -> Int64 {
        try database.run(
            "INSERT INTO bucket (name, account, region, created_at, acl) VALUES (?, ?, ?, ?, ?)",
            [name, account, region, now, access.stored])
        return database.lastInsertedRowID
    }

    func isEmpty(_ bucket: Bucket) throws -> Bool {
        try database.value(
            "SELECT NOT EXISTS (SELECT 1 FROM object_version WHERE bucket_id = ?)", arguments: [bucket.id]) ?? true
    }

    /// An empty one, with its uploads.
    func delete(_ bucket: Bucket) throws {
        let blobs: [Int64] = try database.values(
            """
            SELECT DISTINCT blob_id FROM upload_segment JOIN upload ON upload.id = upload_segment.upload
            WHERE upload.bucket_id = ?
            """, arguments: [bucket.id])
        try database.run("DELETE FROM bucket WHERE id = ?", [bucket.id])
        transaction.release(blobs)
    }

    func set(_ versioning: S3Versioning, of bucket: Bucket) throws {
        try database.run(
            "UPDATE bucket SET versioning = ? WHERE id = ?", [versioning.rawValue, bucket.id])
    }

    func set(_ access: AccessList, of bucket: Bucket) throws {
        try database.run("UPDATE bucket SET acl = ? WHERE id = ?", [access.stored, bucket.id])
    }

    func set(_ tags: [S3Tag], of bucket: Bucket) throws {
        try database.run(
            "UPDATE bucket SET tags = ? WHERE id = ?", [StoredTags.encode(tags), bucket.id])
    }
}
