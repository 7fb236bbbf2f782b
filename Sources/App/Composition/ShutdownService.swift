import ServiceLifecycle

/// Something without a loop of its own that must be ended in its turn.
struct ShutdownService: Service {
    let shutdown: @Sendable () async throws -> Void

    func run() async throws {
        // Cancellation only ends the wait.
        try? await gracefulShutdown()
        try await shutdown()
    }
}
