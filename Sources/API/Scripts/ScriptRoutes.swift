import Domain
import HTTPTypes
import Hummingbird

/// `/integrations/scripts/*`: the AWS side of an integration as text. AWS is not asked, and nothing is stored.
struct ScriptRoutes: Sendable {
    let dependencies: APIDependencies

    init(_ dependencies: APIDependencies) { self.dependencies = dependencies }

    var routes: [APIRoute] {
        let admin = Permission.applicationAdmin
        return [
            .caller(.post, "/integrations/scripts/create", requires: admin) { request, _ in try await create(request) },
            .caller(.post, "/integrations/{id}/scripts/edit", requires: admin) { try await edit($0, $1) },
            .caller(.post, "/integrations/{id}/scripts/delete", requires: admin) { try await delete($0, $1) },
        ]
    }

    private func create(_ request: Request) async throws -> Response {
        let json = try await request.jsonBody().value
        let setup = try setup(IntegrationRequest.read(json, for: .scripts, with: QueryReader(request).finish()))
        return Response(json: answer(setup, setup.creation, to: "Makes the two roles."))
    }

    private func edit(_ request: Request, _ context: CallerContext) async throws -> Response {
        let json = try await request.jsonBody().value
        var (id, faults) = IntegrationPath(context).parsed
        faults += QueryReader(request).finish()
        let wanted = try setup(IntegrationRequest.read(json, for: .scripts, with: faults))
        let current = try setup(await existing(id).configuration)
        return Response(
            json: answer(
                wanted, wanted.edit(from: current), to: "Brings the two roles to the new configuration."))
    }

    private func delete(_ request: Request, _ context: CallerContext) async throws -> Response {
        let body = try await request.optionalJSONBody()
        let (id, faults) = IntegrationPath(context).parsed
        let all = faults + QueryReader(request).finish()
        if let body {
            try FieldReader.root(body).finish(with: all)
        } else if !all.isEmpty {
            throw DomainError.invalid(all)
        }
        let setup = try setup(await existing(id).configuration)
        let remark = "Removes the two roles. Run it after the integration is deleted, if nothing else uses them."
        return Response(
            json: ScriptResponse(
                externalID: setup.externalID, policies: .object([]), commands: setup.removal, remarks: [remark]
            ).json)
    }

    private func existing(_ id: IntegrationID) async throws(DomainError) -> Integration {
        try await dependencies.integrations.existing(id, "No Integration found with ID \(id).")
    }

    private func setup(_ wanted: IntegrationRequest) throws(DomainError) -> IntegrationSetup {
        let proposal = wanted.withoutSecret(externalIDs: dependencies.externalIDs)
        let configuration: IntegrationConfiguration
        do {
            configuration = try proposal.configuration()
        } catch {
            throw .invalid([InputFault("config.awsLocationRole", "must be the ARN of an IAM role: \(error.reason)")])
        }
        return try setup(configuration)
    }

    private func setup(_ configuration: IntegrationConfiguration) throws(DomainError) -> IntegrationSetup {
        do {
            return try IntegrationSetup(configuration, externalIDs: dependencies.externalIDs)
        } catch {
            throw DomainError(.internal, APIFailure.internalMessage, cause: "the proposed role: \(error.reason)")
        }
    }

    private func answer(
        _ setup: IntegrationSetup, _ commands: [SetupCommand], to purpose: String
    ) -> JSONValue {
        var remarks = [purpose]
        if setup.isRoleProposed {
            remarks.append("Put \(setup.sluiceRole) into config.awsRoleToAssume, or give its permissions to the")
            remarks.append("identity of config.awsAccessKeyId (or of the server, with authenticationType auto).")
        }
        remarks.append("If Sluice's own credentials belong to another account, name it in the trust of that role.")
        return ScriptResponse(
            externalID: setup.externalID, policies: setup.policiesJSON, commands: commands, remarks: remarks
        ).json
    }
}
