import Domain
import Foundation
import TestSupport
import Testing

/// Names, paths and scopes that can be had once.
@Suite struct IntegrationUniquenessTests {
    let now = Fixtures.now

    @Test(arguments: Implementation.allCases)
    func `a name or path in use is refused in the words of the tests`(_ implementation: Implementation) async throws {
        let store = try await implementation.make()
        _ = try await store.insert()

        await #expect(
            throws: DomainError(.conflict, "Native S3 integration already exists on s3://research/ (id = 1)."),
            performing: { try await store.insert(Fixtures.configuration(name: "other")) })
        await #expect(
            throws: DomainError(
                .conflict,
                #"Native S3 integration with the name "research" already exists (id = 1). Choose another name."#),
            performing: { try await store.insert(Fixtures.configuration(path: "s3://other/")) })
        #expect(try await store.integrations.integrations().count == 1)
        let next = try await store.insert(Fixtures.configuration(name: "other", path: "s3://other/"))
        #expect(next.id == IntegrationID(2), "a refusal uses up no id")
    }

    @Test(arguments: Implementation.allCases)
    func `the path of one that failed to create asks for PUT`(_ implementation: Implementation) async throws {
        let store = try await implementation.make()
        var failed = try await store.insert()
        failed.attemptFailed(
            at: failed.configuration.path,
            AWSProblem(kind: .refused, code: "AccessDenied", message: "no", action: "s3:CreateAccessGrantsLocation"),
            now: now, delay: 1, patience: 0)
        failed = try await store.integrations.save(failed)
        #expect(failed.status == .createError)

        await #expect(
            throws: DomainError(
                .badRequest,
                """
                Use PUT /integrations/1 endpoint to update connection information for Native S3 integration on \
                s3://research/ (id = 1) that previously failed to create.
                """),
            performing: { try await store.insert(Fixtures.configuration(name: "other")) })
    }

    @Test(arguments: Implementation.allCases)
    func `what an edit leads to is taken before the edit is done`(_ implementation: Implementation) async throws {
        let store = try await implementation.make()
        var editing = try await store.enabled()
        try editing.requestEdit(
            to: Fixtures.configuration(name: "next", path: "s3://next/"), validation: Fixtures.passed, now: now)
        editing = try await store.integrations.save(editing)

        for (name, path) in [
            ("next", "s3://aaa/"), ("research", "s3://aaa/"), ("a", "s3://next/"), ("a", "s3://research/"),
        ] {
            let error = await #expect(throws: DomainError.self) {
                try await store.insert(Fixtures.configuration(name: name, path: path))
            }
            #expect(error?.code == .conflict)
        }

        var other = try await store.enabled(Fixtures.configuration(name: "other", path: "s3://other/"))
        try other.requestEdit(
            to: Fixtures.configuration(name: "next", path: "s3://other/"), validation: Fixtures.passed, now: now)
        let refused = other
        await #expect(throws: DomainError.nameInUse("next", by: editing.id)) {
            try await store.integrations.save(refused)
        }
    }

    @Test(arguments: Implementation.allCases)
    func `deleted and disabled ones give their name and path back`(_ implementation: Implementation) async throws {
        let store = try await implementation.make()
        var deleted = try await store.insert()
        deleted.locationWasMade(Fixtures.made(), at: deleted.configuration.path, now: now)
        deleted = try await store.integrations.save(deleted)
        try deleted.requestDeletion(validation: nil, now: now)
        deleted = try await store.integrations.save(deleted)
        deleted.locationIsGone(at: deleted.configuration.path, now: now)
        try await store.integrations.save(deleted)

        var disabled = try await store.enabled()
        try disabled.forceDeletion(now: now)
        disabled = try await store.integrations.save(disabled)
        #expect(disabled.locations.count == 1)

        let third = try await store.enabled()
        #expect(third.id == IntegrationID(3))
        let robbed = try await store.integrations.integration(disabled.id, includingDeleted: false)
        #expect(robbed?.locations == [])
        #expect(robbed?.revision == disabled.revision + 1)

        try disabled.requestDeletion(validation: nil, now: now)
        let outdated = disabled
        await #expect(throws: DomainError(.staleRevision, "Integration 2 was changed meanwhile.")) {
            try await store.integrations.save(outdated)
        }
    }

    @Test(arguments: Implementation.allCases)
    func `a scope that is still being removed is refused`(_ implementation: Implementation) async throws {
        let store = try await implementation.make()
        var integration = try await store.enabled()
        try integration.requestEdit(
            to: Fixtures.configuration(path: "s3://next/"), validation: Fixtures.passed, now: now)
        integration = try await store.integrations.save(integration)
        integration.beginAttempt(at: Fixtures.path("s3://next/"), now: now, lease: 30)
        integration.attemptFailed(
            at: Fixtures.path("s3://next/"),
            AWSProblem(
                kind: .refused, code: "AccessDenied", message: "no", action: "s3:CreateAccessGrantsLocation",
                mayHaveSucceeded: true), now: now, delay: 1, patience: 0)
        integration = try await store.integrations.save(integration)
        #expect(integration.status == .editError)
        #expect(integration.locations.map(\.step) == [.settled, .lookThenDelete])

        await #expect(throws: DomainError.scopeInUse(Fixtures.path("s3://next/"), by: integration.id)) {
            try await store.insert(Fixtures.configuration(name: "other", path: "s3://next/"))
        }
        let elsewhere = Fixtures.configuration(
            name: "other", path: "s3://next/", connection: Fixtures.connection(account: Fixtures.otherAccountID))
        #expect(try await store.insert(elsewhere).status == .creating)
    }
}
