import Foundation
import FuzzTargets
import Testing

/// A short run of what `make fuzz` runs at length: the seeds, and mutations of them.
struct FuzzTests {
    @Test(arguments: FuzzTarget.allCases) func `Seeds and their mutations are read or refused`(
        target: FuzzTarget
    ) throws {
        let folder = try #require(Bundle.module.url(forResource: "Seeds", withExtension: nil))
            .appendingPathComponent(target.rawValue)
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .sorted { $0.lastPathComponent < $1.lastPathComponent }
        #expect(files.count >= 3)
        var random = SplitMix(state: 20_261_121)
        for file in files {
            let seed = Array(try Data(contentsOf: file))
            target.read(seed)
            for _ in 0..<400 { target.read(Self.mutated(seed, &random)) }
        }
    }

    private static func mutated(_ seed: [UInt8], _ random: inout SplitMix) -> [UInt8] {
        var bytes = seed
        for _ in 0..<Int.random(in: 1...6, using: &random) where !bytes.isEmpty {
            let index = Int.random(in: bytes.indices, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes[index] = UInt8.random(in: .min ... .max, using: &random)
            case 1: bytes.remove(at: index)
            case 2: bytes.insert(UInt8.random(in: .min ... .max, using: &random), at: index)
            default: bytes.insert(contentsOf: bytes[index...].prefix(8), at: index)
            }
        }
        return bytes
    }
}

/// A small seeded generator (SplitMix64), so that a failure can be repeated.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
