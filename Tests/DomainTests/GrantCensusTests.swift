import Domain
import Foundation
import Testing

@Suite struct GrantCensusTests {
    private typealias Count = GrantCensus.Location

    private static let (old, new) = (Values.path, Values.newPath)

    private static func wait(
        _ there: Int, _ wanted: Int, _ left: Int, _ problem: String? = nil, isFinal: Bool = false
    )
        -> GrantWait
    {
        GrantWait(
            """
            The access grants are moving to s3://archive/: \(there) of \(wanted) are there, and \(left) are still at \
            s3://research/.
            """, problem: problem, isFinal: isFinal)
    }

    @Test(arguments: [
        (Count(), Count(), 0, nil as GrantWait?),
        // Whatever is not there yet was no access at the old location either.
        (Count(), Count(total: 3, wanted: 3, active: 2, refused: 1, reason: "no"), 1, nil),
        (Count(total: 3, wanted: 3, active: 3), Count(), 3, wait(0, 0, 3)),
        (
            Count(total: 3, wanted: 3, active: 3), Count(total: 3, wanted: 3, active: 1, delay: "slow"), 0,
            wait(1, 3, 3, "slow")
        ),
        // The last of those that have moved is being removed.
        (
            Count(total: 1, delay: "no"), Count(total: 3, wanted: 3, active: 2, refused: 1, reason: "x"), 0,
            wait(2, 3, 1, "no")
        ),
        // The next plan may release what waited.
        (
            Count(total: 1, wanted: 1, active: 1), Count(total: 3, wanted: 3, active: 2, refused: 1, reason: "x"), 1,
            wait(2, 3, 1)
        ),
        (
            Count(total: 1, wanted: 1, active: 1), Count(total: 3, wanted: 3, active: 2, refused: 1, reason: "x"), 0,
            wait(2, 3, 1, "x", isFinal: true)
        ),
    ])
    func `grants have moved when the old location has none; a refused one that was there ends it`(
        _ left: GrantCensus.Location, _ there: GrantCensus.Location, _ unplanned: Int, _ expected: GrantWait?
    ) {
        let census = GrantCensus(locations: [Self.old: left, Self.new: there], unplanned: unplanned)
        #expect(census.move(from: Self.old, to: Self.new) == expected)
    }

    @Test func `a location may go when no grant is left at it`() {
        #expect(GrantCensus().removal(at: Self.old) == nil)
        #expect(GrantCensus(locations: [Self.new: Count(total: 1)]).removal(at: Self.old) == nil)
        #expect(
            GrantCensus(locations: [Self.old: Count(total: 2, delay: "no")]).removal(at: Self.old)
                == GrantWait("Access grants that are still to be removed: 2.", problem: "no"))
    }

    @Test(arguments: IntegrationStatus.allCases)
    func `grants are where the location is that is in use`(_ status: IntegrationStatus) {
        let base = Values.enabled()
        let integration = Integration(
            id: base.id, revision: 1, lifecycle: IntegrationLifecycle(status), configuration: base.configuration,
            pending: nil, locations: base.locations, report: base.report, schedule: base.schedule)
        switch status {
        case .enabled, .editing, .editError, .deleteError, .recurringValidationError:
            #expect(integration.grantPath == Values.path)
        case .creating, .createError, .deleting, .deleted, .disabled, .migrating, .migrateError:
            #expect(integration.grantPath == nil)
        }
    }

    @Test func `waiting goes on as long as there is progress, and ends after the patience`() throws {
        let now = Values.now
        var integration = Values.enabled()
        try integration.requestDeletion(validation: nil, now: now)
        let slow = GrantWait("2 left.", problem: "s3:DeleteAccessGrant was refused.")
        for second in [0.0, 1, 2, 3, 100] {
            integration.waitForGrants(slow, now: now + second, delay: 1, patience: 120)
            #expect(integration.status == .deleting)
            #expect(integration.report.message == "2 left.")
            #expect(integration.schedule.nextAttemptAt == now + second + 1)
        }
        var other = integration
        other.waitForGrants(GrantWait("1 left."), now: now + 130, delay: 1, patience: 120)
        #expect(other.status == .deleting, "one has gone")
        integration.waitForGrants(slow, now: now + 130, delay: 1, patience: 120)
        #expect(integration.status == .deleteError)
        #expect(integration.report.message == "s3:DeleteAccessGrant was refused.")
        #expect(integration.grantPath == Values.path, "they come back")
    }
}
