import Domain
import Foundation
import HTTPTypes
import S3Server
import SigV4
import Synchronization
import TestSupport
import Testing

@testable import Gateway

struct GatewayAuthenticationTests {
    @Test(arguments: [("SLUICE-begins-this-key-too", true), ("a-key-as-they-are-made", false)])
    func `An API key is found by its hash, and asked for as a pair only where it may be one`(
        key: String, mayBePair: Bool
    ) async throws {
        let callers = Callers()
        let authentication = GatewayAuthentication(callers, allowsCompatibilitySecret: true)
        var request = HTTPRequest(method: .get, scheme: "http", authority: "h", path: "/s3p/immuta/a")
        request.headerFields[.authorization] = "AWS \(key):\(GatewayAuthentication.compatibilitySecret)"
        let sender = try await authentication.authenticator.authenticate(
            request, query: QueryItems(), service: "s3", now: Fixtures.now)
        #expect(sender.identity == GatewayStage.reader)
        #expect(callers.pairs.withLock { $0 } == (mayBePair ? [key] : []))
    }
}

/// Everybody with an API key is the reader; nobody has a pair.
private final class Callers: GatewayRepository {
    let pairs = Mutex<[String]>([])

    func caller(by hash: CredentialHash, now: Date) async throws(DomainError) -> GatewayCaller? { GatewayStage.reader }

    func caller(
        accessKeyID: String, now: Date
    ) async throws(DomainError) -> (GatewayCaller, secret: Domain.Secret)? {
        pairs.withLock { $0.append(accessKeyID) }
        return nil
    }

    func dataSource(
        _ sqlTableName: String, for user: UserID
    ) async throws(DomainError) -> GatewayDataSource? { nil }

    func dataSources(
        _ query: GatewayQuery, for user: UserID
    ) async throws(DomainError) -> [GatewayDataSource] { [] }
}
