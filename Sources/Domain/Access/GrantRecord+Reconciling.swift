#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

// MARK: What planning asks

extension GrantRecord {
    /// Whether some subscription needs it now. A worker that is at it comes to its end first.
    public mutating func want(_ isWanted: Bool, now: Date) {
        guard isWanted != self.isWanted else { return }
        self.isWanted = isWanted
        schedule.since = now
        schedule.failures = 0
        restate(nil)
        isDue(at: max(now, schedule.leasedUntil ?? now))
    }
}

// MARK: What the worker reports

extension GrantRecord {
    /// Before the calls of a step. `false`, and not begun, when there is nothing to ask AWS, or another is at it.
    public mutating func begin(now: Date, rules: GrantRules) -> Bool {
        if let leasedUntil = schedule.leasedUntil, leasedUntil > now {
            schedule.nextAttemptAt = leasedUntil
            return false
        }
        switch step {
        case .settled, .forget:
            schedule.nextAttemptAt = nil
            return false
        case .create, .lookThenCreate, .delete, .lookThenDelete:
            attempt = Attempt(first: attempt?.first ?? now, last: now)
            let end = now.addingTimeInterval(rules.lease)
            schedule.leasedUntil = end
            schedule.nextAttemptAt = end
            return true
        }
    }

    /// What came of the step that was begun. What is wanted may have changed meanwhile: facts hold all the same.
    public mutating func apply(_ report: GrantReport, now: Date, rules: GrantRules) {
        schedule.leasedUntil = nil
        switch report.outcome {
        case .made(let made, _):
            lostCreateAt = report.before?.last ?? lostCreateAt
            settle(made, isForeign: false, now: now)
        case .foreign(let made): settle(made, isForeign: true, now: now)
        case .gone: isGone(report, now: now, rules: rules)
        case .notSeen:
            attempt = report.before
            restate("A request whose answer was lost may still be carried out by AWS; it is looked for again.")
            isDue(at: darkUntil(rules) ?? now)
        case .failed(let problem, let call, let found):
            if !problem.mayHaveSucceeded { attempt = found == nil ? report.before : nil }
            if made == nil, let found {
                made = found
                lostCreateAt = report.before?.last
            }
            fail(problem, during: call, report, now: now, rules: rules)
        case .noLocation:
            attempt = report.before
            state = isWanted ? GrantState(.pending, Self.noLocation) : GrantState(.revoking, Self.noLocation)
            retry(report, now: now, rules: rules, isSlow: true)
        case .notCalled:
            attempt = report.before
            isDue(at: now)
        }
    }

    /// Until when a call whose answer was lost may still be carried out; `nil` when there is none.
    public func darkUntil(_ rules: GrantRules) -> Date? { attempt?.last.addingTimeInterval(rules.uncertainty) }

    /// Unless a lost create may still be carried out: then it is looked for when that is over.
    private mutating func isGone(_ report: GrantReport, now: Date, rules: GrantRules) {
        let lost = made == nil ? report.before?.last ?? lostCreateAt : lostCreateAt
        lostCreateAt = nil
        settle(nil, isForeign: false, now: now)
        guard let lost, now < lost.addingTimeInterval(rules.uncertainty) else { return }
        attempt = Attempt(first: lost, last: lost)
        isDue(at: isWanted ? now : lost.addingTimeInterval(rules.uncertainty))
    }

    private mutating func settle(_ made: Made?, isForeign: Bool, now: Date) {
        self.made = made
        self.isForeign = isForeign
        attempt = nil
        schedule.failures = 0
        restate(isForeign && isWanted ? Self.foreign : nil)
        isDue(at: now)
    }

