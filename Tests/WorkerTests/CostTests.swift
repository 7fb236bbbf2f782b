import Domain
import Foundation
import TestSupport
import Testing

@testable import Worker

@Suite struct CostTests {
    @Test(arguments: [
        (
            Operation.create, ["CreateAccessGrantsLocation"], 2
        ), (.editName, [], 1), (.editRole, ["UpdateAccessGrantsLocation"], 2),
        (.editPath, ["CreateAccessGrantsLocation", "DeleteAccessGrantsLocation"], 5),
        (.editPathAndRole, ["CreateAccessGrantsLocation", "DeleteAccessGrantsLocation"], 5),
        (.delete, ["DeleteAccessGrantsLocation"], 2),
    ])
    func `a change costs these calls of AWS and commits`(
        _ operation: Operation, _ calls: [String], _ commits: Int
    ) async throws {
        let stage = Stage()
        let id = try await operation.begin(on: stage)
        stage.crash.arm(at: nil)
        _ = try await stage.work()
        #expect(stage.aws.calls == calls)
        #expect(stage.crash.passed.filter { $0 == .beforeCommit("save") }.count == commits)
        #expect(try await stage.faults(id) == [])
    }

    @Test func `the wait after a failure doubles up to a cap, half of it by chance`() {
        let backoff = Backoff()
        let waits = (0..<12).map { backoff.delay(failures: $0, isCleanUp: false, jitter: 1) }
        #expect(waits == [0.5, 1, 2, 4, 8, 16, 30, 30, 30, 30, 30, 30])
        #expect(backoff.delay(failures: 3, isCleanUp: false, jitter: 0) == 2)
        #expect(backoff.delay(failures: 40, isCleanUp: true, jitter: 1) == 300)
        #expect(backoff.delay(failures: -1, isCleanUp: false, jitter: 7) == 0.5)
    }
}
