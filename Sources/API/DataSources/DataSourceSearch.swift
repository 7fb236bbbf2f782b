import Domain

/// The query of `GET /dataSource`.
struct DataSourceSearch {
    static let defaultSize = 50
    static let maximumSize = 1000

    var query = DataSourceQuery()
    /// Whether there can be hits: there is one kind of handler only.
    var hasHits = true
    private var members = Members.all

    private enum Members {
        case all, name, id
    }

    private enum Order: String, CaseIterable {
        case ascending = "asc"
        case descending = "desc"
    }

    /// - Throws: `badRequest` with every fault.
    static func read(_ parameters: QueryReader) throws(DomainError) -> DataSourceSearch {
        var parameters = parameters
        var search = DataSourceSearch()
        search.query.searchText = parameters.text("searchText", limit: DataSource.maximumNameLength).flatMap {
            $0.isEmpty ? nil : $0
        }
        search.query.subscription = parameters.choice("subscription", of: SubscriptionState.self)
        if let type = parameters.text("blobHandlerType", limit: 100) {
            search.hasHits = type == IntegrationRequest.type
        }
        search.query.size = parameters.integer("size", in: 1...maximumSize) ?? defaultSize
        search.readMembers(&parameters)
        search.readPlace(&parameters)
        try parameters.finish().refuse()
        return search
    }

    private mutating func readMembers(_ parameters: inout QueryReader) {
        let nameOnly = parameters.flag("nameOnly")
        let idOnly = parameters.flag("idOnly")
        if nameOnly, idOnly { parameters.fault("idOnly", "must not be given with nameOnly") }
        members = nameOnly ? .name : idOnly ? .id : .all
    }

    /// A cursor goes on in the order it was made in, which may be said again.
    private mutating func readPlace(_ parameters: inout QueryReader) {
        let offset = parameters.integer("offset", in: 0...Int(Int32.max))
        let sort = parameters.choice("sortField", of: DataSourceQuery.Sort.self)
        let order = parameters.choice("sortOrder", of: Order.self)
        query.offset = offset ?? 0
        query.sort = sort ?? .name
        query.isAscending = order != .descending
        guard let text = parameters.text("cursor", limit: 4096) else { return }
        guard let cursor = Cursor(text) else {
            return parameters.fault("cursor", "must be the nextCursor of a page")
        }
        if offset != nil { parameters.fault("offset", "must not be given with cursor") }
        if let sort, sort != cursor.sort { parameters.fault("sortField", "must be that of the page before") }
        if let order, (order == .ascending) != cursor.isAscending {
            parameters.fault("sortOrder", "must be that of the page before")
        }
        query.sort = cursor.sort
        query.isAscending = cursor.isAscending
        query.cursor = cursor.place
    }
}

// MARK: The answer

extension DataSourceSearch {
    var none: JSONValue { json(DataSourcePage(hits: [], count: 0, next: nil)) }

    func json(_ page: DataSourcePage) -> JSONValue {
        let next = page.next.map { Cursor(sort: query.sort, isAscending: query.isAscending, place: $0).text }
        return .members([
            "hits": .array(page.hits.map(json)),
            "count": .integer(page.count),
            "isCountExact": .bool(page.isCountExact),
            "nextCursor": next.map { .string($0) } ?? .null,
        ])
    }

    private func json(_ view: DataSourceView) -> JSONValue {
        let id = JSONValue.integer(view.dataSource.id.value)
        return switch members {
        case .all: view.summary
        case .name: .members(["id": id, "name": .string(view.dataSource.name)])
        case .id: .members(["id": id])
        }
    }
}

extension DataSourceSearch {
    /// A place in a certain order, as text that nobody needs to understand: base64url of `1 name asc 17 value`.
    struct Cursor: Equatable {
        private static let version = "1"

        var sort: DataSourceQuery.Sort
        var isAscending: Bool
        var place: DataSourceCursor

        init(sort: DataSourceQuery.Sort, isAscending: Bool, place: DataSourceCursor) {
            self.sort = sort
            self.isAscending = isAscending
            self.place = place
        }

        init?(_ text: String) {
            guard let bytes = Base64URL.decode(text), let plain = String(validating: bytes, as: UTF8.self) else {
                return nil
            }
            let parts = plain.split(separator: " ", maxSplits: 4, omittingEmptySubsequences: false)
            guard parts.count == 5, parts[0] == Self.version,
                let sort = DataSourceQuery.Sort(rawValue: String(parts[1])),
                let order = Order(rawValue: String(parts[2])),
                let id = parts[3].decimalInteger, sort == .name || parts[4].decimalInteger != nil
            else { return nil }
            self.init(
                sort: sort, isAscending: order == .ascending,
                place: DataSourceCursor(value: String(parts[4]), id: DataSourceID(id)))
        }

        var text: String {
            let order = isAscending ? Order.ascending : .descending
            let plain = "\(Self.version) \(sort.rawValue) \(order.rawValue) \(place.id) \(place.value)"
            return Base64URL.encode(Array(plain.utf8))
        }
    }
}
