public import Domain
import Synchronization

/// An audit log in memory, for the refusals that the API writes itself. There is no chain: every hash is zero.
public final class InMemoryAuditRepository: AuditRepository {
    private let rows: Mutex<[AuditEvent]>
    /// Thrown by every call.
    private let failure: DomainError?

    public init(_ events: [AuditEvent] = [], failure: DomainError? = nil) {
        rows = Mutex(events)
        self.failure = failure
    }

    public func append(_ entry: AuditEntry) async throws(DomainError) {
        if let failure { throw failure }
        rows.withLock { rows in
            rows.append(
                AuditEvent(
                    id: Int64(rows.count + 1), at: entry.at, origin: entry.origin, action: entry.action.rawValue,
                    targetType: entry.target.type.rawValue, targetID: entry.target.id, before: nil, after: nil,
                    outcome: entry.outcome, awsRequestID: entry.awsRequestID, hash: AuditCheckpoint.start.hash))
        }
    }

    public func append(_ entries: [AuditEntry]) async throws(DomainError) {
        for entry in entries { try await append(entry) }
    }

    /// Only `after` and `limit` are looked at.
    public func events(_ query: AuditQuery, after: Int64, limit: Int) async throws(DomainError) -> [AuditEvent] {
        if let failure { throw failure }
        return rows.withLock { Array($0.filter { $0.id > after }.prefix(limit)) }
    }

    public func verify(after: AuditCheckpoint, limit: Int) async throws(DomainError) -> AuditVerification {
        if let failure { throw failure }
        return .end(after)
    }
}
