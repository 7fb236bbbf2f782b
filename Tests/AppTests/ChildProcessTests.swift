import Foundation
import Testing

@testable import App

struct ChildProcessTests {
    private static let folder = FileManager.default.temporaryDirectory.path

    private func run(_ script: String, environment: [String: String] = [:]) async throws -> ChildProcess.Outcome {
        try await ChildProcess(path: "/bin/sh", environment: environment, folder: Self.folder).run(["-c", script])
    }

    @Test func `output and errors are told apart, and a failure from a success`() async throws {
        #expect(
            try await run("echo out; echo wrong >&2; exit 3")
                == .init(succeeded: false, output: "out\n", errors: "wrong\n"))
        #expect(try await run("printf '%s' done") == .init(succeeded: true, output: "done", errors: ""))
    }

    @Test func `a program sees the environment it is given and no other`() async throws {
        let outcome = try await run("echo \"$GIVEN $HOME\"; cat", environment: ["GIVEN": "a b"])
        #expect(outcome == .init(succeeded: true, output: "a b \n", errors: ""))
    }

    @Test func `a program that is not there is a failure in words`() async throws {
        await #expect(throws: CommandFailure.self) {
            try await ChildProcess(path: "/nonexistent/program", environment: [:], folder: Self.folder).run([])
        }
        #expect(ChildProcess.find("sh", on: "/nonexistent:/bin") == "/bin/sh")
        #expect(ChildProcess.find("sh", on: nil) == nil)
    }
}
