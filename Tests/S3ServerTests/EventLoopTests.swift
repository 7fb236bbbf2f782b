import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import NIOPosix
import Testing

@testable import S3Server

struct EventLoopTests {
    @Test func `A task that prefers an event loop runs on it, before and after it waits`() async {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let places = await withTaskExecutorPreference(EventLoopExecutor(loop)) {
            let before = loop.inEventLoop
            await Task.yield()
            async let child = loop.inEventLoop
            return [before, loop.inEventLoop, await child]
        }
        #expect(places == [true, true, true])
        let unstructured = Task(executorPreference: EventLoopExecutor(loop)) {
            await Task.yield()
            return loop.inEventLoop
        }
        #expect(await unstructured.value)
    }
}

/// What is sent with each flush.
private final class Flushes: ChannelOutboundHandler {
    typealias OutboundIn = HTTPResponsePart

    private var waiting: [HTTPResponsePart] = []
    private(set) var sent: [[HTTPResponsePart]] = []

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        waiting.append(unwrapOutboundIn(data))
        promise?.succeed()
    }

    func flush(context: ChannelHandlerContext) {
        sent.append(waiting)
        waiting = []
    }
}

/// Counts flushes and keeps what is written.
private final class Fullness: ChannelOutboundHandler {
    typealias OutboundIn = HTTPResponsePart

    private(set) var flushes = 0

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) { promise?.succeed() }

    func flush(context: ChannelHandlerContext) { flushes += 1 }
}

struct AnswerHandlerTests {
    private func flushes(_ parts: [HTTPResponsePart]) throws -> [[HTTPResponsePart]] {
        let flushes = Flushes()
        let channel = EmbeddedChannel(handlers: [flushes, AnswerHandler()])
        for part in parts { channel.writeAndFlush(part, promise: nil) }
        _ = try channel.finish(acceptAlreadyClosed: true)
        return flushes.sent
    }

    private func head(_ fields: HTTPFields, _ status: HTTPResponse.Status = .ok) -> HTTPResponsePart {
        .head(HTTPResponse(status: status, headerFields: fields))
    }

    @Test func `A head goes with the first bytes of the body that it announces`() throws {
        let head = head([.contentLength: "6"])
        let bodies = ["abc", "def"].map { HTTPResponsePart.body(ByteBuffer(string: $0)) }
        #expect(
            try flushes([head, bodies[0], bodies[1], .end(nil)]) == [[head, bodies[0]], [bodies[1]], [.end(nil)]])
    }

    @Test func `A head goes with the end where the body is not sent, as for HEAD`() throws {
        let head = head([.contentLength: "6"])
        #expect(try flushes([head, .end(nil)]) == [[head, .end(nil)]])
    }

    @Test func `A head so long that the channel takes nothing more does not wait`() throws {
        let long = head([.contentLength: "6", .contentDisposition: String(repeating: "a", count: 70_000)])
        let full = Fullness()
        let channel = EmbeddedChannel(handlers: [full, AnswerHandler()])
        channel.writeAndFlush(long, promise: nil)
        #expect(full.flushes == 0)
        channel.isWritable = false
        channel.pipeline.fireChannelWritabilityChanged()
        #expect(full.flushes == 1)
        channel.writeAndFlush(long, promise: nil)
        #expect(full.flushes == 2)
        _ = try channel.finish(acceptAlreadyClosed: true)
    }

    @Test func `A head does not wait for a body that may take long or never comes`() throws {
        for head in [head([:]), head([.contentLength: "0"]), head([:], .continue)] {
            #expect(try flushes([head, .end(nil)]) == [[head], [.end(nil)]])
        }
    }
}

struct ContinueHandlerTests {
    private let held = HTTPRequestPart.head(
        HTTPRequest(
            method: .put, scheme: nil, authority: nil, path: "/", headerFields: [.expect: "100-Continue"]))
    private let plain = HTTPRequestPart.head(HTTPRequest(method: .put, scheme: nil, authority: nil, path: "/"))
    private let asked = HTTPResponsePart.head(HTTPResponse(status: .continue))
    private let answer = HTTPResponsePart.head(HTTPResponse(status: .forbidden))
    private let last = HTTPResponsePart.head(HTTPResponse(status: .forbidden, headerFields: [.connection: "close"]))

    private enum Step {
        case received(HTTPRequestPart)
        case bodyIsRead
        case answered(HTTPResponsePart)
    }

    /// What is sent.
    private func sent(_ steps: [Step]) throws -> [HTTPResponsePart] {
        let channel = EmbeddedChannel(handler: ContinueHandler())
        for step in steps {
            switch step {
            case .received(let part): try channel.writeInbound(part)
            case .bodyIsRead:
                channel.triggerUserOutboundEvent(ContinueHandler.BodyIsWanted(), promise: nil)
            case .answered(let part):
                try channel.writeOutbound(part)
                try channel.writeOutbound(HTTPResponsePart.end(nil))
            }
        }
        var parts: [HTTPResponsePart] = []
        while let part = try channel.readOutbound(as: HTTPResponsePart.self) { parts.append(part) }
        _ = try channel.finish(acceptAlreadyClosed: true)
        return parts
    }

    @Test func `A client that waits is asked for its body when that is read, and once`() throws {
        #expect(
            try sent([.received(held), .bodyIsRead, .bodyIsRead, .received(.end(nil)), .answered(answer)])
                == [asked, answer, .end(nil)])
    }

    @Test func `A client that waits is answered without, and its connection ends`() throws {
        #expect(try sent([.received(held), .answered(answer)]) == [last, .end(nil)])
    }

    @Test func `A client that waits with an empty body is asked too`() throws {
        #expect(
            try sent([.received(held), .received(.end(nil)), .bodyIsRead, .answered(answer)])
                == [asked, answer, .end(nil)])
    }

    @Test func `A client that waits no longer, or never did, is not asked`() throws {
        let body = HTTPRequestPart.body(ByteBuffer(string: "a"))
        for head in [held, plain] {
            #expect(
                try sent([.received(head), .received(body), .bodyIsRead, .answered(answer)]) == [answer, .end(nil)])
        }
    }

    @Test func `The answer to an earlier request does not end the connection of one that waits`() throws {
        let steps: [Step] = [
            .received(plain), .received(.end(nil)), .received(held), .answered(answer), .bodyIsRead, .answered(answer),
        ]
        #expect(try sent(steps) == [answer, .end(nil), asked, answer, .end(nil)])
    }
}
