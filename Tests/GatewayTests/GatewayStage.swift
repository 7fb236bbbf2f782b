import AWS
import Domain
import Foundation
import Gateway
import HTTPTypes
import Logging
import NIOCore
import NIOPosix
import S3Server
import SigV4
import Synchronization
import TestSupport
import Transport

/// The gateway on a made-up upstream: every object there is its own path, and every request is kept.
final class GatewayStage: Sendable {
    static let secret = "CANARY-wJalrXUtnFEMI/K7MDENG"
    static let reader = GatewayCaller(user: UserID(2), userid: "reader", keyID: 2)
    static let writer = GatewayCaller(user: UserID(3), userid: "writer", keyID: 3)
    static let stranger = GatewayCaller(user: UserID(4), userid: "stranger", keyID: 4)

    let upstream = Upstream()
    let audit = InMemoryAuditRepository()
    let backend: GatewayBackend

    /// - Parameter objects: in place of `upstream`.
    init(auditLevel: GatewayBackend.AuditLevel = .all, objects: (any ObjectTransport)? = nil) throws {
        let endpoint = "http://upstream.test:9000"
        let runtime = AWSRuntime(
            transport: NoDocuments(), endpoints: try EndpointConfiguration(environment: ["AWS_ENDPOINT_URL": endpoint]))
        backend = GatewayBackend(
            bucket: "immuta", repository: Sources(), client: S3ObjectClient(runtime, objects: objects ?? upstream),
            credentials: { connection in
                guard case .accessKey(let id, let secret) = connection.authentication.base else {
                    preconditionFailure("the sources have keys")
                }
                return StaticCredentialsProvider(accessKeyID: id, revealed: secret.reveal())
            }, audit: audit, auditLevel: auditLevel, logger: Logger(label: "test"))
    }

    func call(_ caller: GatewayCaller) -> S3Call<GatewayCaller> {
        S3Call(
            identity: caller, region: "us-east-1", now: Fixtures.now, requestID: "R1",
            peer: try? SocketAddress(ipAddress: "192.0.2.1", port: 40_000))
    }

    /// What each may do: `raw` read or written, `day` read; `other` is nobody's.
    static let dataSources: [GatewayDataSource] = {
        let connection = Fixtures.connection(base: .accessKey(id: "AKIACANARY", secret: Domain.Secret(secret)))
        func source(_ id: Int64, _ name: String, _ place: DataPlace) -> GatewayDataSource {
            GatewayDataSource(
                id: DataSourceID(id), sqlTableName: name, level: .read, place: place, connection: connection)
        }
        return [
            source(1, "day", DataPlace(bucket: "lake", folder: "", names: .beginning("day"))),
            source(2, "other", DataPlace(bucket: "lake", folder: "other/")),
            source(3, "raw", DataPlace(bucket: "lake", folder: "raw/")),
        ]
    }()

    static func level(_ name: String, _ user: UserID) -> AccessLevel? {
        switch (name, user) {
        case ("raw", writer.user): .write
        case ("raw", reader.user), ("day", reader.user), ("day", writer.user): .read
        default: nil
        }
    }

    private struct Sources: GatewayRepository {
        func caller(by hash: CredentialHash, now: Date) async throws(DomainError) -> GatewayCaller? { nil }
        func caller(
            accessKeyID: String, now: Date
        ) async throws(DomainError) -> (GatewayCaller, secret: Domain.Secret)? { nil }

        func dataSource(_ name: String, for user: UserID) async throws(DomainError) -> GatewayDataSource? {
            guard var found = GatewayStage.dataSources.first(where: { $0.sqlTableName == name }),
                let level = GatewayStage.level(name, user)
            else { return nil }
            found.level = level
            return found
        }

        func dataSources(
            _ query: GatewayQuery, for user: UserID
        ) async throws(DomainError) -> [GatewayDataSource] {
            let named = GatewayStage.dataSources.filter {
                $0.sqlTableName.hasPrefix(query.prefix)
                    && (query.excludesFrom ? $0.sqlTableName > query.from : $0.sqlTableName >= query.from)
            }
            var found: [GatewayDataSource] = []
            for one in named { if let mine = try await dataSource(one.sqlTableName, for: user) { found.append(mine) } }
            return Array(found.prefix(query.limit))
        }
    }

    private struct NoDocuments: DocumentTransport {
        func send(_ request: DocumentRequest) async throws(TransportError) -> DocumentResponse {
            throw .connect("no documents are asked for")
        }
    }
}

/// Answers every read with the request's decoded path, and keeps what it was asked.
final class Upstream: ObjectTransport {
    struct Asked: Sendable, Equatable {
        var method: String
        /// Decoded once.
        var path: String
    }

    /// On which event loop each request was sent; nil for another thread.
    private let loops = Mutex<[(any EventLoop)?]>([])
    var eventLoops: [(any EventLoop)?] { loops.withLock(\.self) }

    private let kept = Mutex<(asked: [Asked], answer: (Int, String)?)>(([], nil))

    var asked: [Asked] { kept.withLock(\.asked) }
    /// In place of the usual answer: a status and a document.
    func answer(_ status: Int, _ document: String) { kept.withLock { $0.answer = (status, document) } }
    func forget() { kept.withLock { $0 = ([], nil) } }

    func send(_ request: ObjectRequest) async throws -> ObjectResponse {
        loops.withLock { $0.append(MultiThreadedEventLoopGroup.currentEventLoop) }
        let target = request.head.path ?? ""
        let path = URIEncoding.decode(String(target.prefix { $0 != "?" })) ?? "?"
        let answer = kept.withLock { kept in
            kept.asked.append(Asked(method: request.head.method.rawValue, path: path))
            return kept.answer
        }
        if case .stream(_, let make) = request.body {
            var iterator = make()
            while try await iterator.next(isolation: nil) != nil {}
        }
        let bytes = Array((answer?.1 ?? path).utf8)
        return ObjectResponse(
            status: HTTPResponse.Status(code: answer?.0 ?? 200),
            headerFields: [
                .contentLength: String(bytes.count), .eTag: "\"e\"", .server: "upstream.test",
                .lastModified: "Sun, 19 Mar 2006 00:00:00 GMT",
            ],
            body: ObjectDownload(ByteBuffer(bytes: bytes)))
    }
}
