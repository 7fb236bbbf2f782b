public import Domain
public import Foundation
import Synchronization

/// Integrations in memory, with the rules of the stored ones. Users are not looked up.
public final class InMemoryIntegrationRepository: IntegrationRepository {
    private let state = Mutex(State())

    public init() {}

    public func revision(_ id: IntegrationID) async throws(DomainError) -> Int64? {
        try await integration(id, includingDeleted: false)?.revision
    }

    public func integration(
        _ id: IntegrationID, includingDeleted: Bool
    )
        async throws(DomainError) -> Integration?
    {
        state.withLock { state in
            guard let found = state.integrations[id], includingDeleted || found.status != .deleted else { return nil }
            return found
        }
    }

    public func integrations() async throws(DomainError) -> [Integration] {
        state.withLock { $0.ordered.filter { $0.status != .deleted } }
    }

    public func insert(
        _ new: NewIntegration, answer: AnswerToKeep<Integration>?, by origin: AuditOrigin
    )
        async throws(DomainError) -> InsertedIntegration
    {
        try state.withLock { state throws(DomainError) in try state.insert(new, answer) }
    }

    @discardableResult
    public func save(
        _ integration: Integration, for request: AuditedRequest?
    )
        async throws(DomainError) -> Integration
    {
        try state.withLock { state throws(DomainError) in try state.save(integration) }
    }

    public func recordCheck(_ id: IntegrationID, next: Date) async throws(DomainError) {
        state.withLock { state in
            guard let integration = state.integrations[id] else { return }
            var schedule = integration.schedule
            schedule.nextCheckAt = next
            state.integrations[id] = integration.stored(revision: integration.revision, schedule: schedule)
        }
    }

    public func due(now: Date, limit: Int) async throws(DomainError) -> [Integration] {
        state.withLock {
            Array($0.scheduled { $0.schedule.nextAttemptAt }.filter { $0.0 <= now }.map(\.1).prefix(limit))
        }
    }

    public func dueForCheck(now: Date, interval: TimeInterval, limit: Int) async throws(DomainError) -> [Integration] {
        state.withLock {
            Array($0.scheduled { $0.nextCheck(interval) }.filter { $0.0 <= now }.map(\.1).prefix(limit))
        }
    }

    public func nextDue(checkInterval: TimeInterval) async throws(DomainError) -> Date? {
        state.withLock { state in
            state.ordered.flatMap { [$0.schedule.nextAttemptAt, $0.nextCheck(checkInterval)].compactMap(\.self) }.min()
        }
    }

    public func keptAnswer(key: String, user: UserID, since: Date) async throws(DomainError) -> KeptAnswer? {
        state.withLock { state in
            guard let kept = state.answers[.init(user: user, key: key)], kept.at >= since else { return nil }
            return kept.answer
        }
    }
}

extension InMemoryIntegrationRepository {
    private struct State {
        struct AnswerKey: Hashable {
            var user: UserID
            var key: String
        }

        var integrations: [IntegrationID: Integration] = [:]
        var lastID: Int64 = 0
        var answers: [AnswerKey: (at: Date, answer: KeptAnswer)] = [:]

        var ordered: [Integration] { integrations.values.sorted { $0.id < $1.id } }

        func scheduled(_ date: (Integration) -> Date?) -> [(Date, Integration)] {
            ordered.compactMap { integration in date(integration).map { ($0, integration) } }
                .sorted { ($0.0, $0.1.id) < ($1.0, $1.1.id) }
        }

        mutating func insert(
            _ new: NewIntegration, _ answer: AnswerToKeep<Integration>?
        ) throws(DomainError) -> InsertedIntegration {
            if let answer {
                answers = answers.filter { $0.value.at >= answer.expiredBefore }
                if let kept = answers[AnswerKey(user: answer.user, key: answer.key)] { return .kept(kept.answer) }
            }
            let integration = Integration(
                id: IntegrationID(lastID + 1), revision: 1, lifecycle: .initial, configuration: new.configuration,
                pending: nil, locations: new.locations, report: new.report, schedule: new.schedule
            ).stored(revision: 1)
            try claim(for: integration)
            lastID += 1
            integrations[integration.id] = integration
            if let answer {
                let kept = KeptAnswer(requestHash: answer.requestHash, body: answer.render(integration))
                answers[AnswerKey(user: answer.user, key: answer.key)] = (answer.now.inMilliseconds, kept)
            }
            return .inserted(integration)
        }

