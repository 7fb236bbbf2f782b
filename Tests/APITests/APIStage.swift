import Domain
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import TestSupport

@testable import API

/// The API on a new database, with an administrator, a user without permissions, AWS as told, at most one integration, and
/// as many data sources as told.
struct APIStage {
    static let administratorKey = "sluice-trial-key"
    static let readerKey = "reader-key"
    static let externalID = "sluice-00112233445566778899aabbccddeeff00112233"

    var service = FakeAccessGrantsService()
    /// That of the one integration, with id 1 and revision 2; `nil` for none.
    var status: IntegrationStatus? = .enabled
    var authentication = AWSAuthentication.Base.auto
    /// Of the administrator's; the reader is subscribed to the first.
    var dataSourceCount = 0
    var isFirstDataSourceDisabled = false
    var drift = FakeDriftInspector()
    /// Thrown by every list and every save.
    var failure: DomainError?
    var isWorkerReady = true

    /// What a caller sends.
    struct Sent: Sendable {
        var method: HTTPRequest.Method = .get
        var target: String
        var headers = HTTPFields()
        var body: [UInt8] = []
    }

    /// What a caller gets.
    struct Answer: Sendable {
        var status: Int
        var headers: HTTPFields
        var body: [UInt8]
    }

    func dependencies(_ store: TemporaryStore) async throws -> APIDependencies {
        try await fill(store.identities)
        if let status { try await fill(store.integrations, status) }
        if dataSourceCount > 0 { try await fill(store.dataSources) }
        let integrations: any IntegrationRepository =
            failure.map { FailingIntegrationRepository(base: store.integrations, failure: $0) }
            ?? store.integrations
        let isWorkerReady = isWorkerReady
        return APIDependencies(
            integrations: integrations, dataSources: store.dataSources, identities: store.identities,
            audit: InMemoryAuditRepository([Self.auditEvent]),
            validator: IntegrationValidator(service: service), drift: drift, externalIDs: OneExternalID(),
            changes: IntegrationChanges(), wake: {},
            environment: APIEnvironment(now: { Fixtures.now }, randomBytes: { (0..<$0).map { UInt8($0) } }),
            probes: APIProbes(readiness: [
                ReadinessCheck("database") { true }, ReadinessCheck("worker") { isWorkerReady },
            ]))
    }

    /// The answers to requests sent one after the other.
    func answers(to requests: [Sent]) async throws -> [Answer] {
        let store = try await TemporaryStore()
        return try await Application(router: apiRouter(try await dependencies(store))).test(.router) { client in
            var answers: [Answer] = []
            for sent in requests {
                let body = sent.body.isEmpty ? nil : ByteBuffer(bytes: sent.body)
                let response = try await client.execute(
                    uri: sent.target, method: sent.method, headers: sent.headers, body: body)
                answers.append(
                    Answer(
                        status: Int(response.status.code), headers: response.headers, body: Array(buffer: response.body)
                    ))
            }
            return answers
        }
    }
}

extension APIStage {
    /// The one row of the audit log.
    private static var auditEvent: AuditEvent {
        AuditEvent(
            id: 1, at: Fixtures.now,
            origin: AuditOrigin(
                actor: .init(user: UserID(1), userid: "admin", keyID: 1), source: "192.0.2.10",
                requestID: "5f2a7c0e9b1d4e36"),
            action: "user.updatePermissions", targetType: "user", targetID: "reader",
            before: #"{"id":2,"userid":"reader","permissions":["AUDIT"]}"#,
            after: #"{"id":2,"userid":"reader","permissions":[]}"#, outcome: .succeeded, awsRequestID: nil,
            hash: (0..<32).map { UInt8($0) })
    }

    private func fill(_ integrations: any IntegrationRepository, _ status: IntegrationStatus) async throws {
        guard let region = AWSRegion("us-east-1") else { preconditionFailure("a Region code") }
        let connection = AWSConnection(
            accountID: Fixtures.accountID, region: region, authentication: AWSAuthentication(base: authentication),
            externalID: OneExternalID.id)
        let configuration = Fixtures.configuration(
            name: "analytics", path: "s3://sandbox-data/", connection: connection)
        let inserted = try await integrations.insert(Fixtures.newIntegration(configuration), answer: nil)
        guard case .inserted(let new) = inserted else { preconditionFailure("no answer was kept") }
        for next in Self.way(to: status) {
            let current = try await integrations.integration(new.id, includingDeleted: true) ?? new
            try await integrations.save(
                Integration(
                    id: new.id, revision: current.revision, lifecycle: IntegrationLifecycle(next),
                    configuration: configuration, pending: nil,
                    locations: [
                        LocationRecord(
                            path: configuration.path, role: configuration.locationRole, made: Fixtures.made())
                    ],
                    report: new.report, schedule: new.schedule))
        }
    }

