import Domain
public import HTTPTypes
public import Hummingbird
public import Logging
public import NIOCore
import S3Server
import SigV4

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Receives the gateway's requests: authenticates each, hands it to the S3 front-end and renders the answer.
public struct GatewayResponder: Sendable {
    /// What the gateway's paths begin with. Signatures cover it.
    public static let mount = "/s3p"

    private let server: S3Server<GatewayCaller>
    private let authenticator: RequestAuthenticator<GatewayCaller>
    private let domain: String?
    private let departures: ClientDepartures
    private let metrics = GatewayMetrics()
    private let now: @Sendable () -> Date
    private let logger: Logger

    /// - Parameters:
    ///   - domain: whose subdomains are buckets (`<bucket>.<domain>`); nil: path style only.
    ///   - departures: which `DepartureHandler`s on the connections tell of clients that go away.
    public init(
        backend: GatewayBackend, authentication: GatewayAuthentication, domain: String?,
        departures: ClientDepartures, now: @escaping @Sendable () -> Date = { Date() }, logger: Logger
    ) {
        server = S3Server(backend: backend)
        authenticator = authentication.authenticator
        self.domain = domain?.lowercased()
        self.departures = departures
        self.now = now
        self.logger = logger
    }

    /// Whether a request is the gateway's: by its path, or by the host it is sent to.
    public func isResponsible(for request: HTTPRequest) -> Bool {
        let path = (request.path ?? "").utf8
        if path.starts(with: Self.mount.utf8) {
            let next = path.dropFirst(Self.mount.utf8.count).first
            if next == nil || next == UInt8(ascii: "/") || next == UInt8(ascii: "?") { return true }
        }
        guard let domain, let authority = request.authority?.lowercased() else { return false }
        let host = authority.split(separator: ":", omittingEmptySubsequences: false)[0]
        return host == domain || host.hasSuffix("." + domain)
    }

    /// - Parameter channel: the client's.
    public func respond(to request: Request, channel: any Channel) async throws -> Response {
        let (ids, begun) = (S3RequestIDs(), ContinuousClock.now)
        var operation: S3Operation?
        var response: S3Response
        do {
            let target = try S3Target(request.head, mount: Self.mount, domain: domain)
            let route = Result { () throws(S3Error) in try S3Route(target) }
            operation = try? route.get().operation
            response = try await departures.untilGone(channel) {
                try await answer(request, target, route, ids, channel.remoteAddress)
            }
            if case .content(let content) = response.body {
                response.body = .content(endingWithClient(content, channel))
            }
        } catch let error as CancellationError {
            // Nobody waits any more.
            metrics.answered(operation, status: GatewayMetrics.abandoned, after: ContinuousClock.now - begun)
            throw error
        } catch {
            response = translated(error, ids).response(ids, isHead: request.method == .head)
        }
        metrics.answered(operation, status: response.status, after: ContinuousClock.now - begun)
        return response.response(ids)
    }

    private func endingWithClient(_ content: S3Content, _ channel: any Channel) -> S3Content {
        S3Content(length: content.length) { [departures] sink in
            try await withoutActuallyEscaping(sink) { sink in
                let lent = Lent(sink: sink)
                try await departures.untilGone(channel) { try await content.write(to: lent.sink) }
            }
        }
    }

    /// Unchecked: it is used by one task, while the one that lends it waits for that one's end.
    private struct Lent: @unchecked Sendable {
        let sink: S3Content.Sink
    }

    /// - Parameter route: told only to those who may know.
    private func answer(
        _ request: Request, _ target: S3Target, _ route: Result<S3Route, S3Error>, _ ids: S3RequestIDs,
        _ peer: SocketAddress?
    ) async throws -> S3Response {
        try S3Route.refusePreflight(target.request)
        let now = now()
        let sender = try await sender(of: target, now)
        let headers = target.request.headerFields
        let route = try route.get()
        let upload = try sender.upload(request.body, headers: headers, for: route.operation, wanted: .claimed)
        return try await server.respond(
            to: S3Request(route: route, query: target.query, headers: headers, body: upload),
            S3Call(
                identity: sender.identity, region: sender.region, now: now, requestID: ids.request, peer: peer,
                expectedBucketOwner: headers[.expectedBucketOwner]))
    }

    private func sender(of target: S3Target, _ now: Date) async throws -> AuthenticatedRequest<GatewayCaller> {
        do {
            return try await authenticator.authenticate(
                target.request, query: target.query, service: "s3", hostBucket: target.hostBucket, now: now)
        } catch let error as S3Error where error.code == "SignatureDoesNotMatch" && target.isSignedByVersion2 {
            // Clients take only bucket and key for the resource that version 2 signs, and leave out what the endpoint's own
            // path is.
            var request = target.request
            request.path = target.pathAndQueryWithoutMount
            return try await authenticator.authenticate(
                request, query: target.query, service: "s3", hostBucket: target.hostBucket, now: now)
        }
    }

    private func translated(_ error: any Error, _ ids: S3RequestIDs) -> S3Error {
        switch error {
        case let error as S3Error: return error
        case let error as DomainError where error.code == .unavailable:
            return S3Error("ServiceUnavailable", 503, "Please reduce your request rate.")
        default:
            let cause = (error as? DomainError)?.cause ?? "\(error)"
            logger.error("Request failed", metadata: ["request.id": "\(ids.request)", "error": "\(cause)"])
            return .internalError
        }
    }
}

extension S3Route {
    fileprivate init(_ target: S3Target) throws(S3Error) {
        try self.init(
            method: target.request.method, path: target.path, query: target.query,
            headers: target.request.headerFields, hostBucket: target.hostBucket)
    }
}

extension S3Target {
    fileprivate var isSignedByVersion2: Bool {
        request.headerFields[.authorization]?.hasPrefix("AWS ") ?? query.contains("AWSAccessKeyId")
    }

    fileprivate var pathAndQueryWithoutMount: String {
        let target = request.path ?? ""
        guard let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) else { return rawPath }
        return rawPath + target[mark...]
    }
}

extension HTTPField.Name {
    static let expectedBucketOwner = Self(known: "x-amz-expected-bucket-owner")
}
