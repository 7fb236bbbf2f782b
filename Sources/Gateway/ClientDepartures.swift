public import NIOCore
public import NIOHTTPTypes
import S3Server
import Synchronization

/// Ends what is done for a client when it goes away, also while upstream is silent and nothing is written that could fail.
/// A client that closes only its own direction counts as gone.
public final class ClientDepartures: Sendable {
    private struct State {
        var lastID: UInt64 = 0
        /// By connection; only those for which something is being done.
        var actions: [ObjectIdentifier: [UInt64: @Sendable () -> Void]] = [:]
    }

    private let state = Mutex(State())

    public init() {}

    /// Runs `body` in a task that is cancelled when the client at the other end of `channel` goes away.
    /// - Throws: `CancellationError` when it was.
    func untilGone<Value: Sendable>(
        _ channel: any Channel, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        // Awaited here, whatever happens.
        let task = Task(executorPreference: EventLoopExecutor(channel.eventLoop)) { try await body() }
        let connection = ObjectIdentifier(channel)
        let id = state.withLock { state in
            state.lastID += 1
            state.actions[connection, default: [:]][state.lastID] = { task.cancel() }
            return state.lastID
        }
        defer {
            state.withLock { state in
                state.actions[connection]?[id] = nil
                if state.actions[connection]?.isEmpty ?? false { state.actions[connection] = nil }
            }
        }
        return try await withTaskCancellationHandler {
            // Whatever its end became on the way here.
            do { return try await task.value } catch { throw task.isCancelled ? CancellationError() : error }
        } onCancel: {
            task.cancel()
        }
    }

    fileprivate func gone(_ channel: any Channel) {
        let actions = state.withLock { $0.actions.removeValue(forKey: ObjectIdentifier(channel)) }
        for action in (actions ?? [:]).values { action() }
    }
}

/// Tells of clients that go away. To be added to each connection.
public final class DepartureHandler: ChannelInboundHandler, RemovableChannelHandler {
    public typealias InboundIn = HTTPRequestPart

    private let departures: ClientDepartures

    public init(_ departures: ClientDepartures) {
        self.departures = departures
    }

    public func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(.inputClosed) = event as? ChannelEvent { departures.gone(context.channel) }
        context.fireUserInboundEventTriggered(event)
    }

    public func channelInactive(context: ChannelHandlerContext) {
        departures.gone(context.channel)
        context.fireChannelInactive()
    }
}
