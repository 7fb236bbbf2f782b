import Domain
import Foundation
import Testing

@Suite struct IntegrationTests {
    private let now = Values.now

    private func steps(_ integration: Integration) -> [String] {
        integration.locations.map { "\($0.path): \($0.step)" }
    }

    @Test func `a creation is begun, made and enabled`() {
        var integration = Values.creating()
        #expect(steps(integration) == ["s3://research/: create"])
        integration.beginAttempt(at: Values.path, now: now, lease: 60)
        #expect(steps(integration) == ["s3://research/: lookThenCreate"], "whoever finds it so must look first")
        #expect(integration.schedule.nextAttemptAt == now + 60)
        integration.locationWasMade(Values.made("a"), at: Values.path, now: now)
        #expect(integration.status == .enabled)
        #expect(steps(integration) == ["s3://research/: settled"])
        #expect(integration.schedule == IntegrationSchedule(nextAttemptAt: nil, statusSince: now))
    }

    @Test func `a definite refusal of a create leaves nothing to remember`() throws {
        var integration = Values.creating()
        let before = try #require(integration.nextUnsettled())
        integration.beginAttempt(at: Values.path, now: now, lease: 60)
        integration.attemptFailed(
            at: Values.path, before: before, Values.problem(), now: now, delay: 1, patience: 120)
        #expect(integration.status == .createError)
        #expect(integration.locations == [])
        #expect(integration.schedule.nextAttemptAt == nil)
        #expect(integration.report.message == "s3:Anything was refused: AccessDenied: no.")
    }

    @Test func `a create that may have been done is looked for after the failure`() throws {
        var integration = Values.creating()
        let before = try #require(integration.nextUnsettled())
        integration.beginAttempt(at: Values.path, now: now, lease: 60)
        integration.attemptFailed(
            at: Values.path, before: before, Values.problem(isLost: true), now: now, delay: 1, patience: 120)
        #expect(integration.status == .createError)
        #expect(steps(integration) == ["s3://research/: lookThenDelete"])
        #expect(integration.schedule.nextAttemptAt == now)
    }

    @Test func `a PUT with another role still knows the role of the create that may have been done`() throws {
        var integration = Values.creating()
        let before = try #require(integration.nextUnsettled())
        integration.beginAttempt(at: Values.path, now: now, lease: 60)
        integration.attemptFailed(
            at: Values.path, before: before, Values.problem(isLost: true), now: now, delay: 1, patience: 120)
        try integration.requestEdit(
            to: Values.configuration(role: Values.newRole), validation: Values.passed, now: now)
        #expect(integration.status == .creating)
        #expect(integration.locations.map(\.role) == [Values.role])
        let found = AWSLocation(
            id: "a", arn: "arn:a", scope: "s3://research/", roleARN: Values.role.description, createdAt: now)
        #expect(integration.locations[0].mayBe(found))
        integration.locationWasMade(Values.made("a"), at: Values.path, now: now)
        #expect(steps(integration) == [#"s3://research/: updateRole(locationID: "a")"#])
    }

    @Test func `patience is a time and a number of tries`() throws {
        var integration = Values.creating()
        let late = now + 3600
        for _ in 1..<Integration.leastTries {
            let before = try #require(integration.nextUnsettled())
            integration.beginAttempt(at: Values.path, now: late, lease: 60)
            integration.attemptFailed(
                at: Values.path, before: before, Values.problem(.throttled), now: late, delay: 7, patience: 120)
            #expect(integration.status == .creating)
            #expect(integration.schedule.nextAttemptAt == late + 7)
            #expect(integration.report.message == "s3:Anything was throttled: AccessDenied: no.")
        }
        integration.attemptFailed(at: Values.path, Values.problem(.throttled), now: late, delay: 7, patience: 120)
        #expect(integration.status == .createError)
    }

    @Test func `an edit of the path makes the new one before the old one goes`() throws {
        var integration = Values.enabled()
        try integration.requestEdit(
            to: Values.configuration(path: Values.newPath), validation: Values.passed, now: now)
        #expect(steps(integration) == ["s3://research/: settled", "s3://archive/: create"])
        integration.beginAttempt(at: Values.newPath, now: now, lease: 60)
        #expect(integration.grantPath == Values.path)
        integration.locationWasMade(Values.made("b"), at: Values.newPath, now: now)
        #expect(integration.grantPath == Values.newPath)
        #expect(steps(integration) == ["s3://research/: settled", "s3://archive/: settled"])
        integration.grantsHaveMoved(now: now)
        #expect(steps(integration) == [#"s3://research/: delete(locationID: "location-1")"#, "s3://archive/: settled"])
        #expect(integration.grantPath == Values.newPath)
        #expect(integration.status == .editing)
        integration.locationIsGone(at: Values.path, now: now)
        #expect(integration.status == .enabled)
        #expect(integration.configuration == Values.configuration(path: Values.newPath))
        #expect(integration.pending == nil)
        #expect(steps(integration) == ["s3://archive/: settled"])
    }