        mutating func save(_ integration: Integration) throws(DomainError) -> Integration {
            guard let old = integrations[integration.id] else {
                throw DomainError(.notFound, "No integration found with ID \(integration.id).")
            }
            guard old.revision == integration.revision else {
                throw DomainError(.staleRevision, "Integration \(integration.id) was changed meanwhile.")
            }
            guard IntegrationLifecycle.sources(of: integration.status).contains(old.status) else {
                throw DomainError(
                    .internal, "An internal error occurred.",
                    cause: "\(old.status) does not lead to \(integration.status)")
            }
            try claim(for: integration)
            let saved = integration.stored(revision: integration.revision + 1)
            integrations[saved.id] = saved
            return saved
        }

        /// Refuses what others use, and takes the scopes that disabled ones left behind.
        private mutating func claim(for integration: Integration) throws(DomainError) {
            let others = ordered.filter { $0.id != integration.id }
            if integration.status.isInUse { try checkUnique(integration, among: others.filter(\.status.isInUse)) }
            for record in integration.locations {
                let holder = others.first { $0.holds(record.path, in: integration.configuration.connection) }
                guard let holder, holder.status != .disabled else { continue }
                throw DomainError.scopeInUse(record.path, by: holder.id)
            }
            let taken = Set(integration.locations.map(\.path))
            for other in others
            where taken.contains(where: { other.holds($0, in: integration.configuration.connection) }) {
                integrations[other.id] = other.stored(
                    revision: other.revision + 1, locations: other.locations.filter { !taken.contains($0.path) })
            }
        }

        private func checkUnique(_ integration: Integration, among others: [Integration]) throws(DomainError) {
            let own = [integration.configuration, integration.pending].compactMap(\.self)
            for other in others {
                let theirs = Set([other.configuration.path, other.pending?.path].compactMap(\.self))
                if let path = own.map(\.path).first(where: theirs.contains) {
                    throw DomainError.pathInUse(path, by: other.id, status: other.status)
                }
            }
            for other in others {
                let theirs = Set([other.configuration.name, other.pending?.name].compactMap(\.self))
                if let name = own.map(\.name).first(where: theirs.contains) {
                    throw DomainError.nameInUse(name, by: other.id)
                }
            }
        }
    }
}

extension Integration {
    fileprivate func holds(_ path: LocationPath, in connection: AWSConnection) -> Bool {
        configuration.connection.accountID == connection.accountID
            && configuration.connection.region == connection.region && locations.contains { $0.path == path }
    }

    fileprivate func nextCheck(_ interval: TimeInterval) -> Date? {
        guard [.enabled, .recurringValidationError, .editError, .deleteError].contains(status) else { return nil }
        return schedule.nextCheckAt ?? schedule.statusSince.addingTimeInterval(interval)
    }

    /// As a database gives it back: times in whole milliseconds, no secret once it is deleted.
    fileprivate func stored(
        revision: Int64, locations: [LocationRecord]? = nil, schedule: IntegrationSchedule? = nil
    ) -> Integration {
        var schedule = schedule ?? self.schedule
        schedule.nextAttemptAt = schedule.nextAttemptAt?.inMilliseconds
        schedule.nextCheckAt = schedule.nextCheckAt?.inMilliseconds
        schedule.statusSince = schedule.statusSince.inMilliseconds
        var report = report
        report.createdAt = report.createdAt.inMilliseconds
        report.updatedAt = report.updatedAt.inMilliseconds
        var configuration = configuration
        if status == .deleted, case .accessKey(let id, _) = configuration.connection.authentication.base {
            configuration.connection.authentication.base = .accessKey(id: id, secret: Secret(""))
        }
        let locations = (locations ?? self.locations).map { record in
            var record = record
            record.attemptedAt = record.attemptedAt?.inMilliseconds
            record.lostCreate = record.lostCreate.map { .init(at: $0.at.inMilliseconds, role: $0.role) }
            record.lostChangeAt = record.lostChangeAt?.inMilliseconds
            return record
        }
        return Integration(
            id: id, revision: revision, lifecycle: lifecycle, configuration: configuration, pending: pending,
            locations: locations, report: report, schedule: schedule)
    }
}

extension Date {
    /// Rounded to the precision in which times are stored.
    var inMilliseconds: Date { Date(timeIntervalSince1970: (timeIntervalSince1970 * 1000).rounded() / 1000) }
}
