import Foundation
import GRDB
import S3Server
import SQLiteStatements
import Testing

@testable import Sandbox

struct StoreListingTests {
    @Test func `Keys of any bytes are kept apart and in order`() async throws {
        try await StoreFixture.run { store in
            try await store.makeBucket()
            let keys = [
                "\0", "\u{1}", " ", "%", "+", "a", "a\0b", "a/../b", "e\u{301}", "e\u{301}/x", "\u{E9}", "\u{E9}/x",
                "\u{FFFF}", "\u{10FFFF}", "\u{10FFFF}a",
            ]
            for key in keys.shuffled() { try await store.put(key, key) }
            #expect(try await store.list().entries.map { Array($0.key.utf8) } == keys.map { Array($0.utf8) })
            for key in keys { #expect(try await store.get(key) == key) }
            let page = try await store.list(S3Listing(bucket: "bbb", prefix: "e\u{301}"))
            #expect(page.entries.count == 2)
            let high = try await store.list(S3Listing(bucket: "bbb", prefix: "\u{10FFFF}", delimiter: "a"))
            #expect(high.entries.map(\.key) == ["\u{10FFFF}"])
            #expect(high.commonPrefixes == ["\u{10FFFF}a"])
        }
    }

    @Test(
        arguments: [
            (S3Listing(bucket: "bbb"), ["a", "b/", "b/1", "b/2/3", "b0", "c/1"], []),
            (S3Listing(bucket: "bbb", delimiter: "/"), ["a", "b0"], ["b/", "c/"]),
            (S3Listing(bucket: "bbb", prefix: "b/", delimiter: "/"), ["b/", "b/1"], ["b/2/"]),
            (S3Listing(bucket: "bbb", prefix: "b", delimiter: "/"), ["b0"], ["b/"]),
            (S3Listing(bucket: "bbb", delimiter: "/", after: "b/"), ["b0"], ["c/"]),
            (S3Listing(bucket: "bbb", delimiter: "/", after: "b/1"), ["b0"], ["b/", "c/"]),
            (S3Listing(bucket: "bbb", prefix: "b/", after: "a"), ["b/", "b/1", "b/2/3"], []),
            (S3Listing(bucket: "bbb", prefix: "b/", after: "c"), [], []),
            (S3Listing(bucket: "bbb", delimiter: "/2"), ["a", "b/", "b/1", "b0", "c/1"], ["b/2"]),
            (S3Listing(bucket: "bbb", limit: 0), [], []),
        ] as [(S3Listing, [String], [String])])
    func `A page holds what it is asked for`(listing: S3Listing, keys: [String], prefixes: [String]) async throws {
        try await StoreFixture.run { store in
            try await store.makeBucket()
            for key in ["a", "b/", "b/1", "b/2/3", "b0", "c/1"] { try await store.put(key) }
            let page = try await store.list(listing)
            #expect(page.entries.map(\.key) == keys)
            #expect(page.commonPrefixes == prefixes)
            #expect(page.next == nil)
        }
    }

    @Test(arguments: 1...7, ["", "/"])
    func `Pages of any size together are the listing`(limit: Int, delimiter: String) async throws {
        try await StoreFixture.run { store in
            try await store.makeBucket()
            for key in ["a", "b/", "b/1", "b/2/3", "b0", "c/1"] { try await store.put(key) }
            var listing = S3Listing(bucket: "bbb", delimiter: delimiter)
            let whole = try await store.list(listing)
            listing.limit = limit
            var (keys, prefixes): ([String], [String]) = ([], [])
            while true {
                let page = try await store.list(listing)
                #expect(page.entries.count + page.commonPrefixes.count <= limit)
                keys += page.entries.map(\.key)
                prefixes += page.commonPrefixes
                guard let next = page.next else { break }
                listing.after = next
            }
            #expect(keys == whole.entries.map(\.key))
            #expect(prefixes == whole.commonPrefixes)
        }
    }

    @Test func `Folders side by side are listed once each, and so is what follows them`() async throws {
        try await StoreFixture.run { store in
            try await store.makeBucket()
            for key in ["a", "b/1", "b/2", "c/1", "d/1", "d/2", "e", "f/1"] { try await store.put(key) }
            let page = try await store.list(S3Listing(bucket: "bbb", delimiter: "/"))
            #expect(page.entries.map(\.key) == ["a", "e"])
            #expect(page.commonPrefixes == ["b/", "c/", "d/", "f/"])
            let versions = try await store.backend.listObjectVersions(
                S3VersionListing(bucket: "bbb", delimiter: "/"), store.call())
            #expect(versions.versions.map(\.key) == ["a", "e"])
            #expect(versions.commonPrefixes == ["b/", "c/", "d/", "f/"])
        }
    }

    @Test func `A page costs what is on it, not what is in the bucket`() async throws {
        try await StoreFixture.run { store in
            try await store.makeBucket()
            let bucket = try await store.backend.read { try #require(try $0.buckets.bucket("bbb")) }
            try await store.database.write { database in
                try database.run(
                    """
                    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 29999)
                    INSERT INTO object_version (bucket_id, key, is_current, is_delete_marker, size, etag, modified_at,
                        headers, owner)
                    SELECT ?, CAST(char(97 + i / 10000) || printf('/%06d', i) AS BLOB), 1, 0, 0, '', 0, '', '123456789012'
                    FROM n
                    """, [bucket.id])
            }
            let listing = S3Listing(bucket: "bbb", delimiter: "/", limit: 2)
            let counts = try await store.statements {
                let page = try await store.list(listing)
                #expect(page.commonPrefixes == ["a/", "b/"])
                #expect(page.next == "b/")
            }
            #expect(counts["SELECT"] == 3)
            for sql in [
                "SELECT key FROM object_version INDEXED BY object_current WHERE bucket_id = 1 AND is_current = 1 "
                    + "AND key >= x'61' AND key < x'62' ORDER BY key LIMIT 9",
                "SELECT key FROM object_version INDEXED BY object_version_by_key WHERE bucket_id = 1 "
                    + "AND key >= x'61' AND key < x'62' ORDER BY key, id DESC LIMIT 9",
                "SELECT key FROM upload INDEXED BY upload_by_key WHERE completed_at IS NULL AND bucket_id = 1 "
                    + "AND key >= x'61' AND key < x'62' ORDER BY key, id LIMIT 9",
            ] {
                let plan = try await store.database.read { database in
                    try database.rows("EXPLAIN QUERY PLAN \(sql)").map { $0["detail"] as String }
                }
                #expect(plan.count == 1 && plan.allSatisfy { $0.hasPrefix("SEARCH") }, "\(plan)")
            }
        }
    }

    @Test func `Buckets are paged by name, each account's own`() async throws {
        try await StoreFixture.run { store in
            for name in ["abc", "abd", "xyz"] { try await store.makeBucket(name) }
            var listing = S3BucketListing(limit: 2)
            let first = try await store.backend.listBuckets(listing, store.call())
            #expect(first.buckets.map(\.name) == ["abc", "abd"])
            #expect(first.isTruncated)
            listing.after = "abd"
            let second = try await store.backend.listBuckets(listing, store.call())
            #expect(second.buckets.map(\.name) == ["sandbox-data", "xyz"])
            #expect(!second.isTruncated)
            #expect(
                try await store.backend.listBuckets(S3BucketListing(prefix: "ab"), store.call()).buckets.count == 2)
            let others = try await store.backend.listBuckets(S3BucketListing(), store.call(store.other))
            #expect(others.buckets.isEmpty)
            #expect(others.owner == S3Owner(id: store.other.canonicalID, displayName: "other"))
        }
    }
}
