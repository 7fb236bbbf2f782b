import Foundation
import HTTPTypes
import Testing
import Transport

@testable import Sandbox

/// Objects that are files, as they come over a socket: the system sends them, not we.
struct SandboxFileTests {
    private static let bytes = (0..<1_300_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }

    private static func run(_ body: (SandboxClient, URL) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "files-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try await SandboxClient.run(directory: folder.path) { client in
            let made = try await client.send(.put, "/sandbox-data/file", bytes: bytes)
            #expect(made.status == .ok)
            try await body(client, folder)
        }
    }

    @Test func `any range of a file comes whole, one after the other on a connection`() async throws {
        try await Self.run { client, _ in
            let end = Self.bytes.count
            for range in [
                0..<end, 0..<1, 0..<524_288, 524_287..<524_290, 524_288..<1_048_576, 1..<end - 1, end - 1..<end,
            ] {
                let answer = try await client.send(
                    .get, "/sandbox-data/file", headers: [.range: "bytes=\(range.lowerBound)-\(range.upperBound - 1)"])
                #expect(answer.status == .partialContent)
                #expect(answer.body == Array(Self.bytes[range]), "\(range)")
            }
            let head = try await client.send(.head, "/sandbox-data/file")
            #expect(head.headerFields[.contentLength] == "\(end)" && head.body == [])
        }
    }

    @Test func `an answer whose file is cut short or missing ends early, and the next one is served`() async throws {
        try await Self.run { client, folder in
            let names = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
            let name = try #require(names.first { $0.hasPrefix("objects/") && $0.split(separator: "/").count == 3 })
            let path = folder.appending(path: name).path
            let file = try #require(FileHandle(forWritingAtPath: path))
            try file.truncate(atOffset: 1_299_999)
            try file.close()
            await #expect(throws: TransportError.self) { try await client.send(.get, "/sandbox-data/file") }
            let part = try await client.send(.get, "/sandbox-data/file", headers: [.range: "bytes=0-1299998"])
            #expect(part.body == Array(Self.bytes[..<1_299_999]))
            try FileManager.default.removeItem(atPath: path)
            await #expect(throws: TransportError.self) { try await client.send(.get, "/sandbox-data/file") }
            #expect(try await client.send(.head, "/sandbox-data/file").status == .ok)
        }
    }
}
