import Logging

enum ProcessLog {
    /// Lines on standard error, from `level` up.
    static func start(level: Logger.Level) -> Logger {
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return LateMetadata(base: handler)
        }
        return Logger(label: "sluice")
    }
}

/// Renders metadata when something is logged. `StreamLogHandler` does it whenever it is set: with each request, few of
/// which log anything.
private struct LateMetadata: LogHandler {
    var base: StreamLogHandler
    var metadata: Logger.Metadata = [:]

    var logLevel: Logger.Level {
        get { base.logLevel }
        set { base.logLevel = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var event = event
        event.metadata = metadata.merging(event.metadata ?? [:]) { $1 }
        base.log(event: event)
    }
}
