import HTTPTypes
public import Hummingbird
public import NIOCore
public import NIOHTTPTypes

/// Answers `Expect: 100-continue`, which neither SwiftNIO nor Hummingbird does: the client is asked for its body when
/// that is first read (`Request.askingForBody(on:)`). An answer before that says that the connection ends with it, since
/// nobody knows whether the body still follows (RFC 9110, section 10.1.1).
public final class ContinueHandler: ChannelDuplexHandler, RemovableChannelHandler {
    public typealias InboundIn = HTTPRequestPart
    public typealias InboundOut = HTTPRequestPart
    public typealias OutboundIn = HTTPResponsePart
    public typealias OutboundOut = HTTPResponsePart

    /// Triggered on a connection whose next request's body is going to be read.
    struct BodyIsWanted: Sendable {}

    /// Whether the client waits to be asked for the body of its last request.
    private var isWaiting = false
    /// Of requests that were received.
    private var answersDue = 0

    public init() {}

    public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            isWaiting = head.headerFields.expectsContinue
            answersDue += 1
        case .body:
            isWaiting = false
        case .end:
            // Who waits with a body of no bytes is to be asked too: botocore takes the next answer on the connection for
            // this one's otherwise.
            break
        }
        context.fireChannelRead(data)
    }

    public func triggerUserOutboundEvent(
        context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?
    ) {
        guard event is BodyIsWanted else {
            return context.triggerUserOutboundEvent(event, promise: promise)
        }
        if isWaiting {
            isWaiting = false
            let head = HTTPResponsePart.head(HTTPResponse(status: .continue))
            context.writeAndFlush(wrapOutboundOut(head), promise: nil)
        }
        promise?.succeed()
    }

    public func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        var data = data
        switch unwrapOutboundIn(data) {
        case .head(var head) where head.status.kind != .informational:
            if isWaiting && answersDue == 1 {
                head.headerFields[.connection] = "close"
                data = wrapOutboundOut(.head(head))
            }
        case .end: answersDue -= 1
        default: break
        }
        context.write(data, promise: promise)
    }
}

extension HTTPFields {
    /// Whether the client waits to be asked for the body.
    var expectsContinue: Bool { self[.expect]?.lowercased() == "100-continue" }
}

extension Request {
    /// With a body for which the client is asked when it is first read, where it waits for that. `channel` has a
    /// `ContinueHandler`.
    public func askingForBody(on channel: any Channel) -> Request {
        guard headers.expectsContinue else { return self }
        var request = self
        request.body = RequestBody(asyncSequence: AskedBody(body: body, channel: channel))
        return request
    }
}

private struct AskedBody: AsyncSequence {
    let body: RequestBody
    let channel: any Channel

    func makeAsyncIterator() -> Iterator {
        Iterator(base: body.makeAsyncIterator(), channel: channel)
    }

    struct Iterator: AsyncIteratorProtocol {
        var base: RequestBody.AsyncIterator
        /// Nil once the client has been asked.
        var channel: (any Channel)?

        mutating func next() async throws -> ByteBuffer? {
            if let channel {
                self.channel = nil
                channel.triggerUserOutboundEvent(ContinueHandler.BodyIsWanted(), promise: nil)
            }
            return try await base.next()
        }
    }
}
