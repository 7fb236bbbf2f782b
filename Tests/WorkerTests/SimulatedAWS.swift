import Domain
import Foundation
import Synchronization
import TestSupport
import Worker

/// The part of AWS that the worker changes: one location a scope, ids that are never given again, and answers that can
/// be refused, lost, or late.
final class SimulatedAWS: AccessGrantsService {
    /// What happens to one call.
    enum Fault: Sendable, Equatable {
        /// AWS answers this and does nothing.
        case refused(AWSProblem.Kind, code: String)
        /// AWS does it; the answer is lost, or a 5xx.
        case lostAnswer(AWSProblem.Kind)
        /// Nothing was done, but nobody can tell.
        case lostRequest(AWSProblem.Kind)
        /// AWS does it, and answers this.
        case doneThenRefused(AWSProblem.Kind, code: String)
        /// As `lostAnswer`, but it is done only this many seconds later.
        case late(TimeInterval)
    }

    fileprivate struct State {
        var locations: [String: AWSLocation] = [:]
        var grants: [String: AWSGrant] = [:] {
            didSet { watch?(Array(grants.values)) }
        }
        var watch: (@Sendable ([AWSGrant]) -> Void)?
        var hidden: Set<String> = []
        var pageSize = Int.max
        var calls: [String] = []
        var created = 0
        var late: [(at: Date, effect: @Sendable (inout State) -> Void)] = []
        var fault: @Sendable (_ index: Int, _ call: String) -> Fault? = { _, _ in nil }
        var hasCrashed = false
    }

    fileprivate let state = Mutex(State())
    fileprivate let clock: ManualClock

    init(clock: ManualClock) { self.clock = clock }

    var calls: [String] { state.withLock(\.calls) }
    /// What AWS has, those of `strangers` left out.
    var locations: [AWSLocation] {
        runLate()
        return state.withLock { $0.locations.values.filter { !$0.id.hasPrefix("stranger") } }.sorted { $0.id < $1.id }
    }
    var strangers: [AWSLocation] {
        state.withLock { $0.locations.values.filter { $0.id.hasPrefix("stranger") } }.sorted { $0.id < $1.id }
    }

    func setFault(_ fault: @escaping @Sendable (_ index: Int, _ call: String) -> Fault?) {
        state.withLock {
            $0.fault = fault
            $0.calls = []
        }
    }

    func setCrashed(_ hasCrashed: Bool) { state.withLock { $0.hasCrashed = hasCrashed } }

    /// What an administrator, or somebody else, does behind Sluice's back.
    func change(_ change: @Sendable (inout [String: AWSLocation]) -> Void) { state.withLock { change(&$0.locations) } }

    /// The pages of all grants do not show this one yet.
    func hideFromLists(_ id: String) { state.withLock { _ = $0.hidden.insert(id) } }

    func setPageSize(_ size: Int) { state.withLock { $0.pageSize = size } }

    func addStranger(_ number: Int, scope: String, role: IAMRoleARN = Fixtures.locationRole) {
        let location = AWSLocation(
            id: "stranger-\(number)", arn: "arn:stranger-\(number)", scope: scope, roleARN: role.description,
            createdAt: clock.now)
        change { $0[location.id] = location }
    }

    fileprivate func runLate() {
        let now = clock.now
        state.withLock { state in
            let due = state.late.filter { $0.at <= now }
            state.late.removeAll { $0.at <= now }
            for late in due { late.effect(&state) }
        }
    }

    fileprivate func call<Value: Sendable>(
        _ name: String, changes: Bool, _ effect: @escaping @Sendable (inout State) -> Result<Value, AWSProblem>
    ) throws(AWSProblem) -> Value {
        // A call takes time, so that what it leads to is later than its begin.
        clock.advance(by: 0.001)
        runLate()
        let now = clock.now
        let result = state.withLock { state -> Result<Value, AWSProblem> in
            guard !state.hasCrashed else { return .failure(.because(.unreachable, "crashed", name, isLost: true)) }
            let index = state.calls.count
            state.calls.append(name)
            switch state.fault(index, name) {
            case nil: return effect(&state)
            case .refused(let kind, let code): return .failure(.because(kind, code, name))
            case .lostAnswer(let kind):
                _ = effect(&state)
                return .failure(.because(kind, "lost", name, isLost: changes))
            case .doneThenRefused(let kind, let code):
                _ = effect(&state)
                return .failure(.because(kind, code, name))
            case .lostRequest(let kind): return .failure(.because(kind, "lost", name, isLost: changes))
            case .late(let seconds):
                state.late.append((now.addingTimeInterval(seconds), { _ = effect(&$0) }))
                return .failure(.because(.unreachable, "timeout", name, isLost: changes))
            }
        }
        return try result.get()
    }

