import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// Sends an answer's head together with the first bytes of its body, in one segment and one system call, where the body
/// is known to follow.
final class AnswerHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private var holdsHead = false

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .head(let head) = unwrapOutboundIn(data) {
            holdsHead = head.headerFields[.contentLength].map { $0 != "0" } ?? false
        } else {
            holdsHead = false
        }
        context.write(data, promise: promise)
    }

    func flush(context: ChannelHandlerContext) {
        if !holdsHead || !context.channel.isWritable { context.flush() }
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard let stretch = event as? FileStretch else {
            context.triggerUserOutboundEvent(event, promise: promise)
            return
        }
        do {
            // The codec knows of no files, what comes after it does.
            let codec = try context.pipeline.syncOperations.context(handlerType: HTTP1ToHTTPServerCodec.self)
            holdsHead = false
            codec.writeAndFlush(NIOAny(HTTPServerResponsePart.body(.fileRegion(stretch.region))), promise: promise)
        } catch {
            promise?.fail(error)
        }
    }

    /// A head so long that the channel takes nothing more must go first.
    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if holdsHead && !context.channel.isWritable { context.flush() }
        context.fireChannelWritabilityChanged()
    }
}
