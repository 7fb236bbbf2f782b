import S3Server
import Synchronization

/// Remembers the access keys of late requests. A key that exists does not change while the sandbox runs: users are planted
/// before it listens, and a session is forgotten only long after it has expired, which its record says.
final class KnownAccessKeys: Sendable {
    private static let most = 10_000

    /// By the bytes of its id: to Swift texts are equal that are not the same id.
    private let records = Mutex<[[UInt8]: AccessKeyRecord<Caller>]>([:])

    func record(
        of id: String, lookUp: () async throws -> AccessKeyRecord<Caller>?
    ) async throws -> AccessKeyRecord<Caller>? {
        let bytes = Array(id.utf8)
        if let known = records.withLock({ $0[bytes] }) { return known }
        guard let record = try await lookUp() else { return nil }
        records.withLock { records in
            if records.count >= Self.most { records.removeAll() }
            records[bytes] = record
        }
        return record
    }
}
