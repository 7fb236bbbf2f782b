import Foundation
import GRDB
import HTTPTypes
import Testing
import Transport

@testable import Sandbox

@Suite struct SandboxScrubTests {
    /// Objects that every sandbox begins with.
    private static let seeded = 4
    private static let small = [UInt8](repeating: 7, count: 1_000)
    private static let large = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 2) }

    /// A folder with two objects beside the seeded ones, `sandbox-data/small` and `sandbox-data/large`, and what a scrub
    /// of it finds after `harm`.
    private static func findings(
        _ harm: (_ folder: URL, _ database: DatabaseQueue, _ file: URL) async throws -> Void
    ) async throws -> [String] {
        let folder = FileManager.default.temporaryDirectory.appending(path: "scrub-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try await SandboxClient.run(directory: folder.path) { client in
            for (key, body) in [("small", small), ("large", large)] {
                let answer = try await client.send(.put, "/sandbox-data/\(key)", bytes: body)
                #expect(answer.status == .ok)
            }
        }
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        let database = try DatabaseQueue(
            path: folder.appending(path: "sandbox.sqlite").path, configuration: configuration)
        let name = try await database.read { try String.fetchOne($0, sql: "SELECT file FROM blob WHERE size = 300000") }
        let file = folder.appending(path: "objects/\(name?.prefix(2) ?? "")/\(name ?? "")")
        try await harm(folder, database, file)
        try database.close()
        let findings = Findings()
        let summary = try await SandboxScrub.run(directory: folder.path) { findings.lines.append("\($0)") }
        #expect(summary.findings == findings.lines.count)
        #expect(summary.blobs == seeded + 2)
        return findings.lines
    }

    private final class Findings {
        var lines: [String] = []
    }

    private static func flip(_ file: URL, at position: Int, bit: Int) throws {
        var bytes = try Data(contentsOf: file)
        bytes[position] ^= 1 << UInt8(bit)
        try bytes.write(to: file)
    }

    @Test func `what is whole has no findings`() async throws {
        #expect(try await Self.findings { _, _, _ in } == [])
    }

    @Test(arguments: [(0, 0), (150_000, 3), (299_999, 7)])
    func `one flipped bit of a file is found`(_ position: Int, _ bit: Int) async throws {
        let lines = try await Self.findings { _, _, file in try Self.flip(file, at: position, bit: bit) }
        #expect(lines == ["sandbox-data/large (null): its bytes are not those that were stored"])
    }

    @Test func `one flipped bit of what is in the database is found`() async throws {
        let lines = try await Self.findings { _, database, _ in
            try await database.write { database in
                var data = try Data.fetchOne(database, sql: "SELECT data FROM blob WHERE size = 1000") ?? Data()
                data[500] ^= 0x10
                try database.execute(sql: "UPDATE blob SET data = ? WHERE size = 1000", arguments: [data])
            }
        }
        #expect(lines == ["sandbox-data/small (null): its bytes are not those that were stored"])
    }

    @Test func `missing, shortened and stray files are found, and objects that lack a segment`() async throws {
        let missing = try await Self.findings { _, _, file in try FileManager.default.removeItem(at: file) }
        #expect(missing == ["sandbox-data/large (null): its file is missing"])
        let short = try await Self.findings { _, _, file in
            try Data(Self.large.dropLast()).write(to: file)
        }
        #expect(short == ["sandbox-data/large (null): its bytes are not those that were stored"])
        let stray = try await Self.findings { folder, _, file in
            try Data("?".utf8).write(to: file.deletingLastPathComponent().appending(path: "stray"))
        }
        #expect(stray.count == 1 && stray[0].hasSuffix("/stray: belongs to no object"))
        let incomplete = try await Self.findings { _, database, _ in
            try await database.write { database in
                try database.execute(sql: "UPDATE object_version SET size = size + 1 WHERE size = 1000")
            }
        }
        #expect(incomplete == ["sandbox-data/small (null): a part of its bytes is missing"])
    }

    @Test func `only a sandbox's folder that is not in use is scrubbed`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "scrub-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        await #expect(throws: SandboxScrub.NothingThere(directory: folder.path)) {
            try await SandboxScrub.run(directory: folder.path) { _ in }
        }
        #expect(!FileManager.default.fileExists(atPath: folder.path))
        let database = try await SandboxDatabase(directory: folder.path)
        await #expect(throws: SandboxDirectoryInUse(directory: folder.path)) {
            try await SandboxScrub.run(directory: folder.path) { _ in }
        }
        try database.close()
        let summary = try await SandboxScrub.run(directory: folder.path) { _ in }
        #expect(summary == SandboxScrub.Summary())
    }
}
