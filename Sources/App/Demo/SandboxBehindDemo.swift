import AWS
import HTTPTypes
import Sandbox
import Transport

/// The sandbox beneath the demonstration, asked by Sluice's own AWS client and told to fail by its admin call.
struct SandboxBehindDemo: DemoAWS {
    let address: String
    let transport: any DocumentTransport

    let account = SandboxDefaults.account
    let region = SandboxDefaults.region
    let locationRole = SandboxDefaults.locationRole
    let accessKeyID = SandboxDefaults.adminAccessKeyID
    let secretAccessKey = SandboxDefaults.adminSecretAccessKey

    let alice = DemoPerson(SandboxDefaults.alice)
    let bob = DemoPerson(SandboxDefaults.bob)

    func locationScopes() async throws -> [String] {
        try await control().listAccessGrantsLocations().items.map(\.scope).sorted()
    }

    func grants() async throws -> [String] {
        try await control().listAccessGrants().items.map { grant in
            let name = grant.grantee.identifier.split(separator: ":").last ?? ""
            return "\(grant.permission.rawValue) \(grant.scope) to \(name)"
        }.sorted()
    }

    private func control() throws -> S3ControlClient {
        let environment = EmbeddedAWS.environment(endpoint: address, over: [:])
        return S3ControlClient(
            try AWSRuntime(environment, transport: transport),
            credentials: EnvironmentCredentialsProvider(environment: environment), region: region, account: account)
    }

    func refuseNext(_ operation: String) async throws {
        let rule = JSONValue.array([
            .object([
                "operation": .string(operation), "count": .integer(1), "status": .integer(403),
                "code": .string("AccessDenied"), "message": .string("Access Denied (rehearsed)"),
            ])
        ])
        let api = try APIClient(url: address, key: nil, transport: transport)
        let answer = try await api.send(.put, "/_sandbox/faults", body: try rule.bytes())
        guard answer.isSuccess else { throw CommandFailure("The sandbox refused the fault: \(answer.status).") }
    }
}

extension DemoPerson {
    fileprivate init(_ user: SandboxDefaults.DataUser) {
        self.init(
            name: user.name, arn: user.arn,
            keys: DemoKeys(accessKeyID: user.accessKeyID, secretAccessKey: user.secretAccessKey))
    }
}
