#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Which rows of the audit log are asked for; `nil` means any.
public struct AuditQuery: Sendable, Equatable {
    public var from: Date?
    /// Not included.
    public var until: Date?
    /// A userid, or a user's id.
    public var actor: String?
    public var action: String?
    public var targetType: String?
    public var targetID: String?

    public init() {}
}

/// The append-only log. Changes are written by the repositories that make them, in the same transaction.
public protocol AuditRepository: Sendable {
    /// For what has no transaction of its own: a refusal.
    func append(_ entry: AuditEntry) async throws(DomainError)
    /// The same for several, in one commit.
    func append(_ entries: [AuditEntry]) async throws(DomainError)
    /// In order, those after the row `after`.
    func events(_ query: AuditQuery, after: Int64, limit: Int) async throws(DomainError) -> [AuditEvent]
    /// Computes every hash again, `limit` rows from the one after `after`.
    func verify(after: AuditCheckpoint, limit: Int) async throws(DomainError) -> AuditVerification
}

/// A row up to which the chain was found whole.
public struct AuditCheckpoint: Sendable, Equatable {
    /// 0 before the first row.
    public var id: Int64
    public var hash: [UInt8]

    public init(id: Int64, hash: [UInt8]) {
        self.id = id
        self.hash = hash
    }

    public static let start = AuditCheckpoint(id: 0, hash: [UInt8](repeating: 0, count: 32))
}

public enum AuditVerification: Sendable, Equatable {
    /// Go on from here.
    case whole(AuditCheckpoint)
    /// There is nothing after the checkpoint.
    case end(AuditCheckpoint)
    /// The row of this number was changed, or is missing.
    case broken(id: Int64)
}
