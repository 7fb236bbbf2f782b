#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

// MARK: What the worker asks

extension Integration {
    /// The connection with which AWS is brought to what is wanted now.
    public var activeConnection: AWSConnection { (pending ?? configuration).connection }

    /// The next record with something to do, leaving out `skipped`: what the change under way waits for comes first,
    /// and what is to be made before what is to go.
    public func nextUnsettled(skipping skipped: Set<LocationPath> = []) -> LocationRecord? {
        let candidates = locations.filter { $0.step != .settled && !skipped.contains($0.path) }
        return candidates.first { concerns($0) && $0.isWanted } ?? candidates.first(where: concerns)
            ?? candidates.first(where: \.isWanted) ?? candidates.first
    }

    public func location(at path: LocationPath) -> LocationRecord? { locations.first { $0.path == path } }

    /// Where its grants are to be now: the path of one of its locations. `nil`: nowhere, they are all to go.
    public var grantPath: LocationPath? {
        switch status {
        case .enabled, .editError, .deleteError, .recurringValidationError: return configuration.path
        case .editing:
            guard let pending, pending.path != configuration.path else { return configuration.path }
            let isThere = location(at: pending.path)?.made != nil
            return isThere || isCutOver ? pending.path : configuration.path
        // Whoever forced the deletion said that AWS cannot be reached: what it has is left as it is.
        case .creating, .createError, .deleting, .deleted, .disabled, .migrating, .migrateError: return nil
        }
    }

    /// While the new location is there and the old one still is: the grants are on their way.
    public var movingGrants: (from: LocationPath, to: LocationPath)? {
        guard status == .editing, let pending, pending.path != configuration.path,
            location(at: configuration.path)?.isWanted == true, location(at: pending.path)?.isAsWanted == true
        else { return nil }
        return (configuration.path, pending.path)
    }

    private var isCutOver: Bool { location(at: configuration.path)?.isWanted != true }

    private func isOld(_ record: LocationRecord) -> Bool { record.path == configuration.path }

    /// Whether the change under way ends, or fails, with this record. The others are cleaned up in the background.
    private func concerns(_ record: LocationRecord) -> Bool {
        switch status {
        case .creating: record.isWanted && !record.isAsWanted
        // The old location matters once the new one is there: it need not work for its path to be changed.
        case .editing:
            (record.path == (pending ?? configuration).path || !record.isWanted && isOld(record) && record.isThere)
                && !record.isAsWanted
        // What turns up later could not be removed any more: the credentials go with the integration.
        case .deleting: true
        case .createError, .deleted, .deleteError, .disabled, .editError, .enabled, .migrateError, .migrating,
            .recurringValidationError:
            false
        }
    }
}

extension LocationRecord {
    /// Perhaps it is to be looked at again; nobody waits for that.
    fileprivate var isAsWanted: Bool {
        switch step {
        case .settled, .verify: true
        case .create, .lookThenCreate, .updateRole, .lookThenUpdate, .delete, .lookThenDelete, .forget: false
        }
    }

    /// AWS has it, or may have it; not only that an earlier create could still make it.
    fileprivate var isThere: Bool { made != nil || attemptedAt != nil }
}

// MARK: What the worker reports

extension Integration {
    /// How many tries a step gets at least. A process that was down while the patience passed still tries.
    public static let leastTries = 5

    /// Before a call that changes AWS: leases the work for `lease`, and notes that what AWS has is not known from now on.
    public mutating func beginAttempt(at path: LocationPath, now: Date, lease: TimeInterval) {
        schedule.nextAttemptAt = now.addingTimeInterval(lease)
        let wantedRole = wantedRole(at: path)
        updateLocation(path) { record in
            record.giveUpAnswer()
            // A create follows a look, if anything could have turned up.
            if record.made == nil { record.forgetWhatIsOver(now: now) }
            record.attemptedAt = now
            record.made?.role = nil
            if record.made == nil, let wantedRole { record.role = wantedRole }
        }
    }

