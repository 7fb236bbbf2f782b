import Foundation
import TestSupport
import Testing

@testable import API

struct JSONReaderMutationTests {

    private static let seeds = [
        Body.integration(), Body.accessKey(), #"[1,-0.5e+10,true,false,null,"a\u00e9\ud83d\ude00\n",{"a":{}},[]]"#,
    ].map { Array($0.utf8) }

    private static func mutate(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
        for _ in 0..<Int.random(in: 1...3, using: &random) where !bytes.isEmpty {
            let index = Int.random(in: bytes.indices, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 1: bytes.remove(at: index)
            case 2: bytes.insert(Array("{}[]\",:\\u0e-+.tfn ".utf8).randomElement(using: &random) ?? 0, at: index)
            default: bytes.replaceSubrange(index..., with: bytes[..<index].suffix(20))
            }
        }
    }

    @Test func `what is read of a mutant is written and read again as the same`() throws {
        var random = SeededGenerator(seed: 20_260_101)
        var accepted = 0
        for round in 0..<40_000 {
            var bytes = Self.seeds[round % Self.seeds.count]
            Self.mutate(&bytes, &random)
            guard let value = try? JSONReader.read(bytes) else { continue }
            accepted += 1
            #expect(try JSONReader.read(value.bytes) == value)
            // Foundation refuses nothing that is accepted here; the other way round, we are the stricter.
            if round % 8 == 0 {
                let data = Data(bytes)
                #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed) }
            }
        }
        #expect(accepted > 1000)
    }
}
