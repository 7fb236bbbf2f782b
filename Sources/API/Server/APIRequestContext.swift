import Domain
public import Hummingbird
import Logging
public import NIOCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Of a request whose sender is not known yet.
public struct APIRequestContext: RequestContext {
    public var coreContext: CoreRequestContextStorage
    /// Sent as `x-request-id`, and in every line logged for the request.
    public let requestID: String
    /// The address the connection comes from; a proxy's, behind one.
    let peer: String?
    /// The connection the request came on.
    public let channel: any Channel
    /// Set by authentication; read by `CallerContext` only.
    var caller: Caller?

    public init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        requestID = source.logger[metadataKey: "hb.request.id"]?.description ?? UUID().uuidString.lowercased()
        channel = source.channel
        peer = source.channel.remoteAddress?.ipAddress
    }

    func origin(of caller: Caller?) -> AuditOrigin {
        let actor = caller.map { AuditOrigin.Actor(user: $0.user.id, userid: $0.user.userid, keyID: $0.keyID) }
        return AuditOrigin(actor: actor, source: peer, requestID: requestID)
    }
}

/// Of a request whose sender is known: it cannot be made without one.
struct CallerContext: ChildRequestContext {
    var coreContext: CoreRequestContextStorage
    let requestID: String
    let caller: Caller
    /// Of this request, as the audit log tells it.
    let origin: AuditOrigin

    init(context: APIRequestContext) throws {
        guard let caller = context.caller else { throw DomainError.unauthenticated }
        coreContext = context.coreContext
        requestID = context.requestID
        self.caller = caller
        origin = context.origin(of: caller)
    }
}

extension DomainError {
    static var unauthenticated: DomainError {
        DomainError(.unauthorized, "Missing authentication: send an API key or a token in the Authorization header.")
    }
}
