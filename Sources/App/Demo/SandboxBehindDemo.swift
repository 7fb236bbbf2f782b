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

    func locationScopes() async throws -> [String] {
        let environment = EmbeddedAWS.environment(endpoint: address, over: [:])
        let client = S3ControlClient(
            try AWSRuntime(environment, transport: transport),
            credentials: EnvironmentCredentialsProvider(environment: environment), region: region, account: account)
        return try await client.listAccessGrantsLocations().items.map(\.scope).sorted()
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
