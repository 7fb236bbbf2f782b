import Domain
import Foundation
import Testing

@Suite struct GrantDriftTests {
    private static let ann = Grantee(.iam, "arn:aws:iam::123456789012:role/ann")

    private static func grant(
        _ scope: String = "s3://research/raw/*", permission: String = "READ", isForOneApplication: Bool = false
    ) -> AWSGrant {
        AWSGrant(
            id: "g", arn: "arn:g", locationID: "l", scope: scope, grantee: ann, permission: permission,
            isForOneApplication: isForOneApplication, createdAt: nil)
    }

    private static func key(_ subPrefix: String, isObject: Bool = false) -> GrantKey {
        GrantKey(location: Values.path, subPrefix: subPrefix, isObject: isObject, grantee: ann, permission: .read)
    }

    @Test(arguments: [
        (grant(), DriftKnowledge(record: GrantRecordID(7)), DriftFinding.known(GrantRecordID(7))),
        (grant(), DriftKnowledge(record: GrantRecordID(7), history: .removed), .known(GrantRecordID(7))),
        (grant(), DriftKnowledge(record: GrantRecordID(7), isForeign: true), .adopted(GrantRecordID(7))),
        // A create whose answer is on its way; or the record names another grant, which is then looked for.
        (grant(), DriftKnowledge(isAskedFor: true), .underWay),
        (grant(), DriftKnowledge(isAskedFor: true, history: .made), .underWay),
        // Removed since the page was read.
        (grant(), DriftKnowledge(history: .removed), .underWay),
        (grant(), DriftKnowledge(history: .made), .leftOver(key("raw/*"))),
        (grant("s3://research/day.csv"), DriftKnowledge(history: .made), .leftOver(key("day.csv", isObject: true))),
        (grant(), DriftKnowledge(), .foreign),
        // Nothing that Sluice makes, whatever a log says.
        (grant(permission: "WRITE"), DriftKnowledge(history: .made), .foreign),
        (grant(isForOneApplication: true), DriftKnowledge(history: .made), .foreign),
        (grant("s3://elsewhere/*"), DriftKnowledge(history: .made), .foreign),
    ])
    func `what AWS shows is ours only when a record or the audit log says so`(
        _ grant: AWSGrant, _ knowledge: DriftKnowledge, _ expected: DriftFinding
    ) {
        #expect(DriftFinding(grant, at: Values.path, knowledge) == expected)
    }

    @Test func `only the first foreign grants are told by name`() {
        var report = DriftReport(checkedAt: Values.now)
        let grant = ForeignGrant(Self.grant())
        for _ in 0..<(DriftReport.mostForeign + 5) { report.add(foreign: grant) }
        #expect(report.foreign.count == 1000)
        #expect(report.foreignCount == 1005)
    }

    @Test(arguments: [(79_999, false), (80_000, true), (100_000, true)])
    func `a quota is warned of from four fifths on`(_ used: Int, _ isWarned: Bool) {
        #expect((GrantUsage(used: used, quota: 100_000).warning != nil) == isWarned)
    }

    @Test func `only a record that still names the grant, and that nobody is at, learns that it is gone`() {
        let made = GrantRecord.Made(grantID: "g", arn: "arn:g", locationID: "l")
        var record = GrantRecord(
            id: GrantRecordID(1), integrationID: IntegrationID(1), key: Self.key("raw/*"), isWanted: true, made: made,
            isForeign: false, attempt: nil, state: GrantState(.active),
            schedule: GrantRecord.Schedule(nextAttemptAt: nil, since: Values.now))
        let later = Values.now + 60
        let other = record.vanished("another", now: later)
        var busy = record
        busy.want(false, now: Values.now)
        let isBegun = busy.begin(now: Values.now, rules: GrantRules())
        let whileBusy = busy.vanished("g", now: later)
        let same = record.vanished("g", now: later)
        #expect([other, isBegun, whileBusy, same] == [false, true, false, true])
        #expect(record.step == .create)
        #expect(record.state == GrantState(.pending, "AWS no longer had this access grant; it is made again."))
        #expect(record.schedule == GrantRecord.Schedule(nextAttemptAt: later, since: later))
    }
}
