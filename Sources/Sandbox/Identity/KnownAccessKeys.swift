import S3Server
import Synchronization

/// Remembers the access keys of late requests. A key that exists does not change while the sandbox runs: users are planted
/// before it listens, and a session is forgotten only long after it has expired, which its record says.
final class KnownAccessKeys: Sendable {
    private static let most = 10_000

    private let records = Mutex<[String: AccessKeyRecord<Caller>]>([:])

    func record(
        of id: String, lookUp: () async throws -> AccessKeyRecord<Caller>?
    ) async throws -> AccessKeyRecord<Caller>? {
        if let known = records.withLock({ $0[id] }) { return known }
        guard let record = try await lookUp() else { return nil }
        records.withLock { records in
            if records.count >= Self.most { records.removeAll() }
            records[id] = record
        }
        return record
    }
}
