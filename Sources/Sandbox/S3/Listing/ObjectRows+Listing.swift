import GRDB
import S3Server
import SQLiteStatements

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension ObjectRows {
    private typealias Entry = S3ListingPage.Entry

    func list(_ listing: S3Listing, in bucket: Bucket) throws -> S3ListingPage {
        var page = ListingPage<Entry>(limit: listing.limit, of: transaction.database)
        let upper = KeyBytes.end(of: listing.prefix)
        try page.fill(
            from: Self.start(after: listing.after, prefix: listing.prefix, commonPrefix: listing.commonPrefix),
            leaps: { from, count in
                try leaps(
                    "INDEXED BY object_current WHERE is_current = 1 AND", bucket, listing.prefix, listing.delimiter,
                    from, upper, count)
            },
            rows: { from, count in
                (
                    """
                    SELECT key, size, etag, modified_at, owner, checksum
                    FROM object_version INDEXED BY object_current
                    WHERE bucket_id = ? AND is_current = 1 AND key >= ? AND key < ? ORDER BY key LIMIT ?
                    """, [bucket.id, from, upper, count]
                )
            }, commonPrefix: listing.commonPrefix,
            read: { key, row in
                Entry(
                    key: key, size: try row.int(), etag: try row.text(), modifiedAt: Timestamp.date(try row.integer()),
                    owner: try transaction.owner(row.optionalText()), checksum: S3Checksum(stored: row.optionalText()))
            })
        return S3ListingPage(
            entries: page.items, commonPrefixes: page.commonPrefixes,
            next: page.isTruncated ? page.last?.marker(\.key) : nil)
    }

    /// From a key on, the first key under each prefix that ends with the delimiter, and at last one under none.
    /// - Parameter rows: which of the table's, and by which index.
    private func leaps(
        _ rows: String, _ bucket: Bucket, _ prefix: String, _ delimiter: String, _ from: Data, _ upper: Data,
        _ count: Int
    ) throws -> [String] {
        let next = "SELECT key FROM object_version \(rows) bucket_id = ?1 AND key < ?3 AND key >="
        return try transaction.database.rows(
            """
            WITH RECURSIVE leap(key) AS (
                SELECT (\(next) ?2 ORDER BY key LIMIT 1)
                UNION ALL
                SELECT (\(next) CAST(
                    substr(leap.key, 1, ?4 - 2 + instr(substr(leap.key, ?4), ?5)) || ?6 AS BLOB) ORDER BY key LIMIT 1)
                FROM leap WHERE instr(substr(leap.key, ?4), ?5) > 0
            )
            SELECT key FROM leap WHERE key IS NOT NULL LIMIT ?7
            """,
            [
                bucket.id, from, upper, prefix.utf8.count + 1, Data(delimiter.utf8), KeyBytes.end(of: delimiter),
                count,
            ]
        ) { try $0.decoded() }
    }

    /// The first key that may be on a page.
    static func start(after: String, prefix: String, commonPrefix: (String) -> String?) -> Data {
        let first = KeyBytes.of(prefix)
        guard !after.isEmpty else { return first }
        let isRolledUp = commonPrefix(after).map { $0.utf8.elementsEqual(after.utf8) } ?? false
        let next = isRolledUp ? KeyBytes.end(of: after) : KeyBytes.after(after)
        return next.lexicographicallyPrecedes(first) ? first : next
    }

    // MARK: Versions

    private typealias Version = S3VersionPage.Version

    func listVersions(_ listing: S3VersionListing, in bucket: Bucket) throws -> S3VersionPage {
        var page = ListingPage<Version>(limit: listing.limit, of: transaction.database)
        if !listing.afterVersion.isEmpty { try fillRest(of: listing, &page, in: bucket) }
        let upper = KeyBytes.end(of: listing.prefix)
        var last: String?
        try page.fill(
            from: Self.start(
                after: listing.afterKey, prefix: listing.prefix, commonPrefix: listing.commonPrefix),
            leaps: { from, count in
                try leaps(
                    "INDEXED BY object_version_by_key WHERE", bucket, listing.prefix, listing.delimiter, from, upper,
                    count)
            },
            rows: { from, count in
                (
                    """
                    SELECT key, \(Self.listedColumns) FROM object_version INDEXED BY object_version_by_key
                    WHERE bucket_id = ? AND key >= ? AND key < ? ORDER BY key, id DESC LIMIT ?
                    """, [bucket.id, from, upper, count]
                )
            }, commonPrefix: listing.commonPrefix,
            read: { key, row in
                let isLatest = last.map { !$0.utf8.elementsEqual(key.utf8) } ?? true
                last = key
                return try version(key, &row) { _ in isLatest }
            })
        var next: (key: String, versionID: String?)?
        if page.isTruncated {
            switch page.last {
            case .item(let version)?: next = (version.key, version.versionID)
            case .commonPrefix(let prefix)?: next = (prefix, nil)
            case nil: break
            }
        }
        return S3VersionPage(versions: page.items, commonPrefixes: page.commonPrefixes, next: next)
    }

    private static let listedColumns = "id, version_id, is_delete_marker, size, etag, modified_at, owner, checksum"

    /// The versions of the marker's key that come after the marker's version, which may be gone by now.
    private func fillRest(
        of listing: S3VersionListing, _ page: inout ListingPage<Version>, in bucket: Bucket
    ) throws {
        let marker: Int64
        if listing.afterVersion == "null" {
            marker = try version("null", of: listing.afterKey, in: bucket)?.id ?? .max
        } else {
            guard let id = OpaqueID.row(listing.afterVersion) else {
                throw S3Error.invalidArgument("Invalid version id specified")
            }
            marker = id
        }
        guard listing.afterKey.utf8.starts(with: listing.prefix.utf8) else { return }
        let newest = try latest(listing.afterKey, in: bucket)?.id
        try page.fill(
            from: KeyBytes.of(listing.afterKey),
            rows: { _, count in
                (
                    """
                    SELECT key, \(Self.listedColumns) FROM object_version INDEXED BY object_version_by_key
                    WHERE bucket_id = ? AND key = ? AND id < ? ORDER BY id DESC LIMIT ?
                    """, [bucket.id, KeyBytes.of(listing.afterKey), marker, count]
                )
            }, commonPrefix: { _ in nil },
            read: { key, row in
                try version(key, &row) { $0 == newest }
            })
    }

    /// - Parameter isLatest: says so of the version's row.
    private func version(_ key: String, _ row: inout RowDecoder, isLatest: (Int64) -> Bool) throws -> Version {
        let isLatest = isLatest(try row.integer())
        return Version(
            key: key, versionID: row.optionalText() ?? "null", isLatest: isLatest, isDeleteMarker: try row.bool(),
            size: try row.int(), etag: try row.text(), modifiedAt: Timestamp.date(try row.integer()),
            owner: try transaction.owner(row.optionalText()), checksum: S3Checksum(stored: row.optionalText()))
    }
}