    /// AWS answered that it has made, or changed, this location.
    public mutating func locationWasMade(_ made: LocationRecord.Made, at path: LocationPath, now: Date) {
        noteNew(path, now: now)
        updateLocation(path) { record in
            record.made = made
            record.attemptedAt = nil
            record.forgetWhatIsOver(now: now)
        }
        progress(now: now)
    }

    /// A look showed this location, made by us.
    public mutating func locationWasFound(_ made: LocationRecord.Made, at path: LocationPath, now: Date) {
        noteNew(path, now: now)
        updateLocation(path) { record in
            record.giveUpAnswer()
            record.made = made
            record.forgetWhatIsOver(now: now)
        }
        progress(now: now)
    }

    /// A location that is made again in the same place has none of the grants that our records know.
    private mutating func noteNew(_ path: LocationPath, now: Date) {
        guard path == configuration.path, status != .creating, location(at: path)?.made == nil else { return }
        schedule.nextCheckAt = now
    }

    /// AWS answered that it has removed the location of the known id, or that it has none of that id. Without a known id:
    /// a look found nothing of ours, when nothing could turn up any more.
    public mutating func locationIsGone(at path: LocationPath, now: Date) {
        updateLocation(path) { record in
            if record.made == nil { record.lostCreate = nil }
            record.made = nil
            record.attemptedAt = nil
            record.lostChangeAt = nil
        }
        progress(now: now)
    }

    /// The worker found nothing (more) to do in AWS.
    public mutating func isInAgreement(now: Date) { progress(now: now) }

    /// Nothing can be said yet; not a failure.
    public mutating func lookAgain(at date: Date, now: Date) {
        // Another record may be due for a retry before.
        if let next = schedule.nextAttemptAt, next > now, next < date { return }
        schedule.nextAttemptAt = date
    }

    /// No grant is left at the old location, so that it is wanted no more.
    public mutating func grantsHaveMoved(now: Date) {
        guard movingGrants != nil, let old = locations.firstIndex(where: isOld) else { return }
        locations[old].isWanted = false
        if locations[old].step == .forget { locations.remove(at: old) }
        progress(now: now)
    }

    /// The change under way goes on only when grants have come or gone. Without any progress it is given up after
    /// `patience`.
    public mutating func waitForGrants(_ wait: GrantWait, now: Date, delay: TimeInterval, patience: TimeInterval) {
        let next = now.addingTimeInterval(delay)
        guard status.isTransitional else { return lookAgain(at: next, now: now) }
        if report.message == wait.message {
            schedule.failures += 1
        } else {
            schedule.failures = 0
            report.message = wait.message
            report.updatedAt = now
        }
        let isStuck = schedule.failures >= Self.leastTries && now.timeIntervalSince(report.updatedAt) >= patience
        if wait.isFinal || isStuck { return fail(wait.problem ?? wait.message, now: now) }
        schedule.nextAttemptAt = next
    }

    /// A try failed. Transient problems are tried again after `delay`, until `patience` is used up.
    ///
    /// - Parameter before: the record before `beginAttempt`, if that was called; it holds again when AWS definitely did
    ///   nothing.
    public mutating func attemptFailed(
        at path: LocationPath, before: LocationRecord? = nil, _ problem: AWSProblem, now: Date, delay: TimeInterval,
        patience: TimeInterval
    ) {
        let matters = location(at: path).map(concerns) ?? false
        if let before, !problem.mayHaveSucceeded {
            updateLocation(path) { record in
                record.made = before.made
                record.attemptedAt = before.attemptedAt
                record.lostCreate = before.lostCreate
                record.lostChangeAt = before.lostChangeAt
                if before.made == nil, before.attemptedAt != nil { record.role = before.role }
            }
        }
        schedule.failures += 1
        let isPatient =
            problem.isTransient
            && (now.timeIntervalSince(schedule.statusSince) < patience || schedule.failures < Self.leastTries)
        end(matters, patiently: isPatient, reason: problem.summary, now: now, delay: delay)
    }

