#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// A program run to its end, what it wrote being kept in files meanwhile: nothing blocks, nothing runs full.
struct ChildProcess {
    /// Absolute.
    let path: String
    let environment: [String: String]
    /// For the files of its output, which are removed again.
    let folder: String

    struct Outcome: Sendable, Equatable {
        var succeeded: Bool
        var output: String
        var errors: String
    }

    /// The program of that name on a `PATH`; nil where there is none.
    static func find(_ name: String, on path: String?) -> String? {
        (path ?? "").split(separator: ":").map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// - Throws: `CommandFailure` when it cannot be started or does not end in time.
    func run(_ arguments: [String], deadline: Duration = .seconds(30)) async throws -> Outcome {
        let files = (output: folder + "/\(UUID().uuidString)", errors: folder + "/\(UUID().uuidString)")
        defer { for file in [files.output, files.errors] { try? FileManager.default.removeItem(atPath: file) } }
        let child = try start(arguments, output: files.output, errors: files.errors)
        let status = try await wait(for: child, until: .now + deadline)
        return Outcome(
            succeeded: status == 0, output: try Self.text(of: files.output), errors: try Self.text(of: files.errors))
    }

    private static func text(of file: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(filePath: file)), as: UTF8.self)
    }

    private func start(_ arguments: [String], output: String, errors: String) throws -> pid_t {
        #if canImport(Darwin)
            var actions: posix_spawn_file_actions_t?
        #else
            var actions = unsafe posix_spawn_file_actions_t()
        #endif
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        for (descriptor, file) in [(Int32(1), output), (2, errors)] {
            unsafe posix_spawn_file_actions_addopen(&actions, descriptor, file, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        }
        var child = pid_t()
        let code = unsafe withCStrings([path] + arguments) { arguments in
            unsafe withCStrings(environment.map { "\($0.key)=\($0.value)" }) { environment in
                unsafe posix_spawn(&child, path, &actions, nil, arguments, environment)
            }
        }
        guard code == 0 else { throw CommandFailure("\(path) cannot be started: \(code).") }
        return child
    }

    private func wait(for child: pid_t, until deadline: ContinuousClock.Instant) async throws -> Int32 {
        var status: Int32 = 0
        while unsafe waitpid(child, &status, WNOHANG) == 0 {
            if ContinuousClock.now > deadline || Task.isCancelled {
                kill(child, SIGKILL)
                _ = unsafe waitpid(child, &status, 0)
                throw CommandFailure("\(path) did not end in time.")
            }
            // A cancelled wait is noticed above.
            try? await Task.sleep(for: .milliseconds(10))
        }
        return status
    }
}

/// Runs `body` with the texts as C has them: a list that ends with a null pointer.
private func withCStrings<Value>(
    _ texts: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) throws -> Value
) rethrows -> Value {
    var pointers: [UnsafeMutablePointer<CChar>?] = unsafe texts.map { unsafe strdup($0) }
    unsafe pointers.append(nil)
    defer { for index in unsafe pointers.indices { unsafe free(pointers[index]) } }
    return try unsafe pointers.withUnsafeMutableBufferPointer { buffer in
        guard let base = buffer.baseAddress else { preconditionFailure("the list has its end at least") }
        return try unsafe body(base)
    }
}
