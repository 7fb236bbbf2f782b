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
    /// Largest document of a request to STS or S3 Control, in bytes.
    static let largestDocument = 4 << 20

    let configuration: SandboxConfiguration
    let authenticator: RequestAuthenticator<Caller>
    let sts: STSService
    let s3: S3Server<Caller>
    let s3Control: S3ControlService
    let faults: FaultState
    let logger: Logger

    func respond(to request: Request, context: SandboxContext) async throws -> Response {
        let ids = S3RequestIDs()
        guard let response = await answer(request.askingForBody(on: context.channel), context, ids) else {
            // The client is to see its connection end: what is returned here is not written any more.
            try? await context.channel.close()
            return Response(status: .internalServerError)
        }
        return response.response(ids, files: configuration.tls == nil ? FileSender(context.channel) : nil)
    }

    /// Nil when a fault drops the connection, or the sandbox is being stopped.
    private func answer(_ request: Request, _ context: SandboxContext, _ ids: S3RequestIDs) async -> S3Response? {
        var service = SandboxTarget.Service.s3
        do {
            let target = try SandboxTarget(request.head, bucketDomain: configuration.bucketDomain)
            service = target.service
            if target.service == .s3 { try S3Route.refusePreflight(request.head) }
            if target.service == .admin { return try administer(target, try await collect(request)) }
            let call = try await authenticate(target, request)
            let effect = try strike(call, target)
            let delay = configuration.latency + effect.delay
            if delay > .zero { try await Task.sleep(for: delay) }
            if effect.dropsBefore { return nil }
            if let failure = effect.failure { return render(failure, service, ids, isHead: request.method == .head) }
            let response = try await perform(call, target, ids)
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
            let buffer = try await request.body.collect(upTo: Self.largestDocument)
            return Array(buffer.readableBytesView)
        } catch is NIOTooManyBytesError {
            throw S3Error("EntityTooLarge", 400, "Your proposed upload exceeds the maximum allowed size")
        }
    }
}

// MARK: Authentication

extension SandboxResponder {
    private func authenticate(_ target: SandboxTarget, _ request: Request) async throws -> SandboxCall {
        let now = configuration.clock()
        let body = target.service == .s3 ? nil : try await collect(request)
        let authenticated = try await authenticator.authenticate(
            target.request, query: target.query, service: target.service.signingName,
            endpointRegion: target.service == .sts ? nil : target.hostRegion, hostBucket: target.hostBucket, body: body,
            now: now)
        return SandboxCall(
            operation: try operation(target, request, body ?? [], authenticated), caller: authenticated.identity,
            region: authenticated.region, now: now)
    }

    private func operation(
        _ target: SandboxTarget, _ request: Request, _ body: [UInt8], _ authenticated: AuthenticatedRequest<Caller>
    ) throws -> SandboxCall.Operation {
        let headers = target.request.headerFields
        switch target.service {
        case .s3:
            let route = try S3Route(
                method: target.request.method, path: target.s3.path, query: target.query, headers: headers,
                hostBucket: target.hostBucket)
            return .s3(route, try authenticated.upload(request.body, headers: headers, for: route.operation))
        case .s3Control:
            guard authenticated.claim != nil else { throw S3Error.accessDenied() }
            let document = try authenticated.decode(body, headers: headers)
            let route = try S3ControlService.route(method: target.request.method, path: target.rawPath)
            return .s3Control(route, document)
        case .sts, .admin:
            guard let text = String(validating: body, as: UTF8.self), let parameters = QueryItems(parsing: text[...])
            else {
                throw S3Error("MalformedInput", 400, "The form is malformed")
            }
            return .sts(parameters)
        }
    }

    private func perform(_ call: SandboxCall, _ target: SandboxTarget, _ ids: S3RequestIDs) async throws -> S3Response {
        let headers = target.request.headerFields
        switch call.operation {
        case .s3(let route, let upload):
            let request = S3Request(route: route, query: target.query, headers: headers, body: upload)
            return try await s3.respond(
                to: request,
                S3Call(
                    identity: call.caller, region: call.region, now: call.now, requestID: ids.request,
                    expectedBucketOwner: headers[.expectedBucketOwner]))
        case .s3Control(let route, let body):
            let request = S3ControlRequest(
                headers: headers, query: target.query, body: body, region: call.region, now: call.now)
            let answer = try await s3Control.answer(
                route, request, caller: call.caller, hostAccount: target.hostAccount)
            guard !answer.body.isEmpty else { return S3Response(status: answer.status) }
            return S3Response(
                status: answer.status, headers: [.contentType: "application/xml"], body: .bytes(answer.body))
        case .sts(let parameters):
            let body = try await sts.answer(
                parameters, caller: call.caller, requestID: UUID().uuidString.lowercased(), now: call.now)
            return S3Response(headers: [.contentType: "text/xml"], body: .bytes(body))
        }
    }
}

// MARK: Errors

extension SandboxResponder {
    private func render(
        _ failure: FaultEffect.Failure, _ service: SandboxTarget.Service, _ ids: S3RequestIDs, isHead: Bool
    ) -> S3Response {
        var error = S3Error(failure.code, failure.status, failure.message)
        if let milliseconds = failure.retryAfterMilliseconds { error.headers[.amzRetryAfter] = "\(milliseconds)" }
        return render(error, service, ids, isHead: isHead)
    }

    private func render(
        _ error: S3Error, _ service: SandboxTarget.Service, _ ids: S3RequestIDs, isHead: Bool
    ) -> S3Response {
        var response = error.response(ids, isHead: isHead)
        switch service {
        case .s3: break
        case .s3Control:
            response.body = .bytes(error.wrappedDocument(requestID: ids.request, hostID: ids.host))
        case .sts, .admin:
            response.body = .bytes(
                error.wrappedDocument(
                    requestID: ids.request, hostID: ids.host, namespace: STSService.namespace, sender: true))
        }
        return response
    }
}