    func callerIdentity(_ connection: AWSConnection, deadline: Duration) async throws(AWSProblem) -> CallerIdentity {
        try call("GetCallerIdentity", changes: false) { _ in
            .success(CallerIdentity(accountID: "123456789012", arn: "arn:aws:iam::123456789012:user/sluice"))
        }
    }

    func instance(_ connection: AWSConnection, deadline: Duration) async throws(AWSProblem) -> String {
        try call("GetAccessGrantsInstance", changes: false) { _ in .success("arn:instance") }
    }

    func listPrefixes(
        at path: LocationPath, _ connection: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) {
        try call("ListBucket", changes: false) { _ in .success(()) }
    }

    func locations(
        at path: LocationPath, _ connection: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) -> FoundLocations {
        try call("ListAccessGrantsLocations", changes: false) { state in
            let matching = state.locations.values.filter { path.spellings.contains($0.scope) }
            return .success(
                FoundLocations(matching: matching.sorted { $0.id < $1.id }, total: state.locations.count))
        }
    }

    func location(
        id: String, _ connection: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) -> AWSLocation? {
        try call("GetAccessGrantsLocation", changes: false) { .success($0.locations[id]) }
    }

    func createLocation(
        at path: LocationPath, role: IAMRoleARN, _ connection: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) -> AWSLocation {
        let clock = clock
        return try call("CreateAccessGrantsLocation", changes: true) { state -> Result<AWSLocation, AWSProblem> in
            guard !state.locations.values.contains(where: { $0.scope == path.description }) else {
                return .failure(
                    .because(.refused, "AccessGrantsLocationAlreadyExistsError", "CreateAccessGrantsLocation"))
            }
            state.created += 1
            let location = AWSLocation(
                id: "location-\(state.created)", arn: "arn:location-\(state.created)", scope: path.description,
                roleARN: role.description, createdAt: clock.now)
            state.locations[location.id] = location
            return .success(location)
        }
    }

    func updateLocation(
        id: String, role: IAMRoleARN, _ connection: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) {
        try call("UpdateAccessGrantsLocation", changes: true) { state -> Result<Void, AWSProblem> in
            guard state.locations[id] != nil else {
                return .failure(.because(.refused, "NoSuchAccessGrantsLocationError", "UpdateAccessGrantsLocation"))
            }
            state.locations[id]?.roleARN = role.description
            return .success(())
        }
    }

    func deleteLocation(id: String, _ connection: AWSConnection, deadline: Duration) async throws(AWSProblem) {
        try call("DeleteAccessGrantsLocation", changes: true) { state -> Result<Void, AWSProblem> in
            state.locations[id] = nil
            return .success(())
        }
    }
}

extension SimulatedAWS {
    /// What AWS has, by id.
    var grants: [AWSGrant] {
        runLate()
        return state.withLock { $0.grants.values.sorted { $0.id < $1.id } }
    }

    /// Shows them after every change to them.
    func watch(_ watch: @escaping @Sendable ([AWSGrant]) -> Void) { state.withLock { $0.watch = watch } }

    func changeGrants(_ change: @Sendable (inout [String: AWSGrant]) -> Void) {
        state.withLock { change(&$0.grants) }
    }

    func createGrant(
        _ key: GrantKey, locationID: String, _ connection: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) -> AWSAnswer<AWSGrant> {
        let clock = clock
        return try call("CreateAccessGrant", changes: true) { state -> Result<AWSAnswer<AWSGrant>, AWSProblem> in
            guard state.locations[locationID] != nil else {
                return .failure(.because(.refused, "NoSuchAccessGrantsLocationError", "CreateAccessGrant"))
            }
            guard !state.grants.values.contains(where: { $0.matches(key, locationID: locationID) }) else {
                return .failure(.because(.refused, "AccessGrantAlreadyExists", "CreateAccessGrant"))
            }
            state.created += 1
            let grant = AWSGrant(
                id: "grant-\(state.created)", arn: "arn:grant-\(state.created)", locationID: locationID,
                scope: key.scope, grantee: key.grantee, permission: key.permission.rawValue, createdAt: clock.now)
            state.grants[grant.id] = grant
            return .success(AWSAnswer(grant, requestID: "request-\(state.calls.count)"))
        }
    }

