import Domain
import Logging
import Metrics

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Brings AWS to what is wanted of one integration, step by step, and writes down before each step what it is going to do
/// and after it what came of it. It may stop anywhere: whoever comes next goes on from what is written.
struct IntegrationPass: Sendable {
    let repository: any IntegrationRepository
    let service: any AccessGrantsService
    let clock: any WallClock
    let options: ReconcilerOptions
    let jitter: @Sendable () -> Double
    let logger: Logger
    let announce: @Sendable (IntegrationID) -> Void

    /// More steps than any change has; what is left over then is due at once.
    private static let mostSteps = 32

    /// What a step came to.
    enum Progress {
        /// Look what is next.
        case onward(Integration)
        /// Nothing more can be done about this record in this pass.
        case waiting(Integration)
    }

    /// - Throws: what the repository throws; `staleRevision` is dealt with here.
    func reconcile(_ integration: Integration, isStopping: @Sendable () -> Bool = { false }) async throws(DomainError) {
        var current = integration
        var waiting: Set<LocationPath> = []
        for _ in 0..<Self.mostSteps {
            guard !isStopping() else { return }
            guard let record = current.nextUnsettled(skipping: waiting) else {
                guard waiting.isEmpty, current.schedule.nextAttemptAt != nil else { return }
                _ = try await commit(current) { $0.isInAgreement(now: clock.now) }
                return
            }
            switch try await take(record, of: current) {
            case .onward(let next): current = next
            case .waiting(let next):
                current = next
                waiting.insert(record.path)
            }
        }
    }

    private func take(_ record: LocationRecord, of current: Integration) async throws(DomainError) -> Progress {
        switch record.step {
        case .create: try await create(record, of: current)
        case .lookThenCreate: try await lookThenCreate(record, of: current)
        case .updateRole(let id): try await update(id, record, of: current)
        case .lookThenUpdate(let id): try await lookThenUpdate(id, record, of: current)
        case .delete(let id): try await delete(id, record, of: current)
        case .lookThenDelete: try await lookThenDelete(record, of: current)
        // The aggregate forgets such records itself, and `nextUnsettled` leaves the settled out.
        case .settled, .forget: .waiting(current)
        }
    }
}

// MARK: The steps

extension IntegrationPass {
    private func create(_ record: LocationRecord, of current: Integration) async throws(DomainError) -> Progress {
        guard let begun = try await begin(record, of: current) else { return try await reread(current) }
        guard let role = begun.location(at: record.path)?.role else { return .onward(begun) }
        let location: AWSLocation
        do throws(AWSProblem) {
            location = try await service.createLocation(
                at: record.path, role: role, begun.activeConnection, deadline: options.callDeadline)
        } catch {
            guard error.code == "AccessGrantsLocationAlreadyExistsError" else {
                return try await failed(error, record, of: begun)
            }
            // Without a create of ours in the dark, whatever is there is somebody else's.
            guard error.mayHaveSucceeded || record.attemptedAt != nil else {
                return try await taken(record.path, of: begun)
            }
            return try await adopt(record, of: begun, after: error)
        }
        return try await made(location, role, at: record.path, of: begun)
    }

    private func lookThenCreate(
        _ record: LocationRecord, of current: Integration
    ) async throws(DomainError) -> Progress {
        switch await look(at: record, of: current) {
        case .failure(let problem): try await failed(problem, record, of: current)
        case .success(.ours(let location)): try await made(location, record.role, at: record.path, of: current)
        case .success(.foreign): try await taken(record.path, of: current)
        case .success(.nothing): try await create(record, of: current)
        }
    }

    /// After AWS said that the location exists although none of ours is known: it may be of the attempt just made, or
    /// of the one before it.
    private func adopt(
        _ record: LocationRecord, of begun: Integration, after refusal: AWSProblem
    ) async throws(DomainError) -> Progress {
        let candidates = [begun.location(at: record.path), record].compactMap(\.self)
        switch await look(at: candidates, record.path, of: begun) {
        case .success(.ours(let location)):
            guard let role = try? IAMRoleARN(location.roleARN) else { return try await taken(record.path, of: begun) }
            return try await made(location, role, at: record.path, of: begun)
        case .success(.foreign): return try await taken(record.path, of: begun)
        case .failure(var problem):
            problem.mayHaveSucceeded = refusal.mayHaveSucceeded
            return try await failed(problem, record, of: begun)
        case .success(.nothing):
            // AWS does not show yet what it refuses to make twice.
            var problem = refusal
            problem.kind = .serviceFault
            return try await failed(problem, record, of: begun)
        }
    }

