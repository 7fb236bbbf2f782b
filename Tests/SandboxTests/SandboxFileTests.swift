import Foundation
import HTTPTypes
import NIOCore
import NIOPosix
import SigV4
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

    @Test(.timeLimit(.minutes(5))) func `a client that reads nothing does not keep the server from ending`()
        async throws
    {
        try await Self.run { client, _ in
            // More than sockets hold.
            let large = [UInt8](repeating: 7, count: 32 << 20)
            #expect(try await client.send(.put, "/sandbox-data/large", bytes: large).status == .ok)
            let signer = Signer(credentials: client.credentials, region: client.region, service: "s3")
            let signed = signer.sign(client.request(.get, "/sandbox-data/large"), payload: .empty, at: client.clock.now)
            let head = signed.headerFields.map { "\($0.name): \($0.value)\r\n" }.joined()
            let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
            let begun = eventLoop.makePromise(of: Void.self)
            let idle = try await ClientBootstrap(group: eventLoop).channelOption(.autoRead, value: false)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(FirstRead(begun))
                    }
                }
                .connect(host: "127.0.0.1", port: client.port).get()
            let request = "GET /sandbox-data/large HTTP/1.1\r\nHost: 127.0.0.1:\(client.port)\r\n\(head)\r\n"
            try await idle.writeAndFlush(ByteBuffer(string: request))
            idle.read()
            try await begun.futureResult.get()
        }
    }
}

/// Tells when an answer has begun, or never will.
private final class FirstRead: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let begun: EventLoopPromise<Void>

    init(_ begun: EventLoopPromise<Void>) { self.begun = begun }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { begun.succeed() }

    func channelInactive(context: ChannelHandlerContext) { begun.fail(ChannelError.eof) }
}
