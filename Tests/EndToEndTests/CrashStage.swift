import AWS
import Foundation
import Sandbox
import Transport

/// An embedded AWS that outlives the servers on it. Those can be killed at a point, and started again.
final class CrashStage: Sendable {
    /// An administrator's look at what AWS has.
    let aws: S3ControlClient
    private let sandbox: Program
    private let folder: URL

    init() async throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "sluice-crash-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        sandbox = try await Program(["sandbox", "--port", "0"])
        let endpoints = try EndpointConfiguration(environment: ["AWS_ENDPOINT_URL": sandbox.address])
        aws = S3ControlClient(
            AWSRuntime(transport: try CurlTransport(), endpoints: endpoints),
            credentials: StaticCredentialsProvider(
                accessKeyID: SandboxDefaults.adminAccessKeyID, revealed: SandboxDefaults.adminSecretAccessKey),
            region: SandboxDefaults.region, account: SandboxDefaults.account)
    }

    deinit {
        sandbox.kill()
        try? FileManager.default.removeItem(at: folder)
    }

    /// Where servers of that name have their database.
    func database(_ name: String) -> String { folder.appending(path: "\(name).db").path }

    func serve(_ name: String) async throws -> Program { try await serve(name, environment: [:]) }

    /// A server that dies at the point, if it comes so far; `nil` when it died before it answered anybody, since the
    /// workers start first.
    func serve(_ name: String, killedAt point: Int) async throws -> Program? {
        do {
            return try await serve(
                name, environment: ["SLUICE_CRASH_AT": String(point), "SLUICE_CRASH_REHEARSAL": "1"])
        } catch let failure as Program.DidNotStart {
            guard failure.wasKilled else { throw failure }
            return nil
        }
    }

    private func serve(_ name: String, environment: [String: String]) async throws -> Program {
        let common = [
            "AWS_ENDPOINT_URL": sandbox.address, "AWS_REGION": SandboxDefaults.region,
            "AWS_ACCESS_KEY_ID": SandboxDefaults.adminAccessKeyID,
            "AWS_SECRET_ACCESS_KEY": SandboxDefaults.adminSecretAccessKey,
            "SLUICE_BOOTSTRAP_API_KEY": ControlPlane.key, "SLUICE_DATABASE": database(name),
        ]
        return try await Program(
            ["serve", "--port", "0"], environment: common.merging(environment) { _, special in special })
    }

    /// What a client sends to make or change an integration.
    static func integration(
        _ name: String, at path: String, role: String = SandboxDefaults.locationRole
    ) -> [String: Any] {
        [
            "type": "Native S3", "autoBootstrap": false,
            "config": [
                "name": name, "awsAccountId": SandboxDefaults.account, "awsRegion": SandboxDefaults.region,
                "awsLocationRole": role, "awsLocationPath": path, "authenticationType": "accessKey",
                "awsAccessKeyId": SandboxDefaults.adminAccessKeyID,
                "awsSecretAccessKey": SandboxDefaults.adminSecretAccessKey,
            ],
        ]
    }
}
