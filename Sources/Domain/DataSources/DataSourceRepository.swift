#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Data sources and who may use them. Each call is one transaction, with the audit rows of what it changes in it; what it
/// returns was read inside. What gives the worker something to do marks subscriptions as unplanned: wake it afterwards.
///
/// A call that changes a data source which is there checks in its transaction what `origin`'s actor may do with it
/// (`DataSourceRight`): `notFound` when he may not see it, `forbidden` when he may not change it.
public protocol DataSourceRepository: Sendable {
    /// All or none, in one commit with the answer kept under `answer`'s key. The viewer becomes the owner of each, with
    /// `READ`.
    ///
    /// - Throws: `dataSourcesExist` naming every name that is in use or asked for twice; `integrationNotEnabled` when it is
    ///   not any more; `noIntegration`.
    func insert(
        _ new: [NewDataSource], of integration: IntegrationID, for viewer: DataSourceViewer,
        answer: AnswerToKeep<Registration>?, by origin: AuditOrigin, now: Date
    ) async throws(DomainError) -> InsertedDataSources
    /// What `insert` would make of `new`; nothing is stored.
    ///
    /// - Throws: as `insert`, names in use excepted: `duplicates` tells them.
    func preview(
        _ new: [NewDataSource], of integration: IntegrationID, for viewer: DataSourceViewer
    )
        async throws(DomainError) -> RegistrationPreview

    func dataSource(_ key: DataSourceKey, for viewer: DataSourceViewer) async throws(DomainError) -> DataSourceView?
    func search(_ query: DataSourceQuery, for viewer: DataSourceViewer) async throws(DomainError) -> DataSourcePage

    /// - Throws: `notFound`; `forbidden`; `conflict` when the name is in use, or when a disabled one is to come back
    ///   whose integration is not in use; `preconditionFailed` when `revision` is another.
    func update(
        _ id: DataSourceID, _ change: DataSourceChange, revision: Int64?, by origin: AuditOrigin, now: Date
    )
        async throws(DomainError) -> DataSource
    /// Disables it; deletes it when it is disabled already.
    ///
    /// - Throws: `notFound`; `forbidden`; `preconditionFailed`.
    func delete(
        _ id: DataSourceID, revision: Int64?, by origin: AuditOrigin, now: Date
    )
        async throws(DomainError) -> DataSourceRemoval

    /// By user id, those after `after`; revoked ones while their grants are there.
    ///
    /// - Parameter limit: `nil` for all.
    func access(to id: DataSourceID, after: UserID?, limit: Int?) async throws(DomainError) -> [AccessRow]
    /// Gives or changes it; asked for what is so already, nothing changes.
    ///
    /// - Throws: `notFound` when there is no such data source or user; `forbidden`; `conflict` when it would leave no
    ///   owner.
    func setAccess(
        to id: DataSourceID, of user: UserID, state: SubscriptionState, level: AccessLevel, by origin: AuditOrigin,
        admin: UserID, now: Date
    ) async throws(DomainError) -> AccessRow
    /// - Throws: `notFound` when the user has none; `forbidden`; `conflict` when it would leave no owner.
    func revokeAccess(
        to id: DataSourceID, of user: UserID, by origin: AuditOrigin, now: Date
    )
        async throws(DomainError) -> AccessRow
    /// Marks all their subscriptions as unplanned, and as due what failed, a removal too.
    ///
    /// - Throws: `notFound` naming those that are not there; `forbidden`.
    func refresh(_ ids: [DataSourceID], by origin: AuditOrigin, now: Date) async throws(DomainError)
}

extension DataSourceRepository {
    /// All of it.
    public func access(to id: DataSourceID) async throws(DomainError) -> [AccessRow] {
        try await access(to: id, after: nil, limit: nil)
    }
}

public struct NewDataSource: Sendable, Equatable {
    /// 1 to 255 characters; `DataSource.defaultName` when the caller gave none.
    public var name: String
    public var prefix: DataPrefix
    /// Where the data lies, as `DataPrefix.scope` says.
    public var scope: String

    public init(name: String, prefix: DataPrefix, scope: String) {
        self.name = name
        self.prefix = prefix
        self.scope = scope
    }
}

/// Two data sources of which one holds keys of the other.
public struct DataSourceOverlap: Sendable, Equatable {
    /// Its place among the new ones.
    public var index: Int
    /// The other one's name; `nil` when the viewer may not see it.
    public var name: String?

    public init(index: Int, name: String?) {
        self.index = index
        self.name = name
    }
}

/// The overlaps of new data sources with those that are there and with one another, each pair of new ones once.
public struct DataSourceOverlaps: Sendable, Equatable {
    /// How many are told at most.
    public static let limit = 100

    /// By index, then by name.
    public var first: [DataSourceOverlap]
    /// Whether there are more than `first` tells.
    public var hasMore: Bool

