import NIOCore
import NIOPosix
import Synchronization

/// An HTTP/1.1 server that shows what came over the wire and answers byte for byte what a test says.
final class WireServer: Sendable {
    struct Request: Sendable, Equatable {
        /// `GET /path HTTP/1.1`.
        var line: String
        /// As sent, in order.
        var fields: [String]
        var body: [UInt8]
        /// From 0, in the order accepted.
        var connection: Int
        /// From 0 on its connection.
        var position: Int
    }

    enum Answer: Sendable {
        case keepAlive(String)
        case close(String)
    }

    private struct Seen {
        var accepted = 0
        var requests: [Request] = []
    }

    let port: Int
    private let seen = Mutex(Seen())

    private init(port: Int) {
        self.port = port
    }

    var accepted: Int { seen.withLock { $0.accepted } }
    var requests: [Request] { seen.withLock { $0.requests } }
    var authority: String { "127.0.0.1:\(port)" }

    /// Serves while `body` runs.
    static func run(
        _ answer: @escaping @Sendable (Request) async -> Answer, _ body: (WireServer) async throws -> Void
    ) async throws {
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.backlog, value: 1024)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        let server = WireServer(port: listener.channel.localAddress?.port ?? 0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await listener.executeThenClose { connections in
                    try await withThrowingDiscardingTaskGroup { tasks in
                        for try await connection in connections {
                            let number = server.seen.withLock { seen in
                                seen.accepted += 1
                                return seen.accepted - 1
                            }
                            tasks.addTask { await server.serve(connection, number, answer) }
                        }
                    }
                }
            }
            try await body(server)
            group.cancelAll()
            // What is left over is the cancellation itself.
            while let result = await group.nextResult() { _ = result }
        }
    }

    /// A port that refuses connections.
    static func refusingPort() async throws -> Int {
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = channel.localAddress?.port ?? 0
        try await channel.close()
        return port
    }

    private func serve(
        _ connection: NIOAsyncChannel<ByteBuffer, ByteBuffer>, _ number: Int,
        _ answer: @escaping @Sendable (Request) async -> Answer
    ) async {
        try? await connection.executeThenClose { inbound, outbound in
            var bytes: [UInt8] = []
            var position = 0
            for try await part in inbound {
                bytes += Array(buffer: part)
                while let request = Self.takeRequest(&bytes, number, position) {
                    position += 1
                    seen.withLock { $0.requests.append(request) }
                    switch await answer(request) {
                    case .keepAlive(let text):
                        try await outbound.write(ByteBuffer(string: text))
                    case .close(let text):
                        if !text.isEmpty { try await outbound.write(ByteBuffer(string: text)) }
                        return
                    }
                }
            }
        }
    }

    /// Cuts the first whole request off; nil when there is none yet. One with `X-Answer: early` is whole without its body.
    private static func takeRequest(_ bytes: inout [UInt8], _ connection: Int, _ position: Int) -> Request? {
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n").map(String.init)
        let isAnsweredEarly = lines.contains { $0.lowercased() == "x-answer: early" }
        let length =
            isAnsweredEarly
            ? 0
            : lines.dropFirst().compactMap { line -> Int? in
                let parts = line.split(separator: ":", maxSplits: 1)
                guard parts.count == 2, parts[0].lowercased() == "content-length" else { return nil }
                return Int(parts[1].filter { $0 != " " })
            }
            .first ?? 0
        guard bytes.count >= end.upperBound + length else { return nil }
        let body = Array(bytes[end.upperBound..<end.upperBound + length])
        bytes.removeFirst(end.upperBound + length)
        return Request(
            line: lines.first ?? "", fields: Array(lines.dropFirst()), body: body, connection: connection,
            position: position)
    }
}

extension WireServer.Answer {
    static func ok(_ body: String = "", fields: [String] = []) -> WireServer.Answer {
        let head = ["HTTP/1.1 200 OK", "Content-Length: \(body.utf8.count)"] + fields
        return .keepAlive(head.joined(separator: "\r\n") + "\r\n\r\n" + body)
    }
}

/// Holds whoever waits until it is opened, and tells when somebody came.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var visitors = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
        var watching: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    func wait() async {
        await withCheckedContinuation { continuation in
            let ready = state.withLock { state in
                state.visitors += 1
                let (met, unmet) = (
                    state.watching.filter { $0.count <= state.visitors },
                    state.watching.filter { $0.count > state.visitors }
                )
                state.watching = unmet
                var ready = met.map(\.continuation)
                if state.isOpen { ready.append(continuation) } else { state.waiting.append(continuation) }
                return ready
            }
            for continuation in ready { continuation.resume() }
        }
    }

    /// Returns once `count` have come to wait.
    func visited(by count: Int = 1) async {
        await withCheckedContinuation { continuation in
            let isMet = state.withLock { state in
                if state.visitors < count { state.watching.append((count, continuation)) }
                return state.visitors >= count
            }
            if isMet { continuation.resume() }
        }
    }

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}