    func deleteGrant(
        id: String, _ connection: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) -> AWSAnswer<Void> {
        try call("DeleteAccessGrant", changes: true) { state -> Result<AWSAnswer<Void>, AWSProblem> in
            guard state.grants.removeValue(forKey: id) != nil else {
                return .failure(.because(.refused, "NoSuchAccessGrantError", "DeleteAccessGrant"))
            }
            return .success(AWSAnswer((), requestID: "request-\(state.calls.count)"))
        }
    }

    func grants(
        matching key: GrantKey, _ connection: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) -> [AWSGrant] {
        try call("ListAccessGrants", changes: false) { state in
            .success(
                state.grants.values.filter {
                    $0.grantee == key.grantee && $0.permission == key.permission.rawValue && $0.scope == key.scope
                }.sorted { $0.id < $1.id })
        }
    }

    func grant(
        id: String, _ connection: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) -> AWSGrant? {
        try call("GetAccessGrant", changes: false) { .success($0.grants[id]) }
    }

    func grants(
        page: String?, _ connection: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) -> AWSGrantPage {
        try call("ListAccessGrants", changes: false) { state in
            let shown = state.grants.values.filter { !state.hidden.contains($0.id) && $0.id > page ?? "" }
                .sorted { $0.id < $1.id }
            let grants = Array(shown.prefix(state.pageSize))
            return .success(AWSGrantPage(grants: grants, next: grants.count < shown.count ? grants.last?.id : nil))
        }
    }
}

extension AWSProblem {
    fileprivate static func because(_ kind: Kind, _ code: String, _ call: String, isLost: Bool = false) -> AWSProblem {
        AWSProblem(kind: kind, code: code, message: "as told", action: "s3:\(call)", mayHaveSucceeded: isLost)
    }
}

final class ManualClock: WallClock {
    private let state = Mutex(Fixtures.now)

    var now: Date { state.withLock(\.self) }

    func advance(to date: Date) { state.withLock { $0 = max($0, date) } }
    func advance(by seconds: TimeInterval) { state.withLock { $0.addTimeInterval(seconds) } }

    /// Time passes only by `advance`.
    func sleep(until date: Date) async { advance(to: date) }
}

/// Kills at the n-th point that is passed.
final class Crash: Sendable {
    private struct State {
        var passed: [FaultPoint] = []
        var last: Int?
    }

    private let state = Mutex(State())

    var passed: [FaultPoint] { state.withLock(\.passed) }
    var hasCrashed: Bool { state.withLock { state in state.last.map { state.passed.count >= $0 } ?? false } }

    /// - Parameter point: counted from 1; `nil` for never.
    func arm(at point: Int?) {
        state.withLock {
            $0.passed = []
            $0.last = point
        }
    }

    func pass(_ point: FaultPoint) { state.withLock { $0.passed.append(point) } }
}

/// A repository that a dead process can no longer write to.
struct MortalRepository: IntegrationRepository {
    let base: any IntegrationRepository
    let crash: Crash

    private func beAlive() throws(DomainError) {
        guard !crash.hasCrashed else { throw DomainError(.unavailable, "crashed") }
    }

    func insert(
        _ new: NewIntegration, answer: AnswerToKeep<Integration>?, by origin: AuditOrigin
    ) async throws(DomainError) -> InsertedIntegration {
        try beAlive()
        return try await base.insert(new, answer: answer, by: origin)
    }

    @discardableResult
    func save(_ integration: Integration, for request: AuditedRequest?) async throws(DomainError) -> Integration {
        try beAlive()
        return try await base.save(integration, for: request)
    }

    func recordCheck(_ id: IntegrationID, next: Date) async throws(DomainError) {
        try beAlive()
        try await base.recordCheck(id, next: next)
    }

    func integration(_ id: IntegrationID, includingDeleted: Bool) async throws(DomainError) -> Integration? {
        try beAlive()
        return try await base.integration(id, includingDeleted: includingDeleted)
    }

    func revision(_ id: IntegrationID) async throws(DomainError) -> Int64? { try await base.revision(id) }

    func integrations() async throws(DomainError) -> [Integration] { try await base.integrations() }

    func due(now: Date, limit: Int) async throws(DomainError) -> [Integration] {
        try beAlive()
        return try await base.due(now: now, limit: limit)
    }

    func dueForCheck(now: Date, interval: TimeInterval, limit: Int) async throws(DomainError) -> [Integration] {
        try await base.dueForCheck(now: now, interval: interval, limit: limit)
    }

    func nextDue(checkInterval: TimeInterval) async throws(DomainError) -> Date? {
        try await base.nextDue(checkInterval: checkInterval)
    }

    func keptAnswer(key: String, user: UserID, since: Date) async throws(DomainError) -> KeptAnswer? {
        try await base.keptAnswer(key: key, user: user, since: since)
    }
}
