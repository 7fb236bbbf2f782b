import Domain
import Foundation
import HummingbirdTesting
import TestSupport
import Testing

@testable import API

extension RequestStage {
    /// Made, and carried to `enabled`.
    @discardableResult
    func addIntegration(_ name: String = "research", at path: String = "s3://research/") async throws -> Integration {
        let configuration = Fixtures.configuration(name: name, path: path)
        let inserted = try await integrations.insert(Fixtures.newIntegration(configuration, now: now), answer: nil)
        guard case .inserted(var integration) = inserted else { throw UnexpectedAnswer() }
        integration.locationWasMade(Fixtures.made(path), at: configuration.path, now: now)
        return try await integrations.save(integration)
    }

    /// Of the user whose key it is; the ids in order.
    @discardableResult
    func register(
        _ entries: [(name: String, prefix: String)], owner: UserID = UserID(1), in path: String = "s3://research/"
    ) async throws -> [DataSourceID] {
        let location = Fixtures.path(path)
        let new = try entries.map { name, text in
            let prefix = try DataPrefix(text, under: location)
            return NewDataSource(name: name, prefix: prefix, scope: prefix.scope(under: location))
        }
        let inserted = try await dataSources.insert(
            new, of: IntegrationID(1), for: .everything(owner), answer: nil, by: .system, now: now)
        guard case .inserted(let registration) = inserted else { throw UnexpectedAnswer() }
        return registration.dataSources.map(\.id)
    }

    func subscribe(
        _ user: UserID, to id: DataSourceID, as state: SubscriptionState, _ level: AccessLevel = .read
    ) async throws {
        _ = try await dataSources.setAccess(
            to: id, of: user, state: state, level: level, by: .system, admin: UserID(1), now: now)
    }

    /// A data source as it is stored.
    func stored(_ id: Int64) async throws -> DataSource? {
        try await dataSources.dataSource(.id(DataSourceID(id)), for: .everything(UserID(1)))?.dataSource
    }
}

struct UnexpectedAnswer: Error {}

extension Body {
    /// - Parameter entries: each as raw JSON.
    static func registration(_ entries: String..., integration: String = "1") -> String {
        #"{"type":"Native S3","integrationId":\#(integration),"dataSources":[\#(entries.joined(separator: ","))]}"#
    }

    static func entry(_ name: String, _ prefix: String) -> String {
        #"{"dataSourceName":"\#(name)","prefix":"\#(prefix)"}"#
    }

    static func access(_ profile: Int, _ state: String, _ level: String = "READ") -> String {
        #"{"profileId":\#(profile),"state":"\#(state)","accessGrant":"\#(level)"}"#
    }
}
