public import Domain
public import S3Server

extension GatewayBackend: S3ObjectLister {
    public func listObjects(
        _ listing: S3Listing, _ call: S3Call<GatewayCaller>
    ) async throws -> S3ListingPage {
        try check(bucket: listing.bucket, call)
        guard listing.limit > 0 else { return S3ListingPage() }
        if listing.isContinued { try await checkContinuing(listing, call) }
        var walk = GatewayListing(listing)
        var sources = DataSourceWalk(prefix: listing.prefix, after: listing.after)
        while let page = try await sources.next(
            repository, call.identity.user, isRolledUp: !listing.delimiter.isEmpty, limit: listing.limit)
        {
            for (index, dataSource) in page.enumerated() {
                let isLast = index == page.count - 1 && sources.isAtEnd
                if walk.rollUp(dataSource) {
                    if walk.isFull { return walk.page(hasMore: !isLast) }
                    continue
                }
                let hasMore = try await list(dataSource, &walk)
                if walk.isFull || walk.isTired { return walk.page(hasMore: hasMore || !isLast) }
            }
        }
        return walk.page(hasMore: false)
    }

    /// Who loses the right to a data source in the middle of it is told so: a listing that ended there as if it were complete
    /// would have a client that mirrors it delete what it has. Nobody learns which data sources there are.
    /// - Throws: `AccessDenied`.
    private func checkContinuing(_ listing: S3Listing, _ call: Call) async throws {
        let key = GatewayKey(listing.after)
        guard let name = key.name, !name.isEmpty,
            try await repository.dataSource(key.sqlTableName, for: call.identity.user) == nil
        else { return }
        try await record([AuditedKey(listing.after, .refused)], .readObject, call)
        throw S3Error.accessDenied()
    }

    /// - Returns: whether the data source has more than what is on the page now.
    private func list(_ dataSource: GatewayDataSource, _ walk: inout GatewayListing) async throws -> Bool {
        var next = walk.question(of: dataSource)
        while let question = next {
            let answer = try await document(
                question.request(limit: walk.limit(of: question)), from: dataSource, key: "")
            walk.asked()
            guard let page = UpstreamListing(answer), page.next == nil || page.next != question.continuation else {
                throw S3Error.internalError
            }
            let isComplete = walk.take(page, of: dataSource)
            next = walk.question(after: page, to: question, of: dataSource)
            guard isComplete, !walk.isFull, !walk.isTired else { return !isComplete || next != nil }
        }
        return false
    }
}

/// The data sources whose names may begin keys of a listing, in their order.
private struct DataSourceWalk {
    private var query: GatewayQuery
    /// The prefix names one data source.
    private let isSingle: Bool
    private(set) var isAtEnd = false

    init(prefix: String, after: String) {
        let key = GatewayKey(prefix)
        isSingle = key.name != nil
        query = GatewayQuery(prefix: key.sqlTableName, from: Self.name(in: after))
        // There is no name with other characters.
        if !key.sqlTableName.utf8.allSatisfy(Self.isNameByte) { isAtEnd = true }
    }

    mutating func next(
        _ repository: any GatewayRepository, _ user: UserID, isRolledUp: Bool, limit: Int
    ) async throws -> [GatewayDataSource]? {
        guard !isAtEnd else { return nil }
        if isSingle {
            isAtEnd = true
            return try await repository.dataSource(query.prefix, for: user).map { [$0] }
        }
        query.limit = isRolledUp ? limit + 1 : Self.pageSize
        let page = try await repository.dataSources(query, for: user)
        isAtEnd = page.count < query.limit
        if let last = page.last { (query.from, query.excludesFrom) = (last.sqlTableName, true) }
        return page
    }

    private static let pageSize = 50

    /// The data source a key is of, or would be the next before: the rest of it cannot be part of a name.
    private static func name(in key: String) -> String {
        String(decoding: key.utf8.prefix(while: isNameByte), as: UTF8.self)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x61...0x7A, UInt8(ascii: "_"): true
        default: false
        }
    }
}
