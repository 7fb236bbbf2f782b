import Synchronization
import Worker

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// `SLUICE_CRASH_AT=n` kills the process at the n-th fault point, so that a test can see what the next start makes of
/// it. Not a setting: it works with the embedded AWS, or together with `SLUICE_CRASH_REHEARSAL=1`, only.
enum CrashRehearsal {
    /// `nil` when no crash is asked for.
    static func hook(environment: [String: String], sandbox: Bool) -> FaultHook? {
        guard let count = environment["SLUICE_CRASH_AT"].flatMap(Int.init), count > 0,
            sandbox || environment["SLUICE_CRASH_REHEARSAL"] == "1"
        else { return nil }
        let passed = PassedPoints()
        return { _ in
            if passed.next() == count { kill(getpid(), SIGKILL) }
        }
    }

    private final class PassedPoints: Sendable {
        private let count = Atomic(0)
        func next() -> Int { count.wrappingAdd(1, ordering: .relaxed).newValue }
    }
}
