import Domain

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Takes the next step of one claimed grant. Writes nothing down: what came of it is for the caller to store.
struct GrantStepper: Sendable {
    let service: any AccessGrantsService
    let clock: any WallClock
    let options: GrantOptions
    let pacer: Pacer
    let connection: AWSConnection
    /// Of the location the grant hangs on; `nil` when there is none at present.
    let locationID: String?
    /// When the grant was claimed.
    let claimedAt: Date
    let isStopping: @Sendable () -> Bool

    /// What is in the dark still, and what came of the step.
    typealias Result = (dark: GrantRecord.Attempt?, outcome: GrantOutcome)

    /// - Parameter record: as it was before it was claimed.
    func take(_ record: GrantRecord) async -> Result {
        switch record.step {
        case .create:
            guard let locationID else { return (nil, .noLocation) }
            return (nil, await create(record.key, locationID, dark: nil))
        case .lookThenCreate:
            guard let locationID else { return (record.attempt, .noLocation) }
            return await lookThenCreate(record, locationID)
        case .delete(let id):
            return (record.attempt, await delete(id, found: nil))
        case .lookThenDelete:
            return await lookThenDelete(record)
        // Such are not claimed.
        case .settled, .forget: return (record.attempt, .notCalled)
        }
    }

    private func lookThenCreate(_ record: GrantRecord, _ locationID: String) async -> Result {
        switch await look(for: record.key, locationID) {
        case nil: return (record.attempt, .notCalled)
        case .failure(let problem): return (record.attempt, .failed(problem, during: .look))
        case .success(let grant?): return (record.attempt, adopt(grant, of: record.attempt))
        case .success(nil):
            let dark = isOver(record) ? nil : record.attempt
            return (dark, await create(record.key, locationID, dark: dark))
        }
    }

    private func lookThenDelete(_ record: GrantRecord) async -> Result {
        let nothing: GrantOutcome = isOver(record) ? .gone(nil, requestID: nil) : .notSeen
        // AWS removes no location that has grants.
        guard let locationID else { return (record.attempt, nothing) }
        switch await look(for: record.key, locationID) {
        case nil: return (record.attempt, .notCalled)
        case .failure(let problem): return (record.attempt, .failed(problem, during: .look))
        case .success(nil): return (record.attempt, nothing)
        case .success(let grant?):
            guard case .made(let made, _) = adopt(grant, of: record.attempt) else { return (record.attempt, nothing) }
            return (record.attempt, await delete(made.grantID, found: made))
        }
    }

    private func isOver(_ record: GrantRecord) -> Bool {
        record.darkUntil(options.rules).map { clock.now >= $0 } ?? true
    }

    private func adopt(_ grant: AWSGrant, of dark: GrantRecord.Attempt?) -> GrantOutcome {
        let made = GrantRecord.Made(grant)
        guard let dark, GrantRecord.mayBe(grant, of: dark) else { return .foreign(made) }
        return .made(made, requestID: nil)
    }
}

// MARK: The calls

extension GrantStepper {
    private var deadline: Duration { .seconds(options.callDeadline) }
    /// A call that ended after the lease would not be known to whoever comes next.
    private var lastStart: Date { claimedAt.addingTimeInterval(options.rules.lease - options.callDeadline) }

    private func paced<Value>(
        _ call: () async throws(AWSProblem) -> Value
    ) async -> Swift.Result<Value, AWSProblem>? {
        await pacer.run(until: lastStart, isStopping: isStopping, call)
    }

    private func look(for key: GrantKey, _ locationID: String) async -> Swift.Result<AWSGrant?, AWSProblem>? {
        let found = await paced { () async throws(AWSProblem) in
            try await service.grants(matching: key, connection, deadline: deadline)
        }
        return found?.map { grants in grants.first { $0.matches(key, locationID: locationID) } }
    }

    /// - Parameter dark: the creates before this one whose answer is not known.
    private func create(_ key: GrantKey, _ locationID: String, dark: GrantRecord.Attempt?) async -> GrantOutcome {
        let answer = await paced { () async throws(AWSProblem) in
            try await service.createGrant(key, locationID: locationID, connection, deadline: deadline)
        }
        switch answer {
        case nil: return .notCalled
        case .success(let answer): return .made(GrantRecord.Made(answer.value), requestID: answer.requestID)
        case .failure(let problem):
            guard problem.code == "AccessGrantAlreadyExists" else { return .failed(problem, during: .create) }
            let begun = GrantRecord.Attempt(first: claimedAt, last: claimedAt)
            return await identify(key, locationID, dark: problem.mayHaveSucceeded ? dark ?? begun : dark, problem)
        }
    }

    /// What AWS refuses to make twice: of a create in the dark, or somebody else's.
    private func identify(
        _ key: GrantKey, _ locationID: String, dark: GrantRecord.Attempt?, _ refusal: AWSProblem
    ) async -> GrantOutcome {
        switch await look(for: key, locationID) {
        case .success(let grant?): return adopt(grant, of: dark)
        case .failure(var problem):
            problem.mayHaveSucceeded = refusal.mayHaveSucceeded
            return .failed(problem, during: .look)
        case nil, .success(nil):
            // AWS does not show yet what it refuses to make twice.
            var problem = refusal
            problem.kind = .serviceFault
            return .failed(problem, during: .look)
        }
    }

    private func delete(_ id: String, found: GrantRecord.Made?) async -> GrantOutcome {
        let answer = await paced { () async throws(AWSProblem) in
            try await service.deleteGrant(id: id, connection, deadline: deadline)
        }
        switch answer {
        case nil: return .notCalled
        case .success(let answer): return .gone(found, requestID: answer.requestID)
        case .failure(let problem):
            guard Self.goneCodes.contains(problem.code) else {
                return .failed(problem, during: .delete, found: found)
            }
            return .gone(found, requestID: nil)
        }
    }

    /// An instance cannot be deleted while it has grants.
    private static let goneCodes: Set<String> = ["NoSuchAccessGrantError", "AccessGrantsInstanceNotExistsError"]
}

extension GrantRecord.Made {
    init(_ grant: AWSGrant) { self.init(grantID: grant.id, arn: grant.arn, locationID: grant.locationID) }
}
