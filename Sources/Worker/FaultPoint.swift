public import Domain

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// A place where a process may die and the work must still come to the right end: before and after each AWS call and
/// each commit of an integration.
public enum FaultPoint: Sendable, Equatable {
    case beforeCall(String)
    case afterCall(String)
    case beforeCommit(String)
    case afterCommit(String)
}

/// Told of every point that is passed. To rehearse a crash it does not return.
public typealias FaultHook = @Sendable (FaultPoint) -> Void

extension FaultPoint {
    /// What every repository's decorator does around a commit.
    static func commit<Value>(
        _ name: String, _ hook: FaultHook, _ work: () async throws(DomainError) -> Value
    ) async throws(DomainError) -> Value {
        hook(.beforeCommit(name))
        defer { hook(.afterCommit(name)) }
        return try await work()
    }
}

/// An AWS whose every call is announced to a hook.
public struct FaultPointAccessGrantsService: AccessGrantsService {
    private let base: any AccessGrantsService
    private let hook: FaultHook

    public init(_ base: any AccessGrantsService, hook: @escaping FaultHook) {
        self.base = base
        self.hook = hook
    }

    private func pass<Value>(
        _ name: String, _ call: () async throws(AWSProblem) -> Value
    ) async throws(AWSProblem) -> Value {
        hook(.beforeCall(name))
        defer { hook(.afterCall(name)) }
        return try await call()
    }

    public func callerIdentity(
        _ connection: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) -> CallerIdentity {
        try await pass("GetCallerIdentity") { () async throws(AWSProblem) in
            try await base.callerIdentity(connection, deadline: deadline)
        }
    }

    public func instance(_ connection: AWSConnection, deadline: Duration) async throws(AWSProblem) -> String {
        try await pass("GetAccessGrantsInstance") { () async throws(AWSProblem) in
            try await base.instance(connection, deadline: deadline)
        }
    }

    public func listPrefixes(
        at path: LocationPath, _ connection: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) {
        try await pass("ListBucket") { () async throws(AWSProblem) in
            try await base.listPrefixes(at: path, connection, deadline: deadline)
        }
    }

    public func locations(
        at path: LocationPath, _ connection: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) -> FoundLocations {
        try await pass("ListAccessGrantsLocations") { () async throws(AWSProblem) in
            try await base.locations(at: path, connection, deadline: deadline)
        }
    }

    public func location(
        id: String, _ connection: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) -> AWSLocation? {
        try await pass("GetAccessGrantsLocation") { () async throws(AWSProblem) in
            try await base.location(id: id, connection, deadline: deadline)
        }
    }

    public func createLocation(
        at path: LocationPath, role: IAMRoleARN, _ connection: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) -> AWSLocation {
        try await pass("CreateAccessGrantsLocation") { () async throws(AWSProblem) in
            try await base.createLocation(at: path, role: role, connection, deadline: deadline)
        }
    }

    public func updateLocation(
        id: String, role: IAMRoleARN, _ connection: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) {
        try await pass("UpdateAccessGrantsLocation") { () async throws(AWSProblem) in
            try await base.updateLocation(id: id, role: role, connection, deadline: deadline)
        }
    }

    public func deleteLocation(id: String, _ connection: AWSConnection, deadline: Duration) async throws(AWSProblem) {
        try await pass("DeleteAccessGrantsLocation") { () async throws(AWSProblem) in
            try await base.deleteLocation(id: id, connection, deadline: deadline)
        }
    }

    public func createGrant(
        _ key: GrantKey, locationID: String, _ connection: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) -> AWSAnswer<AWSGrant> {
        try await pass("CreateAccessGrant") { () async throws(AWSProblem) in
            try await base.createGrant(key, locationID: locationID, connection, deadline: deadline)
        }
    }

    public func deleteGrant(
        id: String, _ connection: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) -> AWSAnswer<Void> {
        try await pass("DeleteAccessGrant") { () async throws(AWSProblem) in
            try await base.deleteGrant(id: id, connection, deadline: deadline)
        }
    }

    public func grants(
        matching key: GrantKey, _ connection: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) -> [AWSGrant] {
        try await pass("ListAccessGrants") { () async throws(AWSProblem) in
            try await base.grants(matching: key, connection, deadline: deadline)
        }
    }

    public func grant(
        id: String, _ connection: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) -> AWSGrant? {
        try await pass("GetAccessGrant") { () async throws(AWSProblem) in
            try await base.grant(id: id, connection, deadline: deadline)
        }
    }

    public func grants(
        page: String?, _ connection: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) -> AWSGrantPage {
        try await pass("ListAccessGrants") { () async throws(AWSProblem) in
            try await base.grants(page: page, connection, deadline: deadline)
        }
    }
}

/// A repository whose every commit is announced to a hook.
public struct FaultPointIntegrationRepository: IntegrationRepository {
    private let base: any IntegrationRepository
    private let hook: FaultHook

    public init(_ base: any IntegrationRepository, hook: @escaping FaultHook) {
        self.base = base
        self.hook = hook
    }

    public func insert(
        _ new: NewIntegration, answer: AnswerToKeep<Integration>?, by origin: AuditOrigin
    ) async throws(DomainError) -> InsertedIntegration {
        try await FaultPoint.commit("insert", hook) { () async throws(DomainError) in
            try await base.insert(new, answer: answer, by: origin)
        }
    }

    @discardableResult
    public func save(
        _ integration: Integration, for request: AuditedRequest?
    ) async throws(DomainError) -> Integration {
        try await FaultPoint.commit("save", hook) { () async throws(DomainError) in
            try await base.save(integration, for: request)
        }
    }

    public func recordCheck(_ id: IntegrationID, next: Date) async throws(DomainError) {
        try await FaultPoint.commit("recordCheck", hook) { () async throws(DomainError) in
            try await base.recordCheck(id, next: next)
        }
    }

    public func integration(
        _ id: IntegrationID, includingDeleted: Bool
    ) async throws(DomainError) -> Integration? {
        try await base.integration(id, includingDeleted: includingDeleted)
    }

    public func revision(_ id: IntegrationID) async throws(DomainError) -> Int64? { try await base.revision(id) }

    public func integrations() async throws(DomainError) -> [Integration] { try await base.integrations() }

    public func due(now: Date, limit: Int) async throws(DomainError) -> [Integration] {
        try await base.due(now: now, limit: limit)
    }

    public func dueForCheck(now: Date, interval: TimeInterval, limit: Int) async throws(DomainError) -> [Integration] {
        try await base.dueForCheck(now: now, interval: interval, limit: limit)
    }

    public func nextDue(checkInterval: TimeInterval) async throws(DomainError) -> Date? {
        try await base.nextDue(checkInterval: checkInterval)
    }

    public func keptAnswer(key: String, user: UserID, since: Date) async throws(DomainError) -> KeptAnswer? {
        try await base.keptAnswer(key: key, user: user, since: since)
    }
}
