import Domain
import Logging

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Writing down what is going to be done, and what came of it.
extension IntegrationPass {
    /// The intent, before the effect; `nil` when the integration moved on meanwhile.
    func begin(_ record: LocationRecord, of current: Integration) async throws(DomainError) -> Integration? {
        var begun = current
        begun.beginAttempt(at: record.path, now: clock.now, lease: options.lease)
        do throws(DomainError) {
            return try await repository.save(begun)
        } catch {
            guard error.code == .staleRevision else { throw error }
            return nil
        }
    }

    func reread(_ current: Integration) async throws(DomainError) -> Progress {
        guard let latest = try await repository.integration(current.id, includingDeleted: true) else {
            throw DomainError(.notFound, "No integration found with ID \(current.id).")
        }
        return .onward(latest)
    }

    func made(
        _ location: AWSLocation, _ role: IAMRoleARN, at path: LocationPath, of current: Integration
    ) async throws(DomainError) -> Progress {
        let made = LocationRecord.Made(locationID: location.id, arn: location.arn, role: role)
        return .onward(try await commit(current) { $0.locationWasMade(made, at: path, now: clock.now) })
    }

    /// A look showed it; `role` holds when what AWS shows is no role at all.
    func found(
        _ location: AWSLocation, _ role: IAMRoleARN, at path: LocationPath, of current: Integration
    ) async throws(DomainError) -> Progress {
        let made = LocationRecord.Made(
            locationID: location.id, arn: location.arn, role: (try? IAMRoleARN(location.roleARN)) ?? role)
        return .onward(try await commit(current) { $0.locationWasFound(made, at: path, now: clock.now) })
    }

    func gone(_ path: LocationPath, of current: Integration) async throws(DomainError) -> Progress {
        .onward(try await commit(current) { $0.locationIsGone(at: path, now: clock.now) })
    }

    func taken(
        _ path: LocationPath, isAnswered: Bool, of current: Integration
    ) async throws(DomainError) -> Progress {
        ReconcileMetrics.failed("s3:CreateAccessGrantsLocation", kind: "taken")
        logger.warning("the scope is taken by a location that is not ours", metadata: metadata(current, path))
        return .waiting(
            try await commit(current) {
                $0.pathIsTaken(path, isAnswered: isAnswered, now: clock.now, delay: delay(current))
            })
    }

    func failed(
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

    func delay(_ integration: Integration) -> TimeInterval {
        options.backoff.delay(
            failures: integration.schedule.failures, isCleanUp: !integration.status.isTransitional, jitter: jitter())
    }

    /// Writes a fact down. When the integration moved on meanwhile, the fact is as true of the newer one.
    func commit(
        _ current: Integration, _ change: (inout Integration) -> Void
    ) async throws(DomainError) -> Integration {
        var latest = current
        while true {
            var changed = latest
            change(&changed)
            // A revision that says nothing new would only get in the way of whoever is changing the integration.
            guard changed != latest else { return latest }
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

    func report(_ saved: Integration, after before: IntegrationStatus) {
        announce(saved.id)
        guard saved.status != before else { return }
        var metadata: Logger.Metadata = [
            "integration.id": "\(saved.id)", "status": "\(saved.status.rawValue)",
            "status.before": "\(before.rawValue)",
        ]
        if let message = saved.report.message { metadata["reason"] = "\(message)" }
        logger.info("an integration changed its status", metadata: metadata)
    }

    func metadata(_ integration: Integration, _ path: LocationPath) -> Logger.Metadata {
        [
            "integration.id": "\(integration.id)", "status": "\(integration.status.rawValue)",
            "location.path": "\(path)", "failures": "\(integration.schedule.failures)",
        ]
    }
}