    private func lookThenUpdate(
        _ id: String, _ record: LocationRecord, of current: Integration
    ) async throws(DomainError) -> Progress {
        // What was begun for another wish, such as the one that is rolled back, must not be done after the look.
        if let end = uncertain(record), let begun = record.attemptedAt, begun < current.schedule.statusSince {
            return .waiting(try await commit(current) { $0.lookAgain(at: end, now: clock.now) })
        }
        let location: AWSLocation?
        do throws(AWSProblem) {
            location = try await service.location(id: id, current.activeConnection, deadline: options.callDeadline)
        } catch {
            return try await failed(error, record, of: current)
        }
        guard let location else { return try await gone(record.path, of: current) }
        guard location.roleARN == record.role.description else { return try await update(id, record, of: current) }
        return try await made(location, record.role, at: record.path, of: current)
    }

    private func update(
        _ id: String, _ record: LocationRecord, of current: Integration
    ) async throws(DomainError) -> Progress {
        guard let begun = try await begin(record, of: current) else { return try await reread(current) }
        do throws(AWSProblem) {
            try await service.updateLocation(
                id: id, role: record.role, begun.activeConnection, deadline: options.callDeadline)
        } catch {
            guard error.code == "NoSuchAccessGrantsLocationError" else {
                return try await failed(error, record, of: begun)
            }
            return try await gone(record.path, of: begun)
        }
        guard var made = record.made else { return .onward(begun) }
        made.role = record.role
        return .onward(try await commit(begun) { $0.locationWasMade(made, at: record.path, now: clock.now) })
    }

    private func delete(
        _ id: String, _ record: LocationRecord, of current: Integration
    ) async throws(DomainError) -> Progress {
        guard let begun = try await begin(record, of: current) else { return try await reread(current) }
        do throws(AWSProblem) {
            try await service.deleteLocation(id: id, begun.activeConnection, deadline: options.callDeadline)
        } catch {
            return try await failed(error, record, of: begun)
        }
        return try await gone(record.path, of: begun)
    }

    private func lookThenDelete(
        _ record: LocationRecord, of current: Integration
    ) async throws(DomainError) -> Progress {
        switch await look(at: record, of: current) {
        case .failure(let problem): return try await failed(problem, record, of: current)
        // Once its id is written down, deleting it is the next step.
        case .success(.ours(let location)): return try await made(location, record.role, at: record.path, of: current)
        case .success(.foreign): return try await gone(record.path, of: current)
        case .success(.nothing):
            guard let end = uncertain(record) else { return try await gone(record.path, of: current) }
            return .waiting(try await commit(current) { $0.lookAgain(at: end, now: clock.now) })
        }
    }
}

// MARK: Looking

extension IntegrationPass {
    /// Until when a call whose answer was lost may still be done; `nil` when that time is over.
    private func uncertain(_ record: LocationRecord) -> Date? {
        guard let end = record.attemptedAt?.addingTimeInterval(options.uncertainty), clock.now < end else { return nil }
        return end
    }

    enum Sight {
        case nothing
        case ours(AWSLocation)
        case foreign
    }

    private func look(at record: LocationRecord, of current: Integration) async -> Result<Sight, AWSProblem> {
        await look(at: [record], record.path, of: current)
    }

    private func look(
        at candidates: [LocationRecord], _ path: LocationPath, of current: Integration
    ) async -> Result<Sight, AWSProblem> {
        do throws(AWSProblem) {
            let found = try await service.locations(
                at: path, current.activeConnection, deadline: options.callDeadline)
            // Other spellings of the path are other locations to AWS, and never ours.
            guard let location = found.first(where: { $0.scope == path.description }) else { return .success(.nothing) }
            return .success(candidates.contains { $0.mayBe(location) } ? .ours(location) : .foreign)
        } catch {
            return .failure(error)
        }
    }
}