    private mutating func fail(
        _ problem: AWSProblem, during call: GrantCall, _ report: GrantReport, now: Date, rules: GrantRules
    ) {
        // It was not deleted, and meanwhile is wanted again.
        if step == .settled { return settle(made, isForeign: isForeign, now: now) }
        guard isWanted, call != .delete else {
            state = isWanted ? GrantState(.pending) : GrantState(.revoking)
            state.message = problem.summary + " " + problem.deletionAdvice
            return retry(report, now: now, rules: rules, isSlow: !problem.mayPass)
        }
        let isPatient =
            now.timeIntervalSince(schedule.since) < rules.patience || schedule.failures + 1 < GrantRules.leastTries
        let refusal = GrantRefusal(problem, during: call, isPatient: isPatient)
        state = GrantState(refusal.status, problem.summary + " " + refusal.advice)
        retry(report, now: now, rules: rules, isSlow: refusal.status != .pending)
    }

    private mutating func retry(_ report: GrantReport, now: Date, rules: GrantRules, isSlow: Bool) {
        let delay = rules.delay(failures: schedule.failures, isSlow: isSlow, jitter: report.jitter)
        schedule.failures += 1
        isDue(at: now.addingTimeInterval(delay))
    }

    private mutating func restate(_ message: String?) {
        state = GrantState(isWanted ? (isActive ? .active : .pending) : .revoking, message)
        if isForeign, isActive, isWanted { state.message = Self.foreign }
    }

    private mutating func isDue(at date: Date) {
        schedule.nextAttemptAt = step == .settled && schedule.leasedUntil == nil ? nil : date
    }

    private static let foreign = """
        AWS had this access grant already, made by somebody else: it gives the access that is asked for, and Sluice \
        will never remove it.
        """
    private static let noLocation = """
        The integration has no Access Grants location there at present; see its status. It is tried again.
        """
}

/// What a refused grant is to become, and what to do about it. Decided by code, never by text.
struct GrantRefusal: Equatable {
    var status: GrantStatus
    var advice: String

    init(_ problem: AWSProblem, during call: GrantCall, isPatient: Bool) {
        switch (problem.kind, problem.code) {
        case (.throttled, _), (.serviceFault, _), (.unreachable, _):
            self.init(.pending, "It is tried again.")
        case (.credentials, _):
            self.init(.failed, "Mend the credentials of the integration; it is tried again every few minutes.")
        case (.refused, "AccessGrantsQuotaExceededError"):
            self.init(
                .quotaExceeded,
                "Remove access grants of this account and Region, or ask AWS Support for a higher quota; "
                    + "it is tried again every few minutes, and when a grant goes.")
        case (.refused, "NoSuchAccessGrantsLocationError"):
            self.init(
                .failed,
                "The integration's Access Grants location is gone: see the integration's status, and edit the "
                    + "integration to make it again.")
        case (.refused, "InvalidRequest") where call == .create && isPatient:
            self.init(
                .pending, "AWS may not know a new principal yet, for up to two minutes; it is tried again.")
        case (.refused, "InvalidRequest") where call == .create:
            self.init(
                .failed,
                "Check that the user's AWS principal exists and that the bucket does; it is tried again every few "
                    + "minutes.")
        case (.refused, "AccessDenied"):
            self.init(
                .failed,
                "Allow \(problem.action) to the integration's credentials; it is tried again every few minutes, and by "
                    + "POST /dataSource/bulkRefreshViews.")
        case (.refused, _):
            self.init(
                .failed,
                "It is tried again every few minutes, and by POST /dataSource/bulkRefreshViews.")
        }
    }

    private init(_ status: GrantStatus, _ advice: String) {
        self.status = status
        self.advice = advice
    }
}

extension AWSProblem {
    /// Whether the same call about a grant may go better by itself soon.
    var mayPass: Bool {
        switch kind {
        case .throttled, .serviceFault, .unreachable: true
        case .refused, .credentials: false
        }
    }

    fileprivate var deletionAdvice: String {
        switch kind {
        case .throttled, .serviceFault, .unreachable: "It is tried again."
        case .credentials: "Mend the credentials of the integration; it is tried again every few minutes."
        case .refused where code == "AccessDenied":
            "Allow \(action) to the integration's credentials; it is tried again every few minutes."
        case .refused: "It is tried again every few minutes."
        }
    }
}
