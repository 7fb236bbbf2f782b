public import AWS
public import Domain
public import Logging
import NIOCore
public import S3Server

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// One bucket in which each data source that the caller may read is a folder. What a key leads to is decided anew with
/// each request, and fetched with the credentials of the data source's integration, which no client ever sees.
public struct GatewayBackend: S3Backend {
    public typealias Identity = GatewayCaller

    /// What is written to the audit log.
    public enum AuditLevel: String, Sendable, CaseIterable {
        case nothing = "none"
        /// Refusals and writes.
        case writes
        case all
    }

    public static let owner = S3Owner(id: "Immuta", displayName: "Immuta")
    /// Where the bucket says it is.
    public static let region = "us-east-1"

    let bucket: String
    let repository: any GatewayRepository
    let client: S3ObjectClient
    let credentials: @Sendable (AWSConnection) -> any AWSCredentialsProvider
    let audit: any AuditRepository
    let auditLevel: AuditLevel
    let logger: Logger

    /// - Parameter credentials: what reaches a connection's account.
    public init(
        bucket: String, repository: any GatewayRepository, client: S3ObjectClient,
        credentials: @escaping @Sendable (AWSConnection) -> any AWSCredentialsProvider, audit: any AuditRepository,
        auditLevel: AuditLevel, logger: Logger
    ) {
        self.bucket = bucket
        self.repository = repository
        self.client = client
        self.credentials = credentials
        self.audit = audit
        self.auditLevel = auditLevel
        self.logger = logger
    }

    typealias Call = S3Call<GatewayCaller>
}

// MARK: Deciding

extension GatewayBackend {
    /// - Throws: `NoSuchBucket`, or `AccessDenied` when the client expects another owner.
    func check(bucket name: String, _ call: Call) throws(S3Error) {
        guard name.utf8.elementsEqual(bucket.utf8) else { throw .noSuchBucket(name) }
        guard call.expectedBucketOwner.map({ $0 == Self.owner.id }) ?? true else { throw .accessDenied() }
    }

    /// What `object` is, when the caller may do that with it now. A refusal is in the audit log before it is answered.
    /// - Throws: `NoSuchBucket`, `NoSuchKey` or `AccessDenied`.
    func decide(_ object: S3ObjectName, for action: AuditAction, _ call: Call) async throws -> GatewayObject {
        try check(bucket: object.bucket, call)
        let level: AccessLevel = action == .readObject ? .read : .write
        do {
            let key = GatewayKey(object.key)
            let dataSource = try await repository.dataSource(key.sqlTableName, for: call.identity.user)
            return try GatewayPolicy.object(key, in: dataSource, for: level)
        } catch let refusal as GatewayRefusal {
            try await record([AuditedKey(object.key, .refused)], action, call)
            throw S3Error(refusal, key: object.key)
        }
    }
}

extension S3Error {
    init(_ refusal: GatewayRefusal, key: String) {
        switch refusal {
        case .noSuchKey: self = .noSuchKey(key)
        case .accessDenied: self = .accessDenied()
        }
    }
}

// MARK: Auditing

/// A key with what came of the request for it.
struct AuditedKey {
    var key: String
    var outcome: AuditOutcome

    init(_ key: String, _ outcome: AuditOutcome) {
        self.key = key
        self.outcome = outcome
    }
}

extension GatewayBackend {
    /// In one commit.
    func record(_ keys: [AuditedKey], _ action: AuditAction, _ call: Call) async throws {
        let wanted = keys.filter { key in
            switch auditLevel {
            case .nothing: false
            case .writes: key.outcome == .refused || action != .readObject
            case .all: true
            }
        }
        guard !wanted.isEmpty else { return }
        let caller = call.identity
        let origin = AuditOrigin(
            actor: .init(user: caller.user, userid: caller.userid, keyID: caller.keyID), source: call.peer?.ipAddress,
            requestID: call.requestID)
        try await audit.append(
            wanted.map { key in
                AuditEntry(
                    at: call.now, origin: origin, action: action, target: AuditTarget(.object, key.key),
                    outcome: key.outcome)
            })
    }
}

// MARK: Fetching

extension GatewayBackend {
    func send(
        _ request: S3ObjectRequest, to dataSource: GatewayDataSource, key: String
    ) async throws
        -> S3ObjectResponse
    {
        let connection = dataSource.connection
        do {
            return try await client.send(
                request, credentials: credentials(connection), region: connection.region.description)
        } catch let error as AWSError {
            throw explained(error, dataSource, key: key)
        }
    }

    func document(
        _ request: S3ObjectRequest, from dataSource: GatewayDataSource, key: String
    ) async throws
        -> UpstreamDocument
    {
        let connection = dataSource.connection
        do {
            let answer = try await client.document(
                request, credentials: credentials(connection), region: connection.region.description)
            return UpstreamDocument(root: answer.document, headerFields: answer.headerFields)
        } catch let error as AWSError {
            throw explained(error, dataSource, key: key)
        }
    }

    /// Logs what a client is not told.
    private func explained(_ error: AWSError, _ dataSource: GatewayDataSource, key: String) -> S3Error {
        let answer = S3Error(upstream: error, key: key)
        if answer == .unreachable, !Task.isCancelled {
            logger.warning(
                "a data source cannot be reached",
                metadata: ["dataSource.id": "\(dataSource.id)", "error": "\(error)"])
        }
        return answer
    }
}
