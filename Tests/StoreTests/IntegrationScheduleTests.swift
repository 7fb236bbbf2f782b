import Domain
import Foundation
import TestSupport
import Testing

/// What is due, and the answers that are kept.
@Suite struct IntegrationScheduleTests {
    let now = Fixtures.now

    private func at(_ seconds: TimeInterval) -> Date { now.addingTimeInterval(seconds) }

    @Test(arguments: Implementation.allCases)
    func `what is longest due comes first`(_ implementation: Implementation) async throws {
        let store = try await implementation.make()
        for (name, delay) in [("a", 30.0), ("b", 10), ("c", 20), ("d", 40)] {
            var integration = try await store.insert(Fixtures.configuration(name: name, path: "s3://bucket/\(name)/"))
            integration.beginAttempt(at: integration.configuration.path, now: now, lease: delay)
            try await store.integrations.save(integration)
        }
        let settled = try await store.enabled()
        #expect(settled.schedule.nextAttemptAt == nil)

        func due(_ seconds: TimeInterval, _ limit: Int = 10) async throws -> [String] {
            try await store.integrations.due(now: at(seconds), limit: limit).map(\.configuration.name)
        }
        #expect(try await due(9.999) == [])
        #expect(try await due(10) == ["b"])
        #expect(try await due(35) == ["b", "c", "a"])
        #expect(try await due(35, 2) == ["b", "c"])
        #expect(try await store.integrations.nextDue(checkInterval: 900) == at(10))
    }

    @Test(arguments: Implementation.allCases)
    func `a check is due an interval after the last, or after it was enabled`(
        _ implementation: Implementation
    ) async throws {
        let store = try await implementation.make()
        #expect(try await store.integrations.nextDue(checkInterval: 900) == nil)
        let never = try await store.enabled()
        var checked = try await store.enabled(Fixtures.configuration(name: "checked", path: "s3://checked/"))
        checked.checked(Fixtures.failed(.instance, "gone"), now: now, nextCheckAt: at(100))
        checked = try await store.integrations.save(checked)
        var editing = try await store.enabled(Fixtures.configuration(name: "editing", path: "s3://editing/"))
        try editing.requestEdit(
            to: Fixtures.configuration(name: "edited", path: "s3://editing/"), validation: Fixtures.passed,
            now: at(5000))
        try await store.integrations.save(editing)

        func due(_ seconds: TimeInterval, _ limit: Int = 10) async throws -> [Integration] {
            try await store.integrations.dueForCheck(now: at(seconds), interval: 900, limit: limit)
        }
        #expect(try await due(99) == [])
        #expect(try await due(100) == [checked])
        #expect(try await due(900) == [checked, never])
        #expect(try await due(900, 1) == [checked])
        #expect(try await store.integrations.nextDue(checkInterval: 900) == at(100))
        #expect(try await store.integrations.nextDue(checkInterval: 50) == at(50))

        try await store.integrations.recordCheck(checked.id, next: at(1000))
        try await store.integrations.recordCheck(IntegrationID(99), next: at(1))
        #expect(try await due(999) == [never])
        let after = try await store.integrations.integration(checked.id, includingDeleted: false)
        #expect(after?.revision == checked.revision)
        #expect(after?.schedule.nextCheckAt == at(1000))
    }

    @Test(arguments: Implementation.allCases)
    func `behind a failed edit a check is due too`(_ implementation: Implementation) async throws {
        let store = try await implementation.make()
        var integration = try await store.enabled()
        let path = Fixtures.path("s3://next/")
        try integration.requestEdit(
            to: Fixtures.configuration(path: path.description), validation: Fixtures.passed, now: now)
        integration = try await store.integrations.save(integration)
        integration.beginAttempt(at: path, now: now, lease: 30)
        integration.attemptFailed(
            at: path,
            AWSProblem(
                kind: .refused, code: "AccessDenied", message: "no", action: "s3:CreateAccessGrantsLocation",
                mayHaveSucceeded: false), now: at(1), delay: 1, patience: 0)
        integration = try await store.integrations.save(integration)
        #expect(integration.status == .editError)
        #expect(try await store.integrations.dueForCheck(now: at(900), interval: 900, limit: 9) == [])
        #expect(try await store.integrations.dueForCheck(now: at(901), interval: 900, limit: 9) == [integration])
        try await store.integrations.recordCheck(integration.id, next: at(2000))
        #expect(try await store.integrations.dueForCheck(now: at(1999), interval: 900, limit: 9) == [])
    }