    public init(first: [DataSourceOverlap] = [], hasMore: Bool = false) {
        self.first = first
        self.hasMore = hasMore
    }
}

/// What was registered, in the order asked for.
public struct Registration: Sendable, Equatable {
    public var dataSources: [DataSource]
    public var overlaps: DataSourceOverlaps

    public init(dataSources: [DataSource], overlaps: DataSourceOverlaps) {
        self.dataSources = dataSources
        self.overlaps = overlaps
    }
}

public enum InsertedDataSources: Sendable, Equatable {
    case inserted(Registration)
    /// Another request with the same key came first; nothing was inserted.
    case kept(KeptAnswer)
}

/// What would be registered.
public struct RegistrationPreview: Sendable, Equatable {
    /// As they would be given, in order.
    public var sqlTableNames: [String]
    /// Names that are in use, or asked for twice; each once, in the order asked for.
    public var duplicates: [String]
    public var overlaps: DataSourceOverlaps

    public init(sqlTableNames: [String], duplicates: [String], overlaps: DataSourceOverlaps) {
        self.sqlTableNames = sqlTableNames
        self.duplicates = duplicates
        self.overlaps = overlaps
    }
}

public enum DataSourceKey: Sendable, Hashable {
    case id(DataSourceID)
    case name(String)
    case sqlTableName(String)
}

/// Who looks: what one may not see is not there.
public enum DataSourceViewer: Sendable, Hashable {
    /// `GOVERNANCE` or `USER_ADMIN`.
    case everything(UserID)
    /// Those one is subscribed to, or owns.
    case subscriber(UserID)

    public init(_ user: UserID, _ permissions: Set<Permission>) {
        let seesAll = permissions.contains(.governance) || permissions.contains(.userAdmin)
        self = seesAll ? .everything(user) : .subscriber(user)
    }

    public var user: UserID {
        switch self {
        case .everything(let user), .subscriber(let user): user
        }
    }
}

/// A data source as a viewer sees it.
public struct DataSourceView: Sendable, Equatable {
    public var dataSource: DataSource
    /// The viewer's own, unless it was revoked.
    public var subscription: SubscriptionState?
    /// How many subscriptions have which status, of the first 10,000; in the detail only.
    public var grantCounts: [GrantStatus: Int]

    public init(
        dataSource: DataSource, subscription: SubscriptionState?, grantCounts: [GrantStatus: Int] = [:]
    ) {
        self.dataSource = dataSource
        self.subscription = subscription
        self.grantCounts = grantCounts
    }
}

public struct DataSourceQuery: Sendable, Equatable {
    /// Part of the name, whatever its case.
    public var searchText: String?
    /// The viewer's own state.
    public var subscription: SubscriptionState?
    public var integrationID: IntegrationID?
    public var sort: Sort = .name
    public var isAscending = true
    public var size = 50
    public var offset = 0
    /// Of the page before: where to go on, whatever was added or removed meanwhile.
    public var cursor: DataSourceCursor?

    public enum Sort: String, Sendable, CaseIterable {
        /// By code point.
        case name
        /// As `id`: ids are given in the order of creation.
        case createdAt
        case id
    }

    /// What a search with filters counts to at most.
    public static let countLimit = 5_000

    public init() {}
}

/// The last row of a page.
public struct DataSourceCursor: Sendable, Equatable {
    /// The sorted value: the name, or the id.
    public var value: String
    public var id: DataSourceID

    public init(value: String, id: DataSourceID) {
        self.value = value
        self.id = id
    }
}

public struct DataSourcePage: Sendable, Equatable {
    public var hits: [DataSourceView]
    /// All that match, whichever page this is; a lower limit when `isCountExact` is false.
    public var count: Int
    /// False when filters leave more than are worth counting: see `DataSourceQuery.countLimit`.
    public var isCountExact: Bool
    /// `nil` on the last page.
    public var next: DataSourceCursor?

    public init(hits: [DataSourceView], count: Int, isCountExact: Bool = true, next: DataSourceCursor?) {
        self.hits = hits
        self.count = count
        self.isCountExact = isCountExact
        self.next = next
    }
}

public struct DataSourceChange: Sendable, Equatable {
    public var name: String?
    /// `.some(nil)` removes it.
    public var description: String??
    /// A disabled one comes back.
    public var isRestored = false

    public init() {}
}

public enum DataSourceRemoval: Sendable, Equatable {
    case disabled(DataSource)
    case deleted(DataSource)
}

/// A subscription with its user and how far AWS is.
public struct AccessRow: Sendable, Equatable {
    public var subscription: Subscription
    public var user: User
    public var grant: GrantState

    public init(subscription: Subscription, user: User, grant: GrantState) {
        self.subscription = subscription
        self.user = user
        self.grant = grant
    }
}
