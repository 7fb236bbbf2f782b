import Domain
import Foundation
import Store
import TestSupport
import Testing

/// Every implementation of the repositories; all run the same conformance suites.
enum Implementation: String, CaseIterable, CustomTestStringConvertible {
    case inMemory, sqlite

    var testDescription: String { rawValue }

    /// Empty repositories with one user, whose id is 1.
    func make() async throws -> Repositories {
        let repositories: Repositories
        switch self {
        case .inMemory:
            repositories = Repositories(
                integrations: InMemoryIntegrationRepository(), identities: InMemoryIdentityRepository(), directory: nil)
        case .sqlite:
            let directory = try TemporaryDirectory()
            let store = try await SQLiteStore.open(
                at: directory.file("sluice.db"), keys: MasterKeys(current: MasterKey()))
            repositories = Repositories(
                integrations: store.integrations, identities: store.identities, directory: directory)
        }
        _ = try await repositories.identities.insertUser(
            iamid: "bim", userid: "admin", profile: User.Profile(name: "Admin"),
            permissions: Set(Permission.allCases), now: Fixtures.now)
        return repositories
    }
}

struct Repositories: Sendable {
    let integrations: any IntegrationRepository
    let identities: any IdentityRepository
    /// Lives as long as the database in it is used.
    let directory: TemporaryDirectory?

    func insert(_ configuration: IntegrationConfiguration = Fixtures.configuration()) async throws -> Integration {
        let inserted = try await integrations.insert(Fixtures.newIntegration(configuration), answer: nil)
        guard case .inserted(let integration) = inserted else { throw UnexpectedAnswer() }
        return integration
    }

    /// Inserted, and carried to `enabled`.
    func enabled(_ configuration: IntegrationConfiguration = Fixtures.configuration()) async throws -> Integration {
        var integration = try await insert(configuration)
        integration.locationWasMade(
            Fixtures.made(configuration.path.description), at: configuration.path, now: Fixtures.now)
        return try await integrations.save(integration)
    }
}

struct UnexpectedAnswer: Error {}

/// A new directory, removed with its content when the last reference goes.
final class TemporaryDirectory: Sendable {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func file(_ name: String) -> String { url.appending(path: name).path }
}
