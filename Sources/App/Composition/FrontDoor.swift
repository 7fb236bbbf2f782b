import API
import AWS
import Gateway
import Hummingbird
import Logging
import S3Server
import Store
import Transport
import Worker

/// The one listener: the gateway's requests to the gateway, all others to the API.
struct FrontDoor<APIResponder: HTTPResponder<APIRequestContext>>: HTTPResponder {
    let api: APIResponder
    let gateway: GatewayResponder

    func respond(to request: Request, context: APIRequestContext) async throws -> Response {
        let request = request.askingForBody(on: context.channel)
        guard gateway.isResponsible(for: request.head) else {
            // Some of its answers take long to make.
            var response = try await offEventLoop { try await api.respond(to: request, context: context) }
            if response.body.contentLength == nil { response.body = response.body.madeOffEventLoop() }
            return response
        }
        return try await gateway.respond(to: request, channel: context.channel)
    }
}

extension ResponseBody {
    fileprivate consuming func madeOffEventLoop() -> ResponseBody {
        let body = self
        return ResponseBody { writer in
            try await withTaskExecutorPreference(globalConcurrentExecutor) { try await body.write(writer) }
        }
    }
}

extension GatewayResponder {
    init(
        _ settings: GatewaySettings, store: SQLiteStore, runtime: AWSRuntime, objects: any ObjectTransport,
        aws: AWSAccessGrantsService, departures: ClientDepartures, logger: Logger
    ) {
        self.init(
            backend: GatewayBackend(
                bucket: settings.bucket, repository: store.gateway,
                client: S3ObjectClient(runtime, objects: objects), credentials: { aws.credentials(of: $0) },
                audit: store.audit, auditLevel: settings.audit, logger: logger),
            authentication: GatewayAuthentication(
                store.gateway, allowsCompatibilitySecret: settings.allowsCompatibilitySecret),
            domain: settings.domain, departures: departures, logger: logger)
    }
}