    /// Somebody else's location is in the place where ours should be.
    ///
    /// - Parameter isAnswered: it was AWS's answer to the last attempt, which so has done nothing.
    public mutating func pathIsTaken(_ path: LocationPath, isAnswered: Bool, now: Date, delay: TimeInterval) {
        let matters = location(at: path).map(concerns) ?? false
        updateLocation(path) { record in
            if isAnswered { record.attemptedAt = nil }
            record.giveUpAnswer()
        }
        schedule.failures += 1
        end(
            matters, patiently: false, reason: "Access Grants location already exists on provided path.", now: now,
            delay: delay)
    }

    private mutating func end(
        _ matters: Bool, patiently isPatient: Bool, reason: String, now: Date, delay: TimeInterval
    ) {
        if matters, !isPatient { return fail(reason, now: now) }
        // Behind an `…Error` status the reason of that status stays readable.
        if matters { report.message = reason }
        report.updatedAt = now
        schedule.nextAttemptAt = now.addingTimeInterval(delay)
    }

    /// The outcome of the recurring check, or of one asked for.
    public mutating func checked(_ results: ValidationResults, now: Date, nextCheckAt: Date?) {
        schedule.nextCheckAt = nextCheckAt
        let event: IntegrationLifecycle.Event =
            results.status == .failed ? .recurringValidationFailed : .recurringValidationPassed
        let before = status
        guard (try? lifecycle.apply(event)) != nil else { return }
        report.validation = results
        if status == .recurringValidationError { report.message = results.firstFailure }
        guard status != before else { return }
        if status == .enabled { report.message = nil }
        report.updatedAt = now
        schedule.statusSince = now
    }
}

// MARK: How it goes on

extension Integration {
    private mutating func updateLocation(_ path: LocationPath, _ change: (inout LocationRecord) -> Void) {
        guard let index = locations.firstIndex(where: { $0.path == path }) else { return }
        change(&locations[index])
        settleRole(index, wantedRole(at: path))
        if locations[index].step == .forget { locations.remove(at: index) }
    }

    private func wantedRole(at path: LocationPath) -> IAMRoleARN? { wantedLocations.first { $0.path == path }?.role }

    /// While a create's answer is unknown the record keeps the role it was sent with: it is how ours is recognised.
    private mutating func settleRole(_ index: Int, _ role: IAMRoleARN?) {
        let isUncertain = locations[index].made == nil && locations[index].attemptedAt != nil
        if let role, !isUncertain { locations[index].role = role }
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
        let isReached = locations.allSatisfy { !concerns($0) }
        switch status {
        case .creating:
            if isReached { finish(.locationCreated, message: nil, now: now) }
        case .editing:
            if isReached, movingGrants == nil { finish(.editApplied, message: nil, now: now) }
        case .deleting:
            if isReached { finish(.locationRemoved, message: nil, now: now) }
        case .createError, .deleted, .deleteError, .disabled, .editError, .enabled, .migrateError, .migrating,
            .recurringValidationError:
            if isSettled { schedule.nextAttemptAt = nil }
        }
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
    mutating func restate(now: Date) {
        let wanted = wantedLocations
        for index in locations.indices {
            locations[index].isWanted = wanted.contains { $0.path == locations[index].path }
        }
        for (path, role) in wanted {
            if let index = locations.firstIndex(where: { $0.path == path }) {
                settleRole(index, role)
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
            return [(configuration.path, configuration.locationRole)]
        case .editing:
            guard let pending else { return [(configuration.path, configuration.locationRole)] }
            guard pending.path != configuration.path else { return [(pending.path, pending.locationRole)] }
            let isCutOver = locations.contains { isOld($0) && !$0.isWanted }
            let new = (pending.path, pending.locationRole)
            return isCutOver ? [new] : [(configuration.path, configuration.locationRole), new]
        case .createError, .deleting, .deleted: return []
        // Left as they are: whoever forced the deletion said that AWS cannot be reached.
        case .disabled: return locations.filter(\.isWanted).map { ($0.path, $0.role) }
        case .migrating, .migrateError: return []
        }
    }
}
