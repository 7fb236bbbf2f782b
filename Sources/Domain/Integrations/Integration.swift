#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// An integration with everything known of it: the aggregate that is read, decided on and saved as one.
public struct Integration: Sendable, Equatable {
    public let id: IntegrationID
    /// Counts the saves; compared when saving, and shown as `ETag`.
    public let revision: Int64
    public private(set) var lifecycle: IntegrationLifecycle
    public private(set) var configuration: IntegrationConfiguration
    /// What an edit under way leads to.
    public private(set) var pending: IntegrationConfiguration?
    public private(set) var locations: [LocationRecord]
    public private(set) var report: IntegrationReport
    public private(set) var schedule: IntegrationSchedule

    public var status: IntegrationStatus { lifecycle.status }

    /// As the store reads it; the methods below are the only ways to change it.
    public init(
        id: IntegrationID, revision: Int64, lifecycle: IntegrationLifecycle, configuration: IntegrationConfiguration,
        pending: IntegrationConfiguration?, locations: [LocationRecord], report: IntegrationReport,
        schedule: IntegrationSchedule
    ) {
        self.id = id
        self.revision = revision
        self.lifecycle = lifecycle
        self.configuration = configuration
        self.pending = pending
        self.locations = locations
        self.report = report
        self.schedule = schedule
    }
}

/// What an integration says about itself to its administrator.
public struct IntegrationReport: Sendable, Equatable {
    public var validation: ValidationResults?
    /// Why it is in an `…Error` status, or what is being waited for.
    public var message: String?
    public var createdBy: UserID
    public var createdAt: Date
    public var updatedAt: Date

    public init(
        validation: ValidationResults?, message: String? = nil, createdBy: UserID, createdAt: Date, updatedAt: Date
    ) {
        self.validation = validation
        self.message = message
        self.createdBy = createdBy
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}

/// When the worker looks at an integration again.
public struct IntegrationSchedule: Sendable, Equatable {
    /// `nil`: nothing to do.
    public var nextAttemptAt: Date?
    /// Failed attempts in a row at the present step.
    public var failures: Int
    /// When the present status began: the two minutes of patience count from here.
    public var statusSince: Date
    /// When the recurring check is due.
    public var nextCheckAt: Date?

    public init(nextAttemptAt: Date?, failures: Int = 0, statusSince: Date, nextCheckAt: Date? = nil) {
        self.nextAttemptAt = nextAttemptAt
        self.failures = failures
        self.statusSince = statusSince
        self.nextCheckAt = nextCheckAt
    }
}

/// What is stored when a creation is accepted; the store adds id and revision.
public struct NewIntegration: Sendable, Equatable {
    public var configuration: IntegrationConfiguration
    public var locations: [LocationRecord]
    public var report: IntegrationReport
    public var schedule: IntegrationSchedule

    public init(
        _ configuration: IntegrationConfiguration, validation: ValidationResults, createdBy: UserID, now: Date
    ) {
        self.configuration = configuration
        locations = [LocationRecord(path: configuration.path, role: configuration.locationRole)]
        report = IntegrationReport(validation: validation, createdBy: createdBy, createdAt: now, updatedAt: now)
        schedule = IntegrationSchedule(nextAttemptAt: now, statusSince: now)
    }
}

// MARK: What the API asks

extension Integration {
    /// PUT: the configuration to reach. On `createError` the creation is tried again.
    ///
    /// - Throws: `conflict` while another change is under way.
    public mutating func requestEdit(
        to wanted: IntegrationConfiguration, validation: ValidationResults, now: Date
    ) throws(DomainError) {
        let action = try apply(.editRequested, asking: "edit")
        report.validation = validation
        if action == .createLocation { configuration = wanted } else { pending = wanted }
        restate(now: now)
    }

    /// DELETE.
    ///
    /// - Throws: `conflict` while another change is under way.
    public mutating func requestDeletion(validation: ValidationResults?, now: Date) throws(DomainError) {
        _ = try apply(.deletionRequested, asking: "delete")
        if let validation { report.validation = validation }
        restate(now: now)
    }

    /// DELETE with `force`: AWS is left as it is.
    ///
    /// - Throws: `conflict` while another change is under way.
    public mutating func forceDeletion(now: Date) throws(DomainError) {
        _ = try apply(.forcedDeletionRequested, asking: "delete")
        restate(now: now)
        schedule.nextAttemptAt = nil
        schedule.nextCheckAt = nil
    }

    /// Refuses what `requestEdit` or `requestDeletion` would refuse, before the tests are run.
    public func checkAccepts(_ event: IntegrationLifecycle.Event, asking verb: String) throws(DomainError) {
        var copy = self
        _ = try copy.apply(event, asking: verb)
    }

    private mutating func apply(
        _ event: IntegrationLifecycle.Event, asking verb: String
    ) throws(DomainError) -> IntegrationLifecycle.Action {
        do {
            return try lifecycle.apply(event)
        } catch {
            throw DomainError(
                .conflict, "Unable to \(verb) integration with ID \(id) in current state \(status.rawValue).")
        }
    }
}

// MARK: What the worker reports

extension Integration {
    /// Before a call that changes AWS: leases the work for `lease` and notes that a create may be done from now on.
    public mutating func beginAttempt(at path: LocationPath, now: Date, lease: TimeInterval) {
        schedule.nextAttemptAt = now.addingTimeInterval(lease)
        updateLocation(path) { record in
            if record.made == nil, record.isWanted, record.attemptedAt == nil { record.attemptedAt = now }
        }
    }

    /// AWS has this location, made by us.
    public mutating func locationWasMade(_ made: LocationRecord.Made, at path: LocationPath, now: Date) {
        updateLocation(path) { $0.made = made }
        progress(now: now)
    }

