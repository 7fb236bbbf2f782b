import HTTPTypes
import Hummingbird
import NIOCore
import OpenAPIDocument

/// What operators and tools ask, without authentication.
struct SystemRoutes: Sendable {
    let probes: APIProbes

    var routes: [APIRoute] {
        [
            .open(.get, "/healthz") { _, _ in Response(json: .members(["status": .string("ok")])) },
            .open(.get, "/readyz") { _, _ in try await ready() },
            .open(.get, "/metrics") { _, _ in
                Response(
                    status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                    body: ResponseBody(byteBuffer: ByteBuffer(string: await probes.metrics())))
            },
            .open(.get, "/openapi.yaml") { _, _ in
                Response(
                    status: .ok, headers: [.contentType: "application/yaml; charset=utf-8"],
                    body: ResponseBody(byteBuffer: Self.document))
            },
        ]
    }

    private func ready() async throws -> Response {
        var checks: [JSONValue.Member] = []
        for check in probes.readiness {
            checks.append(.init(name: check.name, value: .bool(await check.isReady())))
        }
        let failed = checks.filter { $0.value == .bool(false) }.map(\.name)
        guard failed.isEmpty else {
            throw APIFailure(.serviceUnavailable, "Not ready: \(failed.joined(separator: ", ")).")
        }
        return Response(json: .members(["status": .string("ready"), "checks": .object(checks)]))
    }

    private static let document = ByteBuffer(bytes: openAPIDocument)
}

/// The bytes of `openapi.yaml`.
public var openAPIDocument: [UInt8] {
    unsafe Array(
        UnsafeBufferPointer(start: sluice_openapi_document_start(), count: Int(sluice_openapi_document_length)))
}