    @Test func `when the old location cannot be removed, all goes back as it was`() throws {
        var integration = Values.enabled()
        try integration.requestEdit(
            to: Values.configuration(path: Values.newPath), validation: Values.passed, now: now)
        integration.locationWasMade(Values.made("b"), at: Values.newPath, now: now)
        integration.grantsHaveMoved(now: now)
        let before = try #require(integration.nextUnsettled())
        integration.beginAttempt(at: Values.path, now: now, lease: 60)
        var refused = integration
        refused.attemptFailed(at: Values.path, before: before, Values.problem(), now: now, delay: 1, patience: 120)
        #expect(refused.status == .editError)
        #expect(refused.configuration == Values.configuration())
        #expect(steps(refused) == ["s3://research/: settled", #"s3://archive/: delete(locationID: "b")"#])

        integration.attemptFailed(
            at: Values.path, before: before, Values.problem(isLost: true), now: now, delay: 1, patience: 120)
        #expect(
            steps(integration) == [
                #"s3://research/: lookThenUpdate(locationID: "location-1")"#,
                #"s3://archive/: delete(locationID: "b")"#,
            ], "it may be gone: look")
    }

    @Test func `a deletion is rolled back to what was there before`() throws {
        var integration = Values.enabled()
        try integration.requestDeletion(validation: nil, now: now)
        let before = try #require(integration.nextUnsettled())
        integration.beginAttempt(at: Values.path, now: now, lease: 60)
        integration.attemptFailed(at: Values.path, before: before, Values.problem(), now: now, delay: 1, patience: 120)
        #expect(integration.status == .deleteError)
        #expect(steps(integration) == ["s3://research/: settled"])
    }

    @Test func `a clean-up that fails keeps nobody waiting`() throws {
        var integration = Values.creating()
        let before = try #require(integration.nextUnsettled())
        integration.beginAttempt(at: Values.path, now: now, lease: 60)
        integration.attemptFailed(
            at: Values.path, before: before, Values.problem(isLost: true), now: now, delay: 1, patience: 120)
        try integration.requestEdit(
            to: Values.configuration(path: Values.newPath), validation: Values.passed, now: now)
        #expect(steps(integration) == ["s3://research/: lookThenDelete", "s3://archive/: create"])
        #expect(integration.nextUnsettled()?.path == Values.newPath, "what is waited for comes first")
        integration.attemptFailed(at: Values.path, Values.problem(), now: now, delay: 9, patience: 120)
        #expect(integration.status == .creating)
        integration.locationWasMade(Values.made("b"), at: Values.newPath, now: now)
        #expect(integration.status == .enabled)
        #expect(integration.schedule.nextAttemptAt == now, "the rest goes on in the background")
    }

    @Test func `a forced deletion leaves AWS as it is, and a later one tears it down`() throws {
        var integration = Values.enabled()
        try integration.forceDeletion(now: now)
        #expect(integration.status == .disabled)
        #expect(integration.schedule.nextAttemptAt == nil)
        #expect(steps(integration) == ["s3://research/: settled"])
        try integration.requestDeletion(validation: nil, now: now)
        #expect(steps(integration) == [#"s3://research/: delete(locationID: "location-1")"#])
    }

    @Test func `a change under way refuses another`() throws {
        var integration = Values.creating()
        let conflict = DomainError(.conflict, "Unable to edit integration with ID 1 in current state creating.")
        #expect(throws: conflict) {
            try integration.requestEdit(to: Values.configuration(), validation: Values.passed, now: now)
        }
        #expect(integration == Values.creating())
    }

    @Test func `a create that may still be under way is looked for after a later one was made and removed`() throws {
        var integration = Values.creating()
        integration.beginAttempt(at: Values.path, now: now, lease: 60)
        integration.beginAttempt(at: Values.path, now: now + 1, lease: 60)
        integration.locationWasMade(Values.made("b"), at: Values.path, now: now + 2)
        #expect(integration.status == .enabled)
        try integration.requestDeletion(validation: nil, now: now + 3)
        integration.beginAttempt(at: Values.path, now: now + 3, lease: 60)
        integration.locationIsGone(at: Values.path, now: now + 4)
        #expect(steps(integration) == ["s3://research/: lookThenDelete"])
        #expect(integration.locations[0].uncertain(now: now + 4) == now + 60)
        integration.locationIsGone(at: Values.path, now: now + 60)
        #expect(integration.status == .deleted)
    }

    @Test func `what an update that may still be under way could undo is looked at again`() throws {
        var integration = Values.enabled()
        try integration.requestEdit(
            to: Values.configuration(role: Values.newRole), validation: Values.passed, now: now)
        integration.beginAttempt(at: Values.path, now: now, lease: 60)
        integration.beginAttempt(at: Values.path, now: now + 1, lease: 60)
        let made = LocationRecord.Made(locationID: "location-1", arn: "arn", role: Values.newRole)
        integration.locationWasMade(made, at: Values.path, now: now + 2)
        #expect(integration.status == .enabled, "nobody waits")
        #expect(steps(integration) == [#"s3://research/: verify(locationID: "location-1")"#])
        #expect(integration.schedule.nextAttemptAt == now + 2)
        integration.locationWasFound(made, at: Values.path, now: now + 60)
        #expect(steps(integration) == ["s3://research/: settled"])
        #expect(integration.schedule.nextAttemptAt == nil)
    }

    @Test(arguments: [
        ("s3://research/", "location", 0.0, true), ("s3://research/*", "location", 0, false),
        ("s3://research", "location", 0, false), ("s3://research/", "other", 0, false),
        ("s3://research/", "location", -899, true), ("s3://research/", "location", -901, false),
        ("s3://research/", "location", 960, true), ("s3://research/", "location", 961, false),
    ])
    func `only what the attempt can have made is taken for ours`(
        _ scope: String, _ role: String, _ age: TimeInterval, _ isOurs: Bool
    ) {
        let record = LocationRecord(path: Values.path, role: Values.role, attemptedAt: now)
        let location = AWSLocation(
            id: "x", arn: "x", scope: scope, roleARN: Values.role(role).description, createdAt: now + age)
        #expect(record.mayBe(location) == isOurs)
        #expect(!LocationRecord(path: Values.path, role: Values.role).mayBe(location), "without an attempt, never")
    }
}