    /// AWS has nothing at this path that is ours.
    public mutating func locationIsGone(at path: LocationPath, now: Date) {
        updateLocation(path) { record in
            record.made = nil
            record.attemptedAt = nil
        }
        progress(now: now)
    }

    /// The worker found nothing (more) to do in AWS.
    public mutating func isInAgreement(now: Date) { progress(now: now) }

    /// A try failed. Transient problems are tried again after `delay`, until `patience` is used up.
    public mutating func attemptFailed(
        at path: LocationPath, _ problem: AWSProblem, now: Date, delay: TimeInterval, patience: TimeInterval
    ) {
        updateLocation(path) { record in
            // A definite refusal of a create: nothing was made.
            if record.made == nil, !problem.mayHaveSucceeded, problem.kind == .refused { record.attemptedAt = nil }
            if problem.mayHaveSucceeded { record.made?.role = nil }
        }
        schedule.failures += 1
        let isPatient = problem.isTransient && now.timeIntervalSince(schedule.statusSince) < patience
        if status.isTransitional, !isPatient {
            fail(problem.summary, now: now)
        } else {
            // Behind an `…Error` status the reason of that status stays readable.
            if status.isTransitional { report.message = problem.summary }
            report.updatedAt = now
            schedule.nextAttemptAt = now.addingTimeInterval(delay)
        }
    }

    /// The outcome of the recurring check, or of one asked for.
    public mutating func checked(_ results: ValidationResults, now: Date, nextCheckAt: Date?) {
        schedule.nextCheckAt = nextCheckAt
        let event: IntegrationLifecycle.Event =
            results.status == .failed ? .recurringValidationFailed : .recurringValidationPassed
        let before = status
        guard (try? lifecycle.apply(event)) != nil else { return }
        report.validation = results
        guard status != before else { return }
        report.message = status == .enabled ? nil : results.firstFailure
        report.updatedAt = now
        schedule.statusSince = now
    }

    private mutating func updateLocation(_ path: LocationPath, _ change: (inout LocationRecord) -> Void) {
        guard let index = locations.firstIndex(where: { $0.path == path }) else { return }
        change(&locations[index])
        if locations[index].step == .forget { locations.remove(at: index) }
    }

    private mutating func fail(_ reason: String, now: Date) {
        let event: IntegrationLifecycle.Event =
            switch status {
            case .creating: .creationFailed
            case .editing: .editFailed
            case .deleting: .deletionFailed
            case .createError, .deleted, .deleteError, .disabled, .editError, .enabled, .migrateError, .migrating,
                .recurringValidationError:
                preconditionFailure("only a change under way can fail")
            }
        finish(event, message: reason, now: now)
    }

    /// After every step: the next one, or the end of the change.
    private mutating func progress(now: Date) {
        schedule.failures = 0
        schedule.nextAttemptAt = now
        switch status {
        case .creating:
            if isSettled { finish(.locationCreated, message: nil, now: now) }
        case .editing:
            if isSettled, !cutOver() { finish(.editApplied, message: nil, now: now) }
        case .deleting:
            if isSettled { finish(.locationRemoved, message: nil, now: now) }
        case .createError, .deleted, .deleteError, .disabled, .editError, .enabled, .migrateError, .migrating,
            .recurringValidationError:
            if isSettled { schedule.nextAttemptAt = nil }
        }
    }

    /// The new location is there: the old one is wanted no more. `false` when that is so already.
    private mutating func cutOver() -> Bool {
        guard let pending, pending.path != configuration.path,
            let old = locations.firstIndex(where: { $0.path == configuration.path && $0.isWanted })
        else { return false }
        locations[old].isWanted = false
        return true
    }

    private mutating func finish(_ event: IntegrationLifecycle.Event, message: String?, now: Date) {
        guard let action = try? lifecycle.apply(event) else {
            preconditionFailure("the event was chosen by the status")
        }
        if action == .adoptPending, let pending { configuration = pending }
        if status != .editing { pending = nil }
        restate(now: now)
        report.message = message
    }

    private var isSettled: Bool { locations.allSatisfy { $0.step == .settled } }

    /// Sets what is wanted of every location by the status, and the worker to it if anything is unsettled.
    private mutating func restate(now: Date) {
        let wanted = wantedLocations
        for index in locations.indices {
            locations[index].isWanted = wanted.contains { $0.path == locations[index].path }
        }
        for (path, role) in wanted {
            if let index = locations.firstIndex(where: { $0.path == path }) {
                locations[index].role = role
            } else {
                locations.append(LocationRecord(path: path, role: role))
            }
        }
        locations.removeAll { $0.step == .forget }
        report.message = nil
        report.updatedAt = now
        schedule.failures = 0
        schedule.statusSince = now
        schedule.nextAttemptAt = status.isTransitional || !isSettled ? now : nil
    }

    private var wantedLocations: [(path: LocationPath, role: IAMRoleARN)] {
        switch status {
        case .creating, .enabled, .editError, .deleteError, .recurringValidationError:
            [(configuration.path, configuration.locationRole)]
        case .editing:
            if let pending, pending.path != configuration.path {
                [(configuration.path, configuration.locationRole), (pending.path, pending.locationRole)]
            } else {
                [(configuration.path, pending?.locationRole ?? configuration.locationRole)]
            }
        case .createError, .deleting, .deleted: []
        // Left as they are: whoever forced the deletion said that AWS cannot be reached.
        case .disabled: locations.filter(\.isWanted).map { ($0.path, $0.role) }
        case .migrating, .migrateError: []
        }
    }
}
