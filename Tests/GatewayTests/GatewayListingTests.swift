import Domain
import Foundation
import Gateway
import HTTPTypes
import NIOCore
import S3Server
import SigV4
import Synchronization
import TestSupport
import Testing
import Transport

/// Listings of the gateway's bucket, put together from pages of the buckets upstream.
@Suite struct GatewayListingTests {
    private func pages(
        _ upstream: ListedBucket, prefix: String = "", delimiter: String = "", limit: Int = 1_000
    ) async throws -> [S3ListingPage] {
        let stage = try GatewayStage(objects: upstream)
        var listing = S3Listing(bucket: "immuta", prefix: prefix, delimiter: delimiter, limit: limit)
        var pages: [S3ListingPage] = []
        while true {
            let page = try await stage.backend.listObjects(listing, stage.call(GatewayStage.reader))
            pages.append(page)
            guard let next = page.next else { return pages }
            try #require(listing.after.utf8.lexicographicallyPrecedes(next.utf8), "it goes on")
            listing.after = next
        }
    }

    /// What a bucket would answer that had the keys which the reader may read; data sources are there without any.
    private func expected(_ upstream: ListedBucket, prefix: String, delimiter: String) -> [String] {
        let keys = upstream.keys.compactMap { key in
            key.hasPrefix("day") ? "day/" + key : key.hasPrefix("raw/") ? key : nil
        }
        let listing = S3Listing(bucket: "immuta", prefix: prefix, delimiter: delimiter)
        let found =
            keys.filter { $0.hasPrefix(prefix) }.map { listing.commonPrefix(of: $0) ?? $0 }
            + ["day/", "raw/"].filter { $0.hasPrefix(prefix) }.compactMap { listing.commonPrefix(of: $0) }
        return Set(found).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    @Test(arguments: 0..<40)
    func `random buckets are listed as one bucket would be, whatever is the prefix, the delimiter and the page`(
        seed: UInt64
    ) async throws {
        var random = SeededGenerator(seed: seed)
        let letters = ["a", "b", "-", "/", "y"]
        func text(_ most: Int) -> String {
            (0..<Int.random(in: 0...most, using: &random)).map { _ in letters.randomElement(using: &random) ?? "" }
                .joined()
        }
        let upstream = ListedBucket(
            keys: (0..<60).map { _ in (["day", "raw/", "other/", ""].randomElement(using: &random) ?? "") + text(5) },
            mostKeys: Int.random(in: 1...9, using: &random))
        for _ in 0..<12 {
            let prefix = ["", "day/", "raw/", "day/d", "day/day", "r"].randomElement(using: &random) ?? ""
            let wanted = prefix + (prefix.contains("/") ? text(2) : "")
            let delimiter = ["", "/", "a", "y", "-", "y/", "a-"].randomElement(using: &random) ?? ""
            let limit = Int.random(in: 1...20, using: &random)
            let pages = try await pages(upstream, prefix: wanted, delimiter: delimiter, limit: limit)
            let about = Comment("prefix \(wanted) delimiter \(delimiter) limit \(limit)")
            let found = pages.flatMap { page in
                (page.entries.map(\.key) + page.commonPrefixes).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            }
            #expect(found == expected(upstream, prefix: wanted, delimiter: delimiter), about)
            #expect(pages.allSatisfy { $0.entries.count + $0.commonPrefixes.count <= limit }, about)
        }
    }

    @Test(arguments: [("day/", "/"), ("day/d", "/"), ("", "-"), ("day/", "/a")])
    func `a folder costs no more for what is in it`(prefix: String, delimiter: String) async throws {
        let folders = ["day-1/a", "day-2/a", "day-3/a"]
        let upstream = ListedBucket(
            keys: folders.flatMap { folder in (0..<3_000).map { "\(folder)/\($0)" } }, mostKeys: 1_000)
        let pages = try await pages(upstream, prefix: prefix, delimiter: delimiter)
        #expect(pages.flatMap(\.entries).isEmpty && !pages.flatMap(\.commonPrefixes).isEmpty)
        #expect(upstream.asked <= folders.count + 1, "of 9,000 keys, in pages of 1,000")
    }

    @Test func `a page that has cost enough ends, within a data source too`() async throws {
        // Every page upstream holds one key, and two thirds of all are rolled up here, by two characters.
        let upstream = ListedBucket(
            keys: (0..<300).map { "raw/\(1_000 + $0)" + ($0 % 3 == 0 ? "" : "ay-\($0)") }, mostKeys: 1)
        let pages = try await pages(upstream, prefix: "raw/", delimiter: "zz")
        #expect(pages.map(\.entries.count).reduce(0, +) == 300)
        #expect(pages.count == 6)
    }

    @Test func `who loses a data source in the middle of its listing is told so, and nobody else is`() async throws {
        let upstream = ListedBucket(keys: ["raw/a", "raw/b"], mostKeys: 1)
        let stage = try GatewayStage(objects: upstream)
        func goOn(after: String, isContinued: Bool = true) async throws -> [String] {
            var listing = S3Listing(bucket: "immuta", after: after)
            listing.isContinued = isContinued
            return try await stage.backend.listObjects(listing, stage.call(GatewayStage.reader)).entries.map(\.key)
        }
        for lost in ["other/a", "none/a"] {
            await #expect(throws: S3Error.accessDenied()) { try await goOn(after: lost) }
            #expect(try await goOn(after: lost, isContinued: false) == ["raw/a", "raw/b"])
        }
        #expect(try await goOn(after: "raw/a") == ["raw/b"])
        // The data source's own common prefix.
        #expect(try await goOn(after: "other/") == ["raw/a", "raw/b"])
        let rows = try await stage.audit.events(AuditQuery(), after: 0, limit: 10)
        #expect(rows.count { $0.outcome == .refused } == 2)
    }

    @Test func `a listing tells the storage class`() async throws {
        let stage = try GatewayStage()
        stage.upstream.answer(
            200,
            """
            <ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>raw/a</Key><Size>1</Size>
            <StorageClass>GLACIER</StorageClass></Contents><Contents><Key>raw/b</Key><Size>1</Size></Contents>
            </ListBucketResult>
            """)
        let page = try await stage.backend.listObjects(
            S3Listing(bucket: "immuta", prefix: "raw/"), stage.call(GatewayStage.reader))
        #expect(page.entries.map(\.storageClass) == ["GLACIER", "STANDARD"])
    }

    @Test func `an upstream whose listing goes round in circles is an error`() async throws {
        let upstream = ListedBucket(keys: [], mostKeys: 1, isStuck: true)
        await #expect(throws: S3Error.internalError) { try await pages(upstream, prefix: "raw/") }
        #expect(upstream.asked == 2)
    }
}

/// ListObjectsV2 of one bucket, in memory.
private final class ListedBucket: ObjectTransport {
    let keys: [String]
    private let mostKeys: Int
    private let isStuck: Bool
    private let count = Mutex(0)