// MARK: Writing down

extension IntegrationPass {
    /// The intent, before the effect; `nil` when the integration moved on meanwhile.
    private func begin(_ record: LocationRecord, of current: Integration) async throws(DomainError) -> Integration? {
        var begun = current
        begun.beginAttempt(at: record.path, now: clock.now, lease: options.lease)
        do throws(DomainError) {
            return try await repository.save(begun)
        } catch {
            guard error.code == .staleRevision else { throw error }
            return nil
        }
    }

    private func reread(_ current: Integration) async throws(DomainError) -> Progress {
        guard let latest = try await repository.integration(current.id, includingDeleted: true) else {
            throw DomainError(.notFound, "No integration found with ID \(current.id).")
        }
        return .onward(latest)
    }

    private func made(
        _ location: AWSLocation, _ role: IAMRoleARN, at path: LocationPath, of current: Integration
    ) async throws(DomainError) -> Progress {
        let made = LocationRecord.Made(locationID: location.id, arn: location.arn, role: role)
        return .onward(try await commit(current) { $0.locationWasMade(made, at: path, now: clock.now) })
    }

    private func gone(_ path: LocationPath, of current: Integration) async throws(DomainError) -> Progress {
        .onward(try await commit(current) { $0.locationIsGone(at: path, now: clock.now) })
    }

    private func taken(_ path: LocationPath, of current: Integration) async throws(DomainError) -> Progress {
        ReconcileMetrics.failed("s3:CreateAccessGrantsLocation", kind: "taken")
        logger.warning("the scope is taken by a location that is not ours", metadata: metadata(current, path))
        return .waiting(try await commit(current) { $0.pathIsTaken(path, now: clock.now, delay: delay(current)) })
    }

    private func failed(
        _ problem: AWSProblem, _ before: LocationRecord, of current: Integration
    ) async throws(DomainError) -> Progress {
        // Who cancels is shutting down: that says nothing about AWS.
        guard !Task.isCancelled else { throw DomainError(.unavailable, "Shutting down.") }
        ReconcileMetrics.failed(problem.action, kind: problem.kind.label)
        var metadata = metadata(current, before.path)
        metadata["aws.problem"] = "\(problem.summary)"
        logger.warning("a step towards AWS failed", metadata: metadata)
        return .waiting(
            try await commit(current) { latest in
                latest.attemptFailed(
                    at: before.path, before: before, problem, now: clock.now, delay: delay(latest),
                    patience: options.patience)
            })
    }

    private func delay(_ integration: Integration) -> TimeInterval {
        options.backoff.delay(
            failures: integration.schedule.failures, isCleanUp: !integration.status.isTransitional, jitter: jitter())
    }

    /// Writes a fact down. When the integration moved on meanwhile, the fact is as true of the newer one.
    private func commit(
        _ current: Integration, _ change: (inout Integration) -> Void
    ) async throws(DomainError) -> Integration {
        var latest = current
        while true {
            var changed = latest
            change(&changed)
            do throws(DomainError) {
                let saved = try await repository.save(changed)
                report(saved, after: latest.status)
                return saved
            } catch {
                guard error.code == .staleRevision else { throw error }
            }
            guard case .onward(let newer) = try await reread(latest) else { return latest }
            latest = newer
        }
    }

    private func report(_ saved: Integration, after before: IntegrationStatus) {
        announce(saved.id)
        guard saved.status != before else { return }
        var metadata: Logger.Metadata = [
            "integration.id": "\(saved.id)", "status": "\(saved.status.rawValue)",
            "status.before": "\(before.rawValue)",
        ]
        if let message = saved.report.message { metadata["reason"] = "\(message)" }
        logger.info("an integration changed its status", metadata: metadata)
    }

    private func metadata(_ integration: Integration, _ path: LocationPath) -> Logger.Metadata {
        [
            "integration.id": "\(integration.id)", "status": "\(integration.status.rawValue)",
            "location.path": "\(path)", "failures": "\(integration.schedule.failures)",
        ]
    }
}
