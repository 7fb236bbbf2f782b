import Foundation
import Testing

@testable import Domain

@Suite struct GrantRecordTests {
    private static let made = GrantRecord.Made(grantID: "grant-1", arn: "arn:grant-1", locationID: "location-1")
    private static let dark = GrantRecord.Attempt(first: Values.now, last: Values.now.addingTimeInterval(30))
    private let rules = GrantRules()

    private static func record(
        isWanted: Bool = true, made: GrantRecord.Made? = nil, isForeign: Bool = false,
        attempt: GrantRecord.Attempt? = nil, failures: Int = 0
    ) -> GrantRecord {
        GrantRecord(
            id: GrantRecordID(1), integrationID: IntegrationID(1), key: Values.key(), isWanted: isWanted, made: made,
            isForeign: isForeign, attempt: attempt,
            state: GrantState(!isWanted ? .revoking : made != nil && attempt == nil ? .active : .pending),
            schedule: .init(nextAttemptAt: Values.now, failures: failures, since: Values.now))
    }

    private func at(_ seconds: TimeInterval) -> Date { Values.now.addingTimeInterval(seconds) }

    @Test(arguments: [
        (true, false, false, false, GrantStep.create), (true, false, true, false, .lookThenCreate),
        (true, true, false, false, .settled), (true, true, true, false, .delete(grantID: "grant-1")),
        (true, true, false, true, .settled), (true, true, true, true, .settled),
        (false, false, false, false, .forget), (false, false, true, false, .lookThenDelete),
        (false, true, false, false, .delete(grantID: "grant-1")),
        (false, true, true, false, .delete(grantID: "grant-1")),
        (false, true, false, true, .forget), (false, true, true, true, .forget),
    ])
    func `what is wanted and what is known lead to this step`(
        _ isWanted: Bool, _ isMade: Bool, _ isDark: Bool, _ isForeign: Bool, _ step: GrantStep
    ) {
        let record = Self.record(
            isWanted: isWanted, made: isMade ? Self.made : nil, isForeign: isForeign,
            attempt: isDark ? Self.dark : nil)
        #expect(record.step == step)
    }

    @Test func `a step is begun by one at a time, and only if there is something to ask`() {
        var record = Self.record()
        var hasBegun = record.begin(now: at(0), rules: rules)
        #expect(hasBegun)
        #expect(record.attempt == .init(first: at(0), last: at(0)))
        #expect(record.schedule.leasedUntil == at(60))
        #expect(record.schedule.nextAttemptAt == at(60))
        record.schedule.nextAttemptAt = at(1)
        hasBegun = record.begin(now: at(1), rules: rules)
        #expect(!hasBegun)
        #expect(record.schedule.nextAttemptAt == at(60))
        hasBegun = record.begin(now: at(60), rules: rules)
        #expect(hasBegun)
        #expect(record.attempt == .init(first: at(0), last: at(60)))

        var settled = Self.record(made: Self.made)
        hasBegun = settled.begin(now: at(0), rules: rules)
        #expect(!hasBegun)
        #expect(settled.schedule.nextAttemptAt == nil)
    }

    struct End: Sendable, Equatable {
        var step: GrantStep
        var status: GrantStatus
        /// Seconds from now; `nil` when nothing is due.
        var next: TimeInterval?
    }

    private static func problem(_ kind: AWSProblem.Kind, _ code: String, isLost: Bool = false) -> AWSProblem {
        AWSProblem(kind: kind, code: code, message: "as told", action: "s3:CreateAccessGrant", mayHaveSucceeded: isLost)
    }

    private static func failed(
        _ kind: AWSProblem.Kind, _ code: String = "Any", isLost: Bool = false, during call: GrantCall = .create
    ) -> GrantOutcome { .failed(problem(kind, code, isLost: isLost), during: call) }

