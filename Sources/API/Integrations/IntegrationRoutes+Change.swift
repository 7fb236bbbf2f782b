import Domain
import HTTPTypes
import Hummingbird
import Logging

extension IntegrationRoutes {
    func edit(_ request: Request, _ context: CallerContext) async throws -> Response {
        let json = try await request.jsonBody().value
        var (id, faults) = IntegrationPath(context).parsed
        faults += QueryReader(request).finish()
        let condition = condition(request, &faults)
        let wanted = try IntegrationRequest.read(json, for: .replace(id), with: faults)
        return try await deciding(on: id, if: condition, AuditedRequest(.editIntegration, by: context.origin)) {
            integration in
            let immutable = wanted.nonEditableChanges(of: integration)
            guard immutable.isEmpty else {
                throw DomainError(
                    .badRequest, "Unable to edit integration due to changes of non-editable attribute(s).",
                    faults: immutable)
            }
            let proposal = try wanted.proposal(
                externalIDs: dependencies.externalIDs,
                stored: integration.configuration.connection.authentication.base.secret)
            try integration.checkAccepts(.editRequested, asking: "edit")
            let results = try await test(proposal, for: .edit(integration))
            try integration.requestEdit(to: tested(proposal), validation: results, now: now)
            return results
        }
    }

    func delete(_ request: Request, _ context: CallerContext) async throws -> Response {
        let body = try await request.optionalJSONBody()
        var query = QueryReader(request)
        let isForced = query.flag("force")
        var (id, faults) = IntegrationPath(context).parsed
        faults += query.finish()
        let condition = condition(request, &faults)
        try DeletionRequest.check(body, with: faults)
        return try await deciding(on: id, if: condition, AuditedRequest(.deleteIntegration, by: context.origin)) {
            integration in
            if isForced {
                try integration.forceDeletion(now: now)
                return .notRun(
                    ValidationPurpose.delete(integration).tests, because: "Not run, because of force=true.")
            }
            try integration.checkAccepts(.deletionRequested, asking: "delete")
            let results = try await test(
                IntegrationProposal(integration.configuration), for: .delete(integration))
            try integration.requestDeletion(validation: results, now: now)
            return results
        }
    }

    /// Runs the tests of an existing integration; their outcome is the answer, not an error.
    func validate(_ request: Request, _ context: CallerContext) async throws -> Response {
        let body = try await request.optionalJSONBody()
        let (id, faults) = IntegrationPath(context).parsed
        let all = faults + QueryReader(request).finish()
        if let body { try FieldReader.root(body).finish(with: all) }
        try refuse(all)
        let integration = try await existing(id, "No integration found with ID \(id).")
        let outcome = await dependencies.validator.validate(
            IntegrationProposal(integration.configuration), for: .check(integration), among: [])
        let saved = try await record(
            outcome.results, of: integration, AuditedRequest(.validateIntegration, by: context.origin))
        return Response(saved.changeJSON(outcome.results), revision: saved.revision)
    }

    private func record(
        _ results: ValidationResults, of integration: Integration, _ audited: AuditedRequest
    ) async throws -> Integration {
        var current = integration
        for _ in 1...Self.attempts {
            var changed = current
            changed.checked(results, now: now, nextCheckAt: current.schedule.nextCheckAt)
            guard changed != current else { return current }
            do {
                let saved = try await integrations.save(changed, for: audited)
                dependencies.changes.announce(saved.id)
                return saved
            } catch {
                guard error.code == .staleRevision else { throw error }
                current = try await existing(current.id, "No integration found with ID \(current.id).")
            }
        }
        throw Self.contended(integration.id)
    }

    /// Loads, lets `change` decide, saves, wakes the worker and answers. When something else was saved in between, all of
    /// it is done again.
    private func deciding(
        on id: IntegrationID, if condition: RevisionCondition, _ audited: AuditedRequest,
        _ change: (inout Integration) async throws -> ValidationResults
    ) async throws -> Response {
        for _ in 1...Self.attempts {
            var integration = try await existing(id, "No integration found with ID \(id).")
            try condition.require(integration)
            let results = try await change(&integration)
            do {
                let saved = try await integrations.save(integration, for: audited)
                dependencies.changes.announce(id)
                dependencies.wake()
                return Response(saved.changeJSON(results), revision: saved.revision)
            } catch {
                guard error.code == .staleRevision else { throw error }
            }
        }
        throw Self.contended(id)
    }

    private static func contended(_ id: IntegrationID) -> DomainError {
        DomainError(.conflict, "Integration with ID \(id) is being changed by somebody else. Try again.")
    }

    private func condition(_ request: Request, _ faults: inout [InputFault]) -> RevisionCondition {
        do {
            return try RevisionCondition(ifMatch: request)
        } catch {
            faults.append(error)
            return .none
        }
    }
}

/// DELETE needs no body, and wants no credentials.
enum DeletionRequest {
    private static let credentialNames: Set<String> = [
        "authenticationType", "awsAccessKeyId", "awsSecretAccessKey", "awsSessionToken", "awsRoleToAssume",
        "username", "password",
    ]

    static func check(_ body: JSONValue?, with faults: [InputFault]) throws(DomainError) {
        guard let body else {
            guard faults.isEmpty else { throw .invalid(faults) }
            return
        }
        if hasCredentials(body) {
            throw DomainError(
                .badRequest,
                """
                Credentials are not required for disable unless the integration was configured automatically. If you \
                need to update your integration credentials, use PUT to update the integration before disabling.
                """)
        }
        try FieldReader.root(body).finish(with: faults)
    }

    private static func hasCredentials(_ value: JSONValue) -> Bool {
        switch value {
        case .object(let members):
            members.contains { credentialNames.contains($0.name) || hasCredentials($0.value) }
        case .array(let items): items.contains(where: hasCredentials)
        case .null, .bool, .number, .string: false
        }
    }
}
