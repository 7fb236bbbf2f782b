import AWS
import Domain
import HTTPTypes
import S3Server
import SigV4
import XML

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A page of a listing while it is put together from the data sources' own, in key order.
struct GatewayListing {
    private let listing: S3Listing
    private var result = S3ListingPage()
    /// The last key or common prefix looked at; what comes next sorts after it.
    private var last: String
    private var questions = 0

    /// Upstream requests of one page that has something on it: data sources may be empty.
    private static let mostQuestions = 50

    init(_ listing: S3Listing) {
        self.listing = listing
        last = listing.after
    }

    private var count: Int { result.entries.count + result.commonPrefixes.count }
    var room: Int { listing.limit - count }
    var isFull: Bool { room <= 0 }
    /// It has cost enough, and the client can go on from what it has.
    var isTired: Bool { count > 0 && questions >= Self.mostQuestions }

    /// What is rolled up here is asked for in large pages: most of it may be one common prefix.
    func limit(of question: UpstreamQuestion) -> Int {
        listing.delimiter.isEmpty || !question.delimiter.isEmpty ? room : 1_000
    }

    mutating func asked() { questions += 1 }

    func page(hasMore: Bool) -> S3ListingPage {
        var page = result
        page.next = hasMore && count > 0 ? last : nil
        return page
    }

    /// Takes the whole data source as one common prefix, when the delimiter is in its name or behind it.
    mutating func rollUp(_ dataSource: GatewayDataSource) -> Bool {
        guard let common = listing.commonPrefix(of: dataSource.sqlTableName + "/") else { return false }
        add(commonPrefix: common)
        return true
    }

    private mutating func add(commonPrefix: String) {
        guard last.utf8.lexicographicallyPrecedes(commonPrefix.utf8) else { return }
        result.commonPrefixes.append(commonPrefix)
        last = commonPrefix
    }

    /// What to ask of the data source; nil when nothing of it can be on the page.
    func question(of dataSource: GatewayDataSource) -> UpstreamQuestion? {
        let folder = dataSource.sqlTableName + "/"
        let wanted = GatewayKey(listing.prefix).name
        guard let prefix = dataSource.place.narrowed(wanted ?? "") else { return nil }
        var question = UpstreamQuestion(
            bucket: dataSource.place.bucket, prefix: dataSource.place.folder + prefix)
        if rollsUpAlike(folder + prefix) { question.delimiter = listing.delimiter }
        if last.utf8.starts(with: folder.utf8) {
            var name = String(decoding: last.utf8.dropFirst(folder.utf8.count), as: UTF8.self)
            // Behind all that begins with it.
            if isRolledUp(last, in: last) { name += "\u{10FFFF}" }
            question.after = dataSource.place.folder + name
        } else if folder.utf8.lexicographicallyPrecedes(last.utf8) {
            return nil
        }
        return question
    }

    /// What to ask after `page`, the answer to `question`; nil when that was the last.
    func question(
        after page: UpstreamListing, to question: UpstreamQuestion, of dataSource: GatewayDataSource
    ) -> UpstreamQuestion? {
        guard let token = page.next else { return nil }
        // Whatever else begins with the common prefix that the page ends in need not be read.
        if let item = page.items.last, item.entry != nil, let key = dataSource.gatewayKey(of: item.key),
            isRolledUp(key, in: last)
        {
            return self.question(of: dataSource)
        }
        var next = question
        next.continuation = token
        return next
    }

    /// A common prefix is rolled up in itself.
    private func isRolledUp(_ key: String, in common: String) -> Bool {
        listing.commonPrefix(of: key)?.utf8.elementsEqual(common.utf8) ?? false
    }

    /// Whether keys that begin with `start` are rolled up behind it as behind the listing's prefix, which it begins with: no
    /// delimiter begins between the two.
    private func rollsUpAlike(_ start: String) -> Bool {
        let between = start.utf8.dropFirst(listing.prefix.utf8.count)
        let delimiter = listing.delimiter.utf8
        return between.isEmpty || (delimiter.count == 1 && !between.contains { $0 == delimiter.first })
    }

    /// - Returns: whether all of it found room.
    mutating func take(_ page: UpstreamListing, of dataSource: GatewayDataSource) -> Bool {
        for item in page.items {
            guard let key = dataSource.gatewayKey(of: item.key),
                last.utf8.lexicographicallyPrecedes(key.utf8),
                key.utf8.starts(with: listing.prefix.utf8)
            else { continue }
            if let common = item.entry == nil ? key : listing.commonPrefix(of: key) {
                guard last.utf8.lexicographicallyPrecedes(common.utf8) else { continue }
                guard !isFull else { return false }
                add(commonPrefix: common)
            } else if var entry = item.entry {
                guard !isFull else { return false }
                entry.key = key
                result.entries.append(entry)
                last = key
            }
        }
        return true
    }
}

/// What is asked of a data source's bucket.
struct UpstreamQuestion {
    var bucket: String
    var prefix: String
    var delimiter = ""
    var after: String?
    var continuation: String?

    func request(limit: Int) -> S3ObjectRequest {
        var query: [(String, String?)] = [
            ("list-type", "2"), ("encoding-type", "url"), ("max-keys", String(limit)), ("prefix", prefix),
            ("continuation-token", continuation),
        ]
        if !delimiter.isEmpty { query.append(("delimiter", delimiter)) }
        if continuation == nil { query.append(("start-after", after.flatMap { $0.isEmpty ? nil : $0 })) }
        return S3ObjectRequest(
            operation: "s3:ListBucket", method: .get, bucket: bucket,
            query: query.compactMap { name, value in value.map { QueryParameter(name: name, value: $0) } })
    }
}

/// A page of a data source's bucket.
struct UpstreamListing {
    struct Item {
        /// Of the bucket, or a common prefix there.
        var key: String
        /// nil for a common prefix.
        var entry: S3ListingPage.Entry?
    }

    /// In order of key.
    var items: [Item]
    /// Where it goes on.
    var next: String?

    /// nil for what is no listing.
    init?(_ answer: UpstreamDocument) {
        let root = answer.root
        guard root.name == "ListBucketResult" else { return nil }
        let isEncoded = root["EncodingType"] == "url"
        items = []
        for element in root.children where element.name == "Contents" || element.name == "CommonPrefixes" {
            let isCommon = element.name == "CommonPrefixes"
            let name = isCommon ? "Prefix" : "Key"
            guard let key = isEncoded ? element.decoded(name) : element[name] else { return nil }
            items.append(Item(key: key, entry: isCommon ? nil : Self.entry(element)))
        }
        items.sort { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        if root["IsTruncated"] == "true" { next = root["NextContinuationToken"] }
    }

    private static func entry(_ element: XMLElement) -> S3ListingPage.Entry {
        S3ListingPage.Entry(
            key: "", size: element["Size"].flatMap { Int($0) } ?? 0, etag: element["ETag"]?.unquoted ?? "",
            modifiedAt: element.date("LastModified") ?? Date(timeIntervalSince1970: 0), owner: GatewayBackend.owner,
            storageClass: element["StorageClass"] ?? "STANDARD")
    }
}