    @Test(arguments: [
        (GrantOutcome.made(made, requestID: "r"), End(step: .settled, status: .active)),
        (.foreign(made), End(step: .settled, status: .active)),
        (.gone(nil, requestID: nil), End(step: .create, status: .pending, next: 0)),
        (.notCalled, End(step: .create, status: .pending, next: 0)),
        (.noLocation, End(step: .create, status: .pending, next: 8)),
        (failed(.throttled, "SlowDown"), End(step: .create, status: .pending, next: 0.5)),
        (failed(.unreachable, "connect"), End(step: .create, status: .pending, next: 0.5)),
        (failed(.unreachable, "timeout", isLost: true), End(step: .lookThenCreate, status: .pending, next: 0.5)),
        (failed(.serviceFault, "InternalError", isLost: true), End(step: .lookThenCreate, status: .pending, next: 0.5)),
        (failed(.serviceFault, "ServiceUnavailable"), End(step: .create, status: .pending, next: 0.5)),
        (failed(.refused, "InvalidRequest"), End(step: .create, status: .pending, next: 0.5)),
        (failed(.refused, "AccessDenied"), End(step: .create, status: .failed, next: 8)),
        (failed(.refused, "InvalidAccessGrant"), End(step: .create, status: .failed, next: 8)),
        (failed(.refused, "NoSuchAccessGrantsLocationError"), End(step: .create, status: .failed, next: 8)),
        (failed(.refused, "AccessGrantsQuotaExceededError"), End(step: .create, status: .quotaExceeded, next: 8)),
        (failed(.credentials, "CredentialsNotFound"), End(step: .create, status: .failed, next: 8)),
        (failed(.refused, "AccessDenied", during: .look), End(step: .create, status: .failed, next: 8)),
    ])
    func `a create that ends so leads there`(_ outcome: GrantOutcome, _ end: End) {
        var record = Self.record()
        _ = record.begin(now: at(0), rules: rules)
        record.apply(report(outcome), now: at(1), rules: rules)
        #expect(Self.end(of: record, now: at(1)) == end)
        #expect(record.schedule.leasedUntil == nil)
        if record.state.status == .failed || record.state.status == .quotaExceeded {
            #expect(record.state.message?.hasPrefix("s3:CreateAccessGrant was ") == true)
            #expect(
                record.state.message?.contains("tried again") == true || record.state.message?.contains("edit") == true)
        }
    }

    @Test(arguments: [
        (GrantOutcome.gone(nil, requestID: "r"), End(step: .forget, status: .revoking, next: 0)),
        (.notCalled, End(step: .delete(grantID: "grant-1"), status: .revoking, next: 0)),
        (
            failed(.unreachable, "timeout", isLost: true, during: .delete),
            End(step: .delete(grantID: "grant-1"), status: .revoking, next: 0.5)
        ),
        (
            failed(.throttled, "SlowDown", during: .delete),
            End(step: .delete(grantID: "grant-1"), status: .revoking, next: 0.5)
        ),
        (
            failed(.refused, "AccessDenied", during: .delete),
            End(step: .delete(grantID: "grant-1"), status: .revoking, next: 8)
        ),
    ])
    func `a delete that ends so leads there`(_ outcome: GrantOutcome, _ end: End) {
        var record = Self.record(isWanted: false, made: Self.made)
        _ = record.begin(now: at(0), rules: rules)
        record.apply(report(outcome), now: at(1), rules: rules)
        #expect(Self.end(of: record, now: at(1)) == end)
    }

    /// What was wanted while AWS was asked is not what is wanted now.
    @Test(arguments: [
        (
            true, GrantOutcome.made(made, requestID: "r"),
            End(step: .delete(grantID: "grant-1"), status: .revoking, next: 0)
        ),
        (true, .foreign(made), End(step: .forget, status: .revoking, next: 0)),
        (true, failed(.refused, "AccessDenied"), End(step: .forget, status: .revoking, next: 8)),
        (
            true, failed(.unreachable, "timeout", isLost: true),
            End(step: .lookThenDelete, status: .revoking, next: 0.5)
        ),
        (true, .notCalled, End(step: .forget, status: .revoking, next: 0)),
        (false, .gone(nil, requestID: "r"), End(step: .create, status: .pending, next: 0)),
        (
            false, failed(.unreachable, "timeout", isLost: true, during: .delete),
            End(step: .delete(grantID: "grant-1"), status: .pending, next: 0.5)
        ),
        (false, failed(.refused, "AccessDenied", during: .delete), End(step: .settled, status: .active)),
    ])
    func `wanted otherwise meanwhile, facts hold all the same`(
        _ wasWanted: Bool, _ outcome: GrantOutcome, _ end: End
    ) {
        var record = Self.record(isWanted: wasWanted, made: wasWanted ? nil : Self.made)
        _ = record.begin(now: at(0), rules: rules)
        record.want(!wasWanted, now: at(1))
        #expect(record.schedule.nextAttemptAt == at(60), "a worker is at it")
        record.apply(report(outcome), now: at(2), rules: rules)
        #expect(Self.end(of: record, now: at(2)) == end)
    }

    @Test func `wanted again while it is being deleted, it is deleted to the end and made anew`() {
        var record = Self.record(isWanted: false, made: Self.made)
        _ = record.begin(now: at(0), rules: rules)
        record.apply(
            report(.failed(Self.problem(.unreachable, "timeout", isLost: true), during: .delete)), now: at(1),
            rules: rules)
        record.want(true, now: at(2))
        #expect(record.step == .delete(grantID: "grant-1"))
        #expect(!record.isActive)
        _ = record.begin(now: at(3), rules: rules)
        record.apply(report(.gone(nil, requestID: nil), before: Self.dark), now: at(4), rules: rules)
        #expect(record.step == .create)
    }

    @Test func `a lost create is looked for until it can no longer be done`() {
        var record = Self.record(isWanted: false, attempt: Self.dark)
        _ = record.begin(now: at(60), rules: rules)
        record.apply(report(.notSeen, before: Self.dark), now: at(61), rules: rules)
        #expect(record.attempt == Self.dark)
        #expect(record.schedule.nextAttemptAt == at(30 + 120))
    }

    @Test func `a lost create is looked for also when another made the grant and that is deleted`() {
        var record = Self.record(attempt: Self.dark)
        _ = record.begin(now: at(31), rules: rules)
        record.apply(report(.made(Self.made, requestID: "r"), before: Self.dark), now: at(32), rules: rules)
        #expect(Self.end(of: record, now: at(32)) == End(step: .settled, status: .active))
        record.want(false, now: at(33))
        var late = record
        _ = record.begin(now: at(33), rules: rules)
        record.apply(report(.gone(nil, requestID: "r")), now: at(34), rules: rules)
        #expect(Self.end(of: record, now: at(0)) == End(step: .lookThenDelete, status: .revoking, next: 150))
        _ = late.begin(now: at(150), rules: rules)
        late.apply(report(.gone(nil, requestID: "r")), now: at(150), rules: rules)
        #expect(late.step == .forget)
    }

    @Test func `found by looking and not deleted, it is known from then on`() {
        var record = Self.record(isWanted: false, attempt: Self.dark)
        _ = record.begin(now: at(60), rules: rules)
        record.apply(
            report(.failed(Self.problem(.throttled, "SlowDown"), during: .delete, found: Self.made), before: Self.dark),
            now: at(61), rules: rules)
        #expect(record.made == Self.made)
        #expect(record.attempt == nil)
        #expect(record.step == .delete(grantID: "grant-1"))
    }

    @Test func `a principal that IAM does not know is asked for again for two minutes, and then failed`() {
        var record = Self.record()
        var statuses: [GrantStatus] = []
        var now = at(0)
        while now < at(400), let next = record.schedule.nextAttemptAt {
            now = max(next, now)
            _ = record.begin(now: now, rules: rules)
            record.apply(report(Self.failed(.refused, "InvalidRequest")), now: now, rules: rules)
            statuses.append(record.state.status)
        }
        #expect(statuses.filter { $0 == .pending }.count >= 6)
        #expect(statuses.last == .failed)
        #expect(record.state.message?.contains("Check that the user's AWS principal exists") == true)
    }

    @Test func `what may pass is tried again every half minute at most, what is refused every five minutes`() {
        let rules = GrantRules()
        let quick = (0..<9).map { rules.delay(failures: $0, isSlow: false, jitter: 1) }
        #expect(quick == [0.5, 1, 2, 4, 8, 16, 30, 30, 30])
        let slow = (0..<7).map { rules.delay(failures: $0, isSlow: true, jitter: 1) }
        #expect(slow == [8, 16, 32, 64, 128, 256, 300])
        #expect(rules.delay(failures: 3, isSlow: false, jitter: 0) == 2)
        #expect(rules.delay(failures: -1, isSlow: false, jitter: 7) == 0.5)
        #expect(rules.delay(failures: 99, isSlow: true, jitter: 1) == 300)
    }

    @Test(arguments: [(-16 * 60, false), (-14 * 60, true), (0, true), (3600, true)] as [(TimeInterval, Bool)])
    func `a grant no older than the first attempt may be ours`(_ age: TimeInterval, _ isOurs: Bool) {
        let grant = AWSGrant(
            id: "grant-1", arn: "arn", locationID: "location-1", scope: "s3://research/raw/*",
            grantee: Values.key().grantee, permission: "READ", createdAt: at(age))
        #expect(GrantRecord.mayBe(grant, of: Self.dark) == isOurs)
    }

    @Test func `only the very grant that was asked for matches`() {
        let key = Values.key()
        let grant = AWSGrant(
            id: "grant-1", arn: "arn", locationID: "location-1", scope: "s3://research/raw/*", grantee: key.grantee,
            permission: "READ", createdAt: nil)
        #expect(grant.matches(key, locationID: "location-1"))
        let changes: [(inout AWSGrant) -> Void] = [
            { $0.locationID = "location-2" }, { $0.scope = "s3://research/raw*" }, { $0.permission = "WRITE" },
            { $0.grantee.type = .directoryUser }, { $0.grantee.identifier += "x" }, { $0.isForOneApplication = true },
        ]
        for change in changes {
            var other = grant
            change(&other)
            #expect(!other.matches(key, locationID: "location-1"))
        }
    }

    private func report(_ outcome: GrantOutcome, before: GrantRecord.Attempt? = nil) -> GrantReport {
        GrantReport(id: GrantRecordID(1), before: before, outcome: outcome, jitter: 1)
    }

    private static func end(of record: GrantRecord, now: Date) -> End {
        End(
            step: record.step, status: record.state.status,
            next: record.schedule.nextAttemptAt.map { ($0.timeIntervalSince(now) * 1000).rounded() / 1000 })
    }
}
