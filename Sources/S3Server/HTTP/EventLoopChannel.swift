public import HummingbirdCore
import Logging
import NIOCore

extension HTTPServerBuilder {
    /// HTTP/1.1, each connection served by its own event loop. What may take long on the way must not run there.
    public static func http1OnEventLoops(configuration: HTTP1Channel.Configuration = .init()) -> HTTPServerBuilder {
        var complete = configuration
        complete.additionalChannelHandlers = { configuration.additionalChannelHandlers() + [AnswerHandler()] }
        return HTTPServerBuilder { [complete] in
            EventLoopChannel(base: HTTP1Channel(responder: $0, configuration: complete))
        }
    }
}

private struct EventLoopChannel: ServerChildChannel {
    let base: HTTP1Channel

    /// Large bodies come in large pieces, as each costs a turn through all handlers. A connection keeps as many buffers as
    /// it reads at a time, and up to eleven wait for a slow reader.
    private static let buffers = AdaptiveRecvByteBufferAllocator(minimum: 1 << 10, initial: 4 << 10, maximum: 128 << 10)

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
        channel.setOption(.recvAllocator, value: Self.buffers).flatMap {
            channel.setOption(.maxMessagesPerRead, value: 1)
        }.flatMap {
            base.setup(channel: channel, logger: logger)
        }
    }

    func handle(value: HTTP1Channel.Value, logger: Logger) async {
        await withTaskExecutorPreference(EventLoopExecutor(value.channel.eventLoop)) {
            await base.handle(value: value, logger: logger)
        }
    }
}