    @Test(arguments: Implementation.allCases)
    func `a repeated key gives the kept answer and inserts nothing`(_ implementation: Implementation) async throws {
        let store = try await implementation.make()
        let other = try await store.identities.insertUser(
            iamid: "bim", userid: "other", profile: User.Profile(name: "Other"), permissions: [], now: now)
        let kept = KeptAnswer(requestHash: Array(repeating: 7, count: 32), body: Array("id 1".utf8))

        _ = try await store.integrations.insert(Fixtures.newIntegration(), answer: answer("key"))
        #expect(
            try await store.integrations.insert(
                Fixtures.newIntegration(Fixtures.configuration(name: "b", path: "s3://bbb/")),
                answer: answer("key", hash: 8)) == .kept(kept))
        #expect(try await store.integrations.integrations().count == 1)
        #expect(try await store.integrations.keptAnswer(key: "key", user: UserID(1), since: now) == kept)
        #expect(try await store.integrations.keptAnswer(key: "key", user: UserID(1), since: at(1)) == nil)
        #expect(try await store.integrations.keptAnswer(key: "key", user: other.id, since: now) == nil)
        #expect(try await store.integrations.keptAnswer(key: "Key", user: UserID(1), since: now) == nil)
    }

    @Test(arguments: Implementation.allCases)
    func `an expired answer is forgotten and its key is free`(_ implementation: Implementation) async throws {
        let store = try await implementation.make()
        _ = try await store.integrations.insert(Fixtures.newIntegration(), answer: answer("key"))
        let second = try await store.integrations.insert(
            Fixtures.newIntegration(Fixtures.configuration(name: "b", path: "s3://bbb/")),
            answer: answer("key", at: 86_401))
        guard case .inserted(let integration) = second else { throw UnexpectedAnswer() }
        #expect(integration.id == IntegrationID(2))
        #expect(
            try await store.integrations.keptAnswer(key: "key", user: UserID(1), since: now)?.body
                == Array("id 2".utf8))
    }

    @Test(arguments: Implementation.allCases)
    func `a refused insertion keeps no answer`(_ implementation: Implementation) async throws {
        let store = try await implementation.make()
        _ = try await store.insert()
        await #expect(throws: DomainError.self) {
            try await store.integrations.insert(Fixtures.newIntegration(), answer: answer("key"))
        }
        #expect(try await store.integrations.keptAnswer(key: "key", user: UserID(1), since: .distantPast) == nil)
    }

    @Test(arguments: Implementation.allCases)
    func `of 64 concurrent insertions under one key one is made`(_ implementation: Implementation) async throws {
        let store = try await implementation.make()
        let answers = await withTaskGroup(of: String.self) { group in
            for index in 0..<64 {
                let new = Fixtures.newIntegration(
                    Fixtures.configuration(name: "n\(index)", path: "s3://bucket/\(index)/"))
                group.addTask {
                    switch try? await store.integrations.insert(new, answer: answer("key")) {
                    case .inserted: "inserted"
                    case .kept(let answer): "kept \(String(decoding: answer.body, as: UTF8.self))"
                    case nil: "failed"
                    }
                }
            }
            return await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
        }
        #expect(answers == ["inserted": 1, "kept id 1": 63])
    }

    private func answer(_ key: String, hash: UInt8 = 7, at seconds: TimeInterval = 0) -> AnswerToKeep<Integration> {
        AnswerToKeep(
            key: key, user: UserID(1), requestHash: Array(repeating: hash, count: 32), now: at(seconds),
            expiredBefore: at(seconds - 86_400), render: { Array("id \($0.id)".utf8) })
    }
}
