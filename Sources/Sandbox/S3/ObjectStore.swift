import Crypto
import GRDB
import HTTPTypes
import S3Server

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Buckets and objects, read and written within one transaction of the sandbox's database.
struct ObjectStore {
    struct Bucket: Sendable, Equatable {
        let name: String
        let account: String
        let region: String
        let createdAt: Milliseconds
    }

    let database: Database

    // MARK: Buckets

    func bucket(_ name: String) throws -> Bucket? {
        try database.row("SELECT * FROM bucket WHERE name = ?", arguments: [name]).map(Self.bucket)
    }

    func buckets(account: String) throws -> [Bucket] {
        try database.rows(
            "SELECT * FROM bucket WHERE account = ? ORDER BY name", arguments: [account]
        ).map(Self.bucket)
    }

    func insertBucket(_ name: String, account: String, region: String, now: Milliseconds) throws {
        try database.run(
            "INSERT INTO bucket (name, account, region, created_at) VALUES (?, ?, ?, ?)",
            arguments: [name, account, region, now])
    }

    func isEmpty(_ bucket: String) throws -> Bool {
        try database.value(
            "SELECT NOT EXISTS (SELECT 1 FROM object WHERE bucket = ?)", arguments: [bucket]) ?? true
    }

    func deleteBucket(_ name: String) throws {
        try database.run("DELETE FROM bucket WHERE name = ?", arguments: [name])
    }

    private static func bucket(_ row: Row) -> Bucket {
        Bucket(
            name: row["name"], account: row["account"], region: row["region"], createdAt: row["created_at"])
    }

    // MARK: Objects

    func put(
        bucket: String, key: String, content: [UInt8], headers: HTTPFields, now: Milliseconds
    ) throws -> S3ObjectInfo {
        let etag = Insecure.MD5.hash(data: content).map { byte in
            String(byte >> 4, radix: 16) + String(byte & 0xF, radix: 16)
        }.joined()
        try database.run(
            """
            INSERT INTO object (bucket, key, size, etag, modified_at, headers, content)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (bucket, key) DO UPDATE SET size = excluded.size, etag = excluded.etag,
                modified_at = excluded.modified_at, headers = excluded.headers, content = excluded.content
            """,
            arguments: [bucket, key, content.count, etag, now, Self.encode(headers), Data(content)])
        return S3ObjectInfo(size: content.count, etag: etag, modifiedAt: Timestamp.date(now), headers: headers)
    }

    func info(bucket: String, key: String) throws -> S3ObjectInfo? {
        try database.row(
            "SELECT size, etag, modified_at, headers FROM object WHERE bucket = ? AND key = ?",
            arguments: [bucket, key]
        ).map { row in
            S3ObjectInfo(
                size: row["size"], etag: row["etag"], modifiedAt: Timestamp.date(row["modified_at"]),
                headers: Self.decode(row["headers"]))
        }
    }

    /// The bytes at `range`, which lies within the object.
    func content(bucket: String, key: String, range: Range<Int>) throws -> [UInt8] {
        let data: Data? = try database.value(
            "SELECT substr(content, ?, ?) FROM object WHERE bucket = ? AND key = ?",
            arguments: [range.lowerBound + 1, range.count, bucket, key])
        return data.map(Array.init) ?? []
    }

    func delete(bucket: String, key: String) throws {
        try database.run("DELETE FROM object WHERE bucket = ? AND key = ?", arguments: [bucket, key])
    }

    // MARK: Listings

    /// Objects in order of key, common prefixes rolled up; each rolled-up prefix costs one seek, whatever is under it.
    func list(_ listing: S3Listing) throws -> S3ListingPage {
        var page = S3ListingPage()
        guard listing.limit > 0 else { return page }
        var cursor = KeyCursor.after(listing.after)
        if !listing.delimiter.isEmpty, listing.commonPrefix(of: listing.after) == listing.after {
            cursor = .afterPrefix(listing.after)
        }
        var last: String?
        while let entry = try next(cursor, listing) {
            if page.entries.count + page.commonPrefixes.count == listing.limit {
                page.next = last
                return page
            }
            if let prefix = listing.commonPrefix(of: entry.key) {
                page.commonPrefixes.append(prefix)
                (cursor, last) = (.afterPrefix(prefix), prefix)
            } else {
                page.entries.append(entry)
                (cursor, last) = (.after(entry.key), entry.key)
            }
        }
        return page
    }

    private enum KeyCursor {
        case after(String)
        /// After everything that begins so.
        case afterPrefix(String)
    }

    /// The highest code point ends no key a client would choose; what sorts after it is passed over too.
    private static let highest = "\u{10FFFF}"

    private func next(_ cursor: KeyCursor, _ listing: S3Listing) throws -> S3ListingPage.Entry? {
        let after =
            switch cursor {
            case .after(let key): key
            case .afterPrefix(let prefix): prefix + Self.highest
            }
        return try Row.fetchOne(
            database.cachedStatement(
                sql: """
                    SELECT key, size, etag, modified_at FROM object
                    WHERE bucket = ? AND key > ? AND key >= ? AND key < ? ORDER BY key LIMIT 1
                    """),
            arguments: [listing.bucket, after, listing.prefix, listing.prefix + Self.highest]
        ).map { row in
            S3ListingPage.Entry(
                key: row["key"], size: row["size"], etag: row["etag"], modifiedAt: Timestamp.date(row["modified_at"]))
        }
    }

    // MARK: Headers

    /// One `name:value` a line; neither holds a line end.
    private static func encode(_ headers: HTTPFields) -> String {
        headers.map { "\($0.name.rawName):\($0.value)" }.joined(separator: "\n")
    }

    private static func decode(_ text: String) -> HTTPFields {
        var headers = HTTPFields()
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let name = HTTPField.Name(String(parts[0])) else { continue }
            headers.append(HTTPField(name: name, value: String(parts[1])))
        }
        return headers
    }
}
