import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import S3Server
import SigV4

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The channel of a request, so that a rehearsed fault can close it.
struct SandboxContext: InitializableFromSource {
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        channel = source.channel
    }
}

/// Receives every request: authenticates it, rehearses faults, hands it to its service and renders the answer.
struct SandboxResponder: HTTPResponder {
    /// Largest body of a request, in bytes: objects are held in memory while they are stored.
    static let largestBody = 128 << 20

    let configuration: SandboxConfiguration
    let authenticator: RequestAuthenticator<Caller>
    let sts: STSService
    let s3: S3Server<Caller>
    let s3Control: S3ControlService
    let faults: FaultState
    let logger: Logger

    func respond(to request: Request, context: SandboxContext) async throws -> Response {
        let ids = RequestIDs()
        guard var response = await answer(request, ids) else {
            // The client is to see its connection end: what is returned here is not written any more.
            try? await context.channel.close()
            return Response(status: .internalServerError)
        }
        response.headers[.requestID] = ids.request
        response.headers[.hostID] = ids.host
        return response
    }

    /// Nil when a fault drops the connection, or the sandbox is being stopped.
    private func answer(_ request: Request, _ ids: RequestIDs) async -> Response? {
        var service = SandboxTarget.Service.s3
        do {
            let target = try SandboxTarget(request.head, bucketDomain: configuration.bucketDomain)
            service = target.service
            let body = try await collect(request)
            if target.service == .admin { return try administer(target, body) }
            let call = try await authenticate(target, body)
            let effect = try strike(call, target)
            let delay = configuration.latency + effect.delay
            if delay > .zero { try await Task.sleep(for: delay) }
            if effect.dropsBefore { return nil }
            if let failure = effect.failure { return render(failure, service, ids, isHead: request.method == .head) }
            let response = try await perform(call, target)
            return effect.dropsAfter ? nil : response
        } catch let error as S3Error {
            return render(error, service, ids, isHead: request.method == .head)
        } catch is CancellationError {
            return nil
        } catch {
            logger.error("Request failed", metadata: ["error": "\(error)"])
            return render(.internalError, service, ids, isHead: request.method == .head)
        }
    }

    private func collect(_ request: Request) async throws -> [UInt8] {
        do {
            let buffer = try await request.body.collect(upTo: Self.largestBody)
            return Array(buffer.readableBytesView)
        } catch is NIOTooManyBytesError {
            throw S3Error("EntityTooLarge", 400, "Your proposed upload exceeds the maximum allowed size")
        }
    }
}

// MARK: Authentication

extension SandboxResponder {
    private func authenticate(_ target: SandboxTarget, _ body: [UInt8]) async throws -> SandboxCall {
        let now = configuration.clock()
        let authenticated = try await authenticator.authenticate(
            target.request, service: target.service.signingName,
            endpointRegion: target.service == .sts ? nil : target.hostRegion, body: body, now: now)
        let (content, operation) = try operation(target, body, authenticated)
        return SandboxCall(
            operation: operation, caller: authenticated.identity, region: authenticated.claim.scope.region,
            body: content, now: now)
    }

    private func operation(
        _ target: SandboxTarget, _ body: [UInt8], _ authenticated: AuthenticatedRequest<Caller>
    ) throws -> ([UInt8], SandboxCall.Operation) {
        let headers = target.request.headerFields
        switch target.service {
        case .s3:
            let content = try S3RequestBody.decode(
                body, headers: headers, claim: authenticated.claim, key: authenticated.key)
            let route = try S3Route(
                method: target.request.method, path: target.path, query: target.query, headers: headers,
                hostBucket: target.hostBucket)
            return (content, .s3(route))
        case .s3Control:
            let content = try S3RequestBody.decode(
                body, headers: headers, claim: authenticated.claim, key: authenticated.key)
            return (
                content, .s3Control(try S3ControlService.route(method: target.request.method, path: target.rawPath))
            )
        case .sts, .admin:
            guard let text = String(validating: body, as: UTF8.self), let parameters = QueryItems(parsing: text) else {
                throw S3Error("MalformedInput", 400, "The form is malformed")
            }
            return (body, .sts(parameters))
        }
    }

    private func perform(_ call: SandboxCall, _ target: SandboxTarget) async throws -> Response {
        let headers = target.request.headerFields
        switch call.operation {
        case .s3(let route):
            let request = S3Request(route: route, query: target.query, headers: headers, body: call.body)
            let response = try await s3.respond(
                to: request, S3Call(identity: call.caller, region: call.region, now: call.now))
            return Self.response(response, isHead: target.request.method == .head)
        case .s3Control(let route):
            let request = S3ControlRequest(
                headers: headers, query: target.query, body: call.body, region: call.region, now: call.now)
            let answer = try await s3Control.answer(
                route, request, caller: call.caller, hostAccount: target.hostAccount)
            return Response(
                status: .init(code: answer.status),
                headers: answer.body.isEmpty ? [:] : [.contentType: "application/xml"],
                body: .init(byteBuffer: ByteBuffer(bytes: answer.body)))
        case .sts(let parameters):
            let body = try await sts.answer(
                parameters, caller: call.caller, requestID: UUID().uuidString.lowercased(), now: call.now)
            return Response(
                status: .ok, headers: [.contentType: "text/xml"], body: .init(byteBuffer: ByteBuffer(bytes: body)))
        }
    }
}

// MARK: Answers

extension SandboxResponder {
    private static func response(_ response: S3Response, isHead: Bool) -> Response {
        let status = HTTPResponse.Status(code: response.status)
        guard isHead else {
            return Response(
                status: status, headers: response.headers, body: .init(byteBuffer: ByteBuffer(bytes: response.body)))
        }
        return Response(
            status: status, headers: response.headers,
            body: ResponseBody(contentLength: response.contentLength ?? 0) { try await $0.finish(nil) })
    }

    private func render(
        _ failure: FaultEffect.Failure, _ service: SandboxTarget.Service, _ ids: RequestIDs, isHead: Bool
    ) -> Response {
        let error = S3Error(failure.code, failure.status, failure.message)
        var response = render(error, service, ids, isHead: isHead)
        if let milliseconds = failure.retryAfterMilliseconds { response.headers[.amzRetryAfter] = "\(milliseconds)" }
        return response
    }

    private func render(
        _ error: S3Error, _ service: SandboxTarget.Service, _ ids: RequestIDs, isHead: Bool
    ) -> Response {
        let document =
            switch service {
            case .s3: error.document(requestID: ids.request, hostID: ids.host)
            case .s3Control: error.wrappedDocument(requestID: ids.request, hostID: ids.host)
            case .sts, .admin:
                error.wrappedDocument(
                    requestID: ids.request, hostID: ids.host, namespace: STSService.namespace, sender: true)
            }
        var headers: HTTPFields = [.contentType: "application/xml"]
        headers[.bucketRegion] = error.elements.first { $0.name == "Region" }?.text
        let response = S3Response(status: error.status, headers: headers, body: document, contentLength: 0)
        return Self.response(response, isHead: isHead)
    }
}
