import Domain
import Foundation
import TestSupport
import Testing

@testable import Worker

@Suite struct RandomLifeTests {
    private static let seeds = 300

    /// Changes asked for at any moment, faults and kills at any point: in the end, when AWS is well again, all is right.
    @Test func `random lives end right`() async throws {
        var kills = 0
        for seed in 0..<Self.seeds {
            var random = SplitMix64(state: UInt64(seed))
            let stage = Stage()
            let id = try await stage.create()
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let modulus = Int.random(in: 1...6, using: &random)
                let fault = CrashTests.faults.randomElement(using: &random)
                stage.aws.setFault { index, _ in index % modulus == 0 ? fault : nil }
                stage.crash.arm(at: Int.random(in: 1...30, using: &random))
                if try await !stage.work(until: { !$0.status.isTransitional }) { kills += 1 }
                stage.restart(after: [0.001, 1, 20, 100].randomElement(using: &random) ?? 1)
                let wanted = Operation.allCases.randomElement(using: &random)
                // While a change is under way it is refused; so it is asked for at any moment.
                try? await stage.request(id) { integration in
                    switch wanted {
                    case .delete: try integration.requestDeletion(validation: nil, now: stage.clock.now)
                    case let edit?:
                        try integration.requestEdit(
                            to: edit.wanted, validation: Fixtures.passed, now: stage.clock.now)
                    case nil: break
                    }
                }
            }
            stage.aws.setFault { _, _ in nil }
            stage.clock.advance(by: 60)
            #expect(try await stage.work())
            let faults = try await stage.faults(id)
            #expect(faults == [], "seed \(seed)")
        }
        print("\(Self.seeds) random lives, \(kills) kills")
    }
}

struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
