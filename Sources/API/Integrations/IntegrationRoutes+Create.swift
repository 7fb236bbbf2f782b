import Crypto
import Domain
import HTTPTypes
import Hummingbird
import Logging

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension IntegrationRoutes {
    func create(_ request: Request, _ context: CallerContext) async throws -> Response {
        let (json, bytes) = try await request.jsonBody()
        var query = QueryReader(request)
        let isDryRun = query.flag("dryRun")
        var faults = query.finish()
        let key = IdempotencyKey(request, body: bytes, user: context.caller.user.id, faults: &faults)
        let wanted = try IntegrationRequest.read(json, for: .create, with: faults)
        let proposal = try wanted.proposal(externalIDs: dependencies.externalIDs, stored: nil)
        if isDryRun { return try await dryRun(proposal) }
        if let key, let replay = try await replay(key) { return replay }
        let results: ValidationResults
        do {
            results = try await test(proposal, for: .create)
        } catch {
            // A request with the same key, answered while this one was being tested, is the reason for a conflict.
            if let key, let replay = try await replay(key) { return replay }
            throw error
        }
        return try await insert(proposal, results, key, context)
    }

    private func dryRun(_ proposal: IntegrationProposal) async throws -> Response {
        let outcome = await dependencies.validator.validate(
            proposal, for: .create, among: try await integrations.integrations())
        return Response(
            json: .members([
                "validationResults": outcome.results.json,
                "awsExternalId": .string(proposal.connection.externalID.description),
            ]))
    }

    private func insert(
        _ proposal: IntegrationProposal, _ results: ValidationResults, _ key: IdempotencyKey?, _ context: CallerContext
    ) async throws -> Response {
        let now = now
        let new = NewIntegration(
            try tested(proposal), validation: results, createdBy: context.caller.user.id, now: now)
        let answer = key.map { key in
            AnswerToKeep<Integration>(
                key: key.text, user: key.user, requestHash: key.bodyHash, now: now,
                expiredBefore: now.addingTimeInterval(-Self.idempotencySeconds),
                render: { $0.changeJSON(results).bytes })
        }
        switch try await integrations.insert(new, answer: answer, by: context.origin) {
        case .kept(let answer):
            guard let key else { preconditionFailure("only a keyed insert is answered with a kept answer") }
            return try replay(answer, key)
        case .inserted(let integration):
            context.logger.info(
                "integration is being created", metadata: ["integration.id": "\(integration.id)"])
            dependencies.changes.announce(integration.id)
            dependencies.wake()
            return Response(integration.changeJSON(results), revision: integration.revision)
        }
    }

    private func replay(_ key: IdempotencyKey) async throws -> Response? {
        let since = now.addingTimeInterval(-Self.idempotencySeconds)
        return try await integrations.keptAnswer(key: key.text, user: key.user, since: since)
            .map { try replay($0, key) }
    }

    private func replay(_ answer: KeptAnswer, _ key: IdempotencyKey) throws(DomainError) -> Response {
        var response = try key.replay(answer)
        // Only creations are kept, and a creation's revision is the first.
        response.headers[.eTag] = RevisionTag.text(1)
        return response
    }

    /// - Throws: what the contract answers when a test fails, with the results.
    func test(
        _ proposal: IntegrationProposal, for purpose: ValidationPurpose
    ) async throws(DomainError) -> ValidationResults {
        let others = try await integrations.integrations()
        let outcome = await dependencies.validator.validate(proposal, for: purpose, among: others)
        if let error = outcome.error { throw error }
        return outcome.results
    }

    /// The configuration of a proposal whose tests passed.
    func tested(_ proposal: IntegrationProposal) throws(DomainError) -> IntegrationConfiguration {
        do {
            return try proposal.configuration()
        } catch {
            throw DomainError(.internal, APIFailure.internalMessage, cause: "test 3 passed, but \(error.reason)")
        }
    }
}

/// `Idempotency-Key`: the same key with the same body gets the same answer, and does nothing twice.
struct IdempotencyKey {
    static let maximumLength = 255

    let text: String
    let user: UserID
    let bodyHash: [UInt8]

    /// `nil` without the header, or with a fault.
    init?(_ request: Request, body: [UInt8], user: UserID, faults: inout [InputFault]) {
        guard let text = request.headers[.idempotencyKey] else { return nil }
        guard (1...Self.maximumLength).contains(text.utf8.count), text.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
        else {
            faults.append(
                InputFault("Idempotency-Key", "must be 1 to \(Self.maximumLength) visible ASCII characters"))
            return nil
        }
        self.text = text
        self.user = user
        bodyHash = Array(SHA256.hash(data: body))
    }

    /// - Throws: `unprocessable` when it answered another body.
    func replay(_ answer: KeptAnswer) throws(DomainError) -> Response {
        guard answer.requestHash == bodyHash else {
            throw DomainError(
                .unprocessable, "This Idempotency-Key was used with another body. Send a new key with a new body.")
        }
        var response = Response(jsonBytes: answer.body)
        response.headers[.idempotencyReplayed] = "true"
        return response
    }
}