    var asked: Int { count.withLock(\.self) }

    init(keys: [String], mostKeys: Int, isStuck: Bool = false) {
        self.keys = Set(keys).filter { !$0.isEmpty }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        self.mostKeys = mostKeys
        self.isStuck = isStuck
    }

    func send(_ request: ObjectRequest) async throws -> ObjectResponse {
        count.withLock { $0 += 1 }
        let target = request.head.path ?? ""
        let query = Dictionary(
            target.split(separator: "?").dropFirst().joined().split(separator: "&").map { item in
                let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                return (String(parts[0]), URIEncoding.decode(String(parts.last ?? "")) ?? "")
            }, uniquingKeysWith: { $1 })
        let bytes = Array(page(query).utf8)
        return ObjectResponse(
            status: .ok, headerFields: [.contentLength: String(bytes.count)],
            body: ObjectDownload(ByteBuffer(bytes: bytes)))
    }

    private func page(_ query: [String: String]) -> String {
        let prefix = query["prefix"] ?? ""
        let listing = S3Listing(bucket: "", prefix: prefix, delimiter: query["delimiter"] ?? "")
        let after = query["continuation-token"] ?? query["start-after"] ?? ""
        let limit = min(mostKeys, Int(query["max-keys"] ?? "") ?? 0)
        var (items, last, isTruncated) = ("", after, isStuck)
        var count = 0
        for key in keys where key.utf8.starts(with: prefix.utf8) && after.utf8.lexicographicallyPrecedes(key.utf8) {
            let common = listing.commonPrefix(of: key)
            let shown = common ?? key
            guard last.utf8.lexicographicallyPrecedes(shown.utf8) else { continue }
            guard count < limit else {
                isTruncated = true
                break
            }
            count += 1
            last = shown
            items +=
                common == nil
                ? "<Contents><Key>\(shown)</Key><Size>1</Size></Contents>"
                : "<CommonPrefixes><Prefix>\(shown)</Prefix></CommonPrefixes>"
        }
        let token = "<NextContinuationToken>\(isStuck ? "t" : last)</NextContinuationToken>"
        return """
            <ListBucketResult><IsTruncated>\(isTruncated)</IsTruncated>\(isTruncated ? token : "")\(items)\
            </ListBucketResult>
            """
    }
}
