import Logging
import Synchronization

/// Every line logged, at any level, with its metadata.
final class LogRecorder: Sendable {
    private let recorded = Mutex<[String]>([])

    var lines: [String] { recorded.withLock(\.self) }

    var logger: Logger {
        var logger = Logger(label: "sluice") { _ in Handler(recorder: self) }
        logger.logLevel = .trace
        return logger
    }

    private struct Handler: LogHandler {
        let recorder: LogRecorder
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let values = metadata.merging(event.metadata ?? [:]) { $1 }
            let fields = values.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: " ")
            let error = event.error.map { " error=\($0)" } ?? ""
            let line = "\(event.level) \(event.source) \(event.message) \(fields)\(error)"
            recorder.recorded.withLock { $0.append(line) }
        }
    }
}
