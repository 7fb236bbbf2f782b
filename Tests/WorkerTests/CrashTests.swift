import Domain
import Foundation
import TestSupport
import Testing

@testable import Worker

@Suite struct CrashTests {
    @Test(arguments: Operation.allCases)
    func `killed anywhere, a change still comes to its end`(_ operation: Operation) async throws {
        var points = 0
        for downtime: TimeInterval in [0.2, 30, 3600] {
            for point in 1... {
                let stage = Stage()
                let id = try await operation.begin(on: stage)
                stage.crash.arm(at: point)
                let survived = try await stage.work()
                if !survived {
                    points += 1
                    stage.restart(after: downtime)
                    #expect(try await stage.work())
                }
                let faults = try await stage.faults(id)
                #expect(faults == [], "\(operation), killed at \(point)")
                let end = try await stage.read(id)
                #expect(end.status == operation.success, "\(operation), killed at \(point)")
                #expect(end.configuration == operation.wanted)
                if survived { break }
            }
        }
        print("killed \(operation.rawValue) at \(points) points")
    }

    @Test(arguments: Operation.allCases)
    func `killed twice, a change still comes to its end`(_ operation: Operation) async throws {
        var points = 0
        first: for one in 1... {
            for two in 1... {
                let stage = Stage()
                let id = try await operation.begin(on: stage)
                stage.crash.arm(at: one)
                if try await stage.work() { break first }
                stage.restart(after: 1)
                stage.crash.arm(at: two)
                let survived = try await stage.work()
                if !survived {
                    points += 1
                    stage.restart(after: 1)
                    #expect(try await stage.work())
                }
                let faults = try await stage.faults(id)
                #expect(faults == [], "\(operation), killed at \(one) and \(two)")
                #expect(try await stage.read(id).status == operation.success)
                if survived { break }
            }
        }
        print("killed \(operation.rawValue) at \(points) pairs of points")
    }

    /// Every call of every change meets every problem, once or for good, and the process dies at every point besides.
    @Test(arguments: Operation.allCases)
    func `whatever AWS answers, and wherever it is killed, the end is right`(_ operation: Operation) async throws {
        var cases = 0
        let calls = try await self.calls(of: operation)
        for index in 0..<calls {
            for fault in Self.faults {
                for lasts in [1, 3, 1_000] {
                    for point in 1... {
                        cases += 1
                        let survived = try await run(operation, fault, at: index, lasts, killedAt: point)
                        if survived { break }
                    }
                }
            }
        }
        print("\(operation.rawValue): \(cases) combinations of problem and kill")
    }

    static let faults: [SimulatedAWS.Fault] =
        AWSProblem.Kind.allCases.map { .refused($0, code: "Anything") }
        + [
            .refused(.refused, code: "AccessDenied"), .refused(.refused, code: "InvalidIamRole"),
            .refused(.refused, code: "AccessGrantsLocationNotEmptyError"),
            .lostAnswer(.unreachable), .lostAnswer(.serviceFault), .lostRequest(.unreachable),
            .lostRequest(.serviceFault), .late(10),
        ]

    private func calls(of operation: Operation) async throws -> Int {
        let stage = Stage()
        _ = try await operation.begin(on: stage)
        _ = try await stage.work()
        return stage.aws.calls.count
    }

    private func run(
        _ operation: Operation, _ fault: SimulatedAWS.Fault, at index: Int, _ lasts: Int, killedAt point: Int
    ) async throws -> Bool {
        let stage = Stage()
        let id = try await operation.begin(on: stage)
        stage.aws.setFault { call, _ in (index..<(index + lasts)).contains(call) ? fault : nil }
        stage.crash.arm(at: point)
        var survived = try await stage.work(until: { !$0.status.isTransitional })
        if !survived {
            stage.restart(after: 1)
            #expect(try await stage.work(until: { !$0.status.isTransitional }))
        }
        // AWS is well again: the clean-up that nobody waits for comes to its end, killed or not.
        stage.aws.setFault { _, _ in nil }
        if try await !stage.work() {
            survived = false
            stage.restart(after: 1)
            #expect(try await stage.work())
        }
        let end = try await stage.read(id)
        let what = "\(operation), \(fault) \(lasts) times from call \(index), killed at \(point)"
        #expect(try await stage.faults(id) == [], "\(what)")
        #expect([operation.success, operation.failure].contains(end.status), "\(what): \(end.status)")
        if Self.passes(fault), lasts < Integration.leastTries { #expect(end.status == operation.success, "\(what)") }
        if end.status == operation.failure {
            #expect(end.report.message != nil, "\(what)")
            #expect(end.configuration == Fixtures.configuration(path: Stage.path), "\(what): rolled back")
        }
        return survived
    }

    private static func passes(_ fault: SimulatedAWS.Fault) -> Bool {
        switch fault {
        case .refused(let kind, let code), .doneThenRefused(let kind, let code):
            AWSProblem(kind: kind, code: code, message: "", action: "").isTransient
        case .lostAnswer, .lostRequest, .late: true
        }
    }
}
