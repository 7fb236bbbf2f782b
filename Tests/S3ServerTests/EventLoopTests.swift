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

    @Test func `A head does not wait for a body that may take long or never comes`() throws {
        for head in [head([:]), head([.contentLength: "0"]), head([:], .continue)] {
            #expect(try flushes([head, .end(nil)]) == [[head], [.end(nil)]])
        }
    }
}