    /// The store accepts only steps that the lifecycle knows.
    private static func way(to status: IntegrationStatus) -> [IntegrationStatus] {
        switch status {
        case .creating: []
        case .enabled, .createError: [status]
        case .editing, .deleting, .recurringValidationError, .disabled: [.enabled, status]
        case .editError: [.enabled, .editing, status]
        case .deleteError, .deleted: [.enabled, .deleting, status]
        case .migrating, .migrateError: preconditionFailure("no integration gets there")
        }
    }

    private func fill(_ identities: any IdentityRepository) async throws {
        for (userid, name, permissions, key, label) in [
            ("admin", "Administrator", Set(Permission.allCases), Self.administratorKey, "trial"),
            ("reader", "Reader", [], Self.readerKey, "reader"),
        ] {
            let user = try await identities.insertUser(
                iamid: "bim", userid: userid, profile: .init(name: name), permissions: permissions, now: Fixtures.now)
            _ = try await identities.insertKey(
                Credential.hash(key), user: user.id, name: label, expiresAt: nil, now: Fixtures.now)
        }
    }

    private func fill(_ dataSources: any DataSourceRepository) async throws {
        let location = Fixtures.path("s3://sandbox-data/")
        let administrator = UserID(1)
        let new = try [("raw events", "raw/events/"), ("raw prices", "raw/prices.csv")].prefix(dataSourceCount)
            .map { name, text in
                let prefix = try DataPrefix(text, under: location)
                return NewDataSource(name: name, prefix: prefix, scope: prefix.scope(under: location))
            }
        _ = try await dataSources.insert(
            new, of: IntegrationID(1), for: .everything(administrator), answer: nil, by: .system, now: Fixtures.now)
        _ = try await dataSources.setAccess(
            to: DataSourceID(1), of: UserID(2), state: .subscribed, level: .read, by: .system, admin: administrator,
            now: Fixtures.now)
        guard isFirstDataSourceDisabled else { return }
        _ = try await dataSources.delete(DataSourceID(1), revision: nil, by: .system, now: Fixtures.now)
    }
}

/// The same for every account and role.
struct OneExternalID: ExternalIDSource {
    static var id: ExternalID {
        guard let id = ExternalID(APIStage.externalID) else { preconditionFailure("of an external id's alphabet") }
        return id
    }

    func externalID(accountID: AWSAccountID, role: IAMRoleARN?) -> ExternalID { Self.id }
}

/// Reads single integrations from another repository; whatever else is asked of it, fails.
struct FailingIntegrationRepository: IntegrationRepository {
    let base: any IntegrationRepository
    let failure: DomainError

    func integration(_ id: IntegrationID, includingDeleted: Bool) async throws(DomainError) -> Integration? {
        try await base.integration(id, includingDeleted: includingDeleted)
    }
    func revision(_ id: IntegrationID) async throws(DomainError) -> Int64? { try await base.revision(id) }
    func integrations() async throws(DomainError) -> [Integration] { throw failure }
    func insert(
        _ new: NewIntegration, answer: AnswerToKeep<Integration>?, by origin: AuditOrigin
    ) async throws(DomainError) -> InsertedIntegration {
        throw failure
    }
    @discardableResult
    func save(_ integration: Integration, for request: AuditedRequest?) async throws(DomainError) -> Integration {
        throw failure
    }
    func recordCheck(_ id: IntegrationID, next: Date) async throws(DomainError) { throw failure }
    func due(now: Date, limit: Int) async throws(DomainError) -> [Integration] { throw failure }
    func dueForCheck(now: Date, interval: TimeInterval, limit: Int) async throws(DomainError) -> [Integration] {
        throw failure
    }
    func nextDue(checkInterval: TimeInterval) async throws(DomainError) -> Date? { throw failure }
    func keptAnswer(key: String, user: UserID, since: Date) async throws(DomainError) -> KeptAnswer? { throw failure }
}
