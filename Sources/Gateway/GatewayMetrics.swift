import Metrics
import S3Server
import Synchronization

/// `sluice_s3p_requests_total`, by operation and HTTP status, and `sluice_s3p_request_seconds`, by operation, until the
/// answer's head. The operation is `unknown` where the request names none; 499 is the status of what nobody waited for.
final class GatewayMetrics: Sendable {
    static let abandoned = 499

    private struct Key: Hashable {
        var operation: S3Operation?
        var status: Int
    }

    /// Looking a metric up by its labels costs more than counting.
    private let known = Mutex<[Key: (Counter, Timer)]>([:])

    func answered(_ operation: S3Operation?, status: Int, after duration: Duration) {
        let (requests, seconds) = known.withLock { known in
            let key = Key(operation: operation, status: status)
            if let found = known[key] { return found }
            let operation = ("operation", operation?.rawValue ?? "unknown")
            let made = (
                Counter(label: "sluice_s3p_requests_total", dimensions: [operation, ("status", "\(status)")]),
                Timer(label: "sluice_s3p_request_seconds", dimensions: [operation])
            )
            known[key] = made
            return made
        }
        requests.increment()
        seconds.record(duration: duration)
    }
}
