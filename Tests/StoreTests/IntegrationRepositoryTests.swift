import Domain
import Foundation
import TestSupport
import Testing

/// What every integration repository does.
@Suite struct IntegrationRepositoryTests {
    let later = Fixtures.now.addingTimeInterval(60)

    @Test(arguments: Implementation.allCases)
    func `what is inserted is read back whole`(_ implementation: Implementation) async throws {
        let store = try await implementation.make()
        let configuration = Fixtures.configuration(
            connection: Fixtures.connection(
                base: .accessKey(id: "AKIAEXAMPLE", secret: Secret("wJalr/XUtn")),
                roleToAssume: Fixtures.role("sluice")))
        let new = Fixtures.newIntegration(configuration)

        let inserted = try await store.integrations.insert(new, answer: nil)

        let expected = Integration(
            id: IntegrationID(1), revision: 1, lifecycle: .initial, configuration: configuration, pending: nil,
            locations: new.locations, report: new.report, schedule: new.schedule)
        #expect(inserted == .inserted(expected))
        #expect(try await store.integrations.integration(IntegrationID(1), includingDeleted: false) == expected)
        #expect(try await store.integrations.integrations() == [expected])
        #expect(try await store.integrations.integration(IntegrationID(2), includingDeleted: true) == nil)
    }

