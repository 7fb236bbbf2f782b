#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Where integrations are kept. Each call is one transaction; what it returns was read inside it.
public protocol IntegrationRepository: Sendable {
    /// `nil` when there is none or it is `deleted`, unless `includingDeleted`.
    func integration(_ id: IntegrationID, includingDeleted: Bool) async throws(DomainError) -> Integration?
    /// The revision alone, for who has the rest at hand; `nil` when there is none or it is `deleted`.
    func revision(_ id: IntegrationID) async throws(DomainError) -> Int64?
    /// All but the deleted ones, by id.
    func integrations() async throws(DomainError) -> [Integration]

    /// Stores a new one with revision 1, the answer it gets under `answer`'s key, and its audit row, in one commit.
    ///
    /// A scope that a `disabled` integration of the same account and Region left behind passes to the new one: the tests
    /// have just found that AWS has no location there. `save` does the same.
    ///
    /// - Throws: `conflict` when its name, path or scope is in use; what test 1 answers when that one is in `createError`.
    func insert(
        _ new: NewIntegration, answer: AnswerToKeep<Integration>?, by origin: AuditOrigin
    )
        async throws(DomainError) -> InsertedIntegration

    /// Replaces it whole if it still has the revision it was read with; returns it with the next revision.
    /// The secret of a `deleted` one is not kept: it reads as empty.
    ///
    /// - Parameter request: of whom it is the wish, for the audit log; `nil` for a step of the worker towards it.
    /// - Throws: `staleRevision`; `notFound`; as `insert` when its name, path or scope is in use; `internal` when its
    ///   status is more than one event away from the stored one.
    @discardableResult
    func save(_ integration: Integration, for request: AuditedRequest?) async throws(DomainError) -> Integration
    /// Notes that a check passed and changed nothing: no new revision. Nothing happens when it is gone.
    func recordCheck(_ id: IntegrationID, next: Date) async throws(DomainError)

    /// Those with work due, longest due first.
    func due(now: Date, limit: Int) async throws(DomainError) -> [Integration]
    /// Those in service whose check is due: the noted moment, or `interval` after they became so. In service are `enabled`
    /// and `recurringValidationError` ones, and those behind an `editError` or a `deleteError`.
    func dueForCheck(now: Date, interval: TimeInterval, limit: Int) async throws(DomainError) -> [Integration]
    /// When the next of either is due; `nil` when nothing is scheduled.
    func nextDue(checkInterval: TimeInterval) async throws(DomainError) -> Date?

    /// The answer kept under the key, if it is no older than `since`.
    func keptAnswer(key: String, user: UserID, since: Date) async throws(DomainError) -> KeptAnswer?
}

extension IntegrationRepository {
    /// A step of the worker.
    @discardableResult
    public func save(_ integration: Integration) async throws(DomainError) -> Integration {
        try await save(integration, for: nil)
    }
}

/// An answer to be kept under an `Idempotency-Key`, with what is stored and in its transaction.
public struct AnswerToKeep<Stored>: Sendable {
    public var key: String
    public var user: UserID
    /// SHA-256 of the request's body.
    public var requestHash: [UInt8]
    public var now: Date
    /// Answers older than this are forgotten in the same transaction.
    public var expiredBefore: Date
    /// Renders the answer, once the ids are known.
    public var render: @Sendable (Stored) -> [UInt8]

    public init(
        key: String, user: UserID, requestHash: [UInt8], now: Date, expiredBefore: Date,
        render: @escaping @Sendable (Stored) -> [UInt8]
    ) {
        self.key = key
        self.user = user
        self.requestHash = requestHash
        self.now = now
        self.expiredBefore = expiredBefore
        self.render = render
    }
}

public struct KeptAnswer: Sendable, Equatable {
    public var requestHash: [UInt8]
    public var body: [UInt8]

    public init(requestHash: [UInt8], body: [UInt8]) {
        self.requestHash = requestHash
        self.body = body
    }
}

public enum InsertedIntegration: Sendable, Equatable {
    case inserted(Integration)
    /// Another request with the same key came first; nothing was inserted.
    case kept(KeptAnswer)
}
