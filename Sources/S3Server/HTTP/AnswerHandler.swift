import HTTPTypes
import NIOCore
import NIOHTTPTypes

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

    /// A head so long that the channel takes nothing more must go first.
    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if holdsHead && !context.channel.isWritable { context.flush() }
        context.fireChannelWritabilityChanged()
    }
}