    @Test(arguments: Implementation.allCases)
    func `every step of a whole life is read back as it was saved`(_ implementation: Implementation) async throws {
        let store = try await implementation.make()
        var integration = try await store.insert(
            Fixtures.configuration(connection: Fixtures.connection(base: .accessKey(id: "AKIA1", secret: Secret("1")))))
        let wanted = Fixtures.configuration(
            name: "renamed", path: "s3://other/prefix/", role: Fixtures.role("other"),
            connection: Fixtures.connection(base: .accessKey(id: "AKIA2", secret: Secret("2"))))
        let old = integration.configuration.path
        let results = Fixtures.failed(.pathExists, "no such bucket")
        let now = later
        let steps: [(inout Integration) throws -> Void] = [
            { $0.beginAttempt(at: old, now: now, lease: 30) },
            { $0.locationWasMade(Fixtures.made(), at: old, now: now) },
            { $0.checked(results, now: now, nextCheckAt: now.addingTimeInterval(900)) },
            { try $0.requestEdit(to: wanted, validation: Fixtures.passed, now: now) },
            { $0.beginAttempt(at: wanted.path, now: now, lease: 30) },
            {
                $0.locationWasMade(
                    Fixtures.made("s3://other/prefix/", role: wanted.locationRole), at: wanted.path, now: now)
            },
            { $0.grantsHaveMoved(now: now) },
            { $0.locationIsGone(at: old, now: now) },
            { try $0.requestDeletion(validation: nil, now: now) },
            { $0.locationIsGone(at: wanted.path, now: now) },
        ]
        var statuses: [IntegrationStatus] = []
        for step in steps {
            try step(&integration)
            let saved = try await store.integrations.save(integration)
            #expect(try await store.integrations.integration(saved.id, includingDeleted: true) == saved)
            let revision = try await store.integrations.revision(saved.id)
            #expect(revision == (saved.status == .deleted ? nil : saved.revision))
            #expect(saved == copy(of: integration, revision: integration.revision + 1))
            statuses.append(saved.status)
            integration = saved
        }
        #expect(
            statuses == [
                .creating, .enabled, .recurringValidationError, .editing, .editing, .editing, .editing, .enabled,
                .deleting, .deleted,
            ])
        #expect(try await store.integrations.integrations() == [])
        #expect(try await store.integrations.integration(integration.id, includingDeleted: false) == nil)
    }

    /// As stored: the secret of a deleted one is not kept.
    private func copy(of integration: Integration, revision: Int64) -> Integration {
        var configuration = integration.configuration
        if integration.status == .deleted, case .accessKey(let id, _) = configuration.connection.authentication.base {
            configuration.connection.authentication.base = .accessKey(id: id, secret: Secret(""))
        }
        return Integration(
            id: integration.id, revision: revision, lifecycle: integration.lifecycle, configuration: configuration,
            pending: integration.pending, locations: integration.locations, report: integration.report,
            schedule: integration.schedule)
    }

    @Test(arguments: Implementation.allCases)
    func `a stale save is refused and changes nothing`(_ implementation: Implementation) async throws {
        let store = try await implementation.make()
        let first = try await store.insert()
        let second = try await store.integrations.save(first)
        #expect(second.revision == 2)

        await #expect(
            throws: DomainError(.staleRevision, "Integration 1 was changed meanwhile."),
            performing: { try await store.integrations.save(first) })
        #expect(try await store.integrations.integrations() == [second])
    }

    @Test(arguments: Implementation.allCases)
    func `saving what was never inserted is not found`(_ implementation: Implementation) async throws {
        let (store, other) = (try await implementation.make(), try await Implementation.inMemory.make())
        let integration = try await other.insert()
        await #expect(
            throws: DomainError(.notFound, "No integration found with ID 1."),
            performing: { try await store.integrations.save(integration) })
    }

    @Test(arguments: Implementation.allCases)
    func `a save carries a status to itself or over one event, and no further`(
        _ implementation: Implementation
    ) async throws {
        let store = try await implementation.make()
        var refused = 0
        for (index, route) in routes().enumerated() {
            guard let source = route.last else { continue }
            for target in IntegrationStatus.allCases {
                let name = "\(source)-\(target)-\(index)"
                var integration = try await store.insert(
                    Fixtures.configuration(name: name, path: "s3://bucket/\(name)/"))
                for status in route { integration = try await store.integrations.save(moved(integration, to: status)) }
                let wanted = moved(integration, to: target)
                if IntegrationLifecycle.sources(of: target).contains(source) {
                    #expect(try await store.integrations.save(wanted).status == target)
                } else {
                    refused += 1
                    let error = await #expect(throws: DomainError.self) { try await store.integrations.save(wanted) }
                    #expect(error?.code == .internal)
                }
            }
        }
        #expect(refused == 86, "of 10 statuses that can be reached × 12; 10 stay and 24 changes are decided")
    }

    /// The shortest way from `creating` to each status that can be reached.
    private func routes() -> [[IntegrationStatus]] {
        var routes: [IntegrationStatus: [IntegrationStatus]] = [.creating: [.creating]]
        var open: [IntegrationStatus] = [.creating]
        while let source = open.popLast() {
            for target in IntegrationStatus.allCases
            where routes[target] == nil && IntegrationLifecycle.sources(of: target).contains(source) {
                routes[target] = (routes[source] ?? []) + [target]
                open.append(target)
            }
        }
        return routes.values.sorted { ($0.last?.rawValue ?? "") < ($1.last?.rawValue ?? "") }
    }

    private func moved(_ integration: Integration, to status: IntegrationStatus) -> Integration {
        Integration(
            id: integration.id, revision: integration.revision, lifecycle: IntegrationLifecycle(status),
            configuration: integration.configuration, pending: nil, locations: integration.locations,
            report: integration.report, schedule: integration.schedule)
    }

    @Test(arguments: Implementation.allCases)
    func `of 64 concurrent saves one wins`(_ implementation: Implementation) async throws {
        let store = try await implementation.make()
        let integration = try await store.insert()
        let outcomes = await withTaskGroup(of: String.self) { group in
            for _ in 0..<64 {
                group.addTask {
                    do {
                        return "revision \(try await store.integrations.save(integration).revision)"
                    } catch let error as DomainError {
                        return error.code.rawValue
                    } catch {
                        return "\(error)"
                    }
                }
            }
            return await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
        }
        #expect(outcomes == ["revision 2": 1, "staleRevision": 63])
    }
}
