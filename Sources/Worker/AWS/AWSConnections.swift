import AWS
import Domain
import Synchronization

/// The clients of one connection. They share its credentials, so that a role is assumed once for all of them.
struct AWSClients: Sendable {
    var credentials: any AWSCredentialsProvider
    var sts: STSClient
    var s3: S3Client
    var s3Control: S3ControlClient
    /// Sends each request once: its callers pace themselves, and decide what a lost answer means.
    var grants: S3ControlClient
}

/// Clients by connection, kept so that a session lasts as long as its credentials and not as long as a call.
final class AWSConnections: Sendable {
    private let runtime: AWSRuntime
    private let auto: any AWSCredentialsProvider
    private let kept = Mutex<[AWSConnection: AWSClients]>([:])

    /// Beyond this many connections all are forgotten: sessions are made anew, and secrets that were replaced go.
    private static let mostKept = 1000

    init(_ runtime: AWSRuntime, auto: any AWSCredentialsProvider) {
        self.runtime = runtime
        self.auto = auto
    }

    subscript(connection: AWSConnection) -> AWSClients {
        kept.withLock { kept in
            if let clients = kept[connection] { return clients }
            if kept.count >= Self.mostKept { kept.removeAll() }
            let clients = clients(of: connection)
            kept[connection] = clients
            return clients
        }
    }

    private func clients(of connection: AWSConnection) -> AWSClients {
        let region = connection.region.description
        let credentials = credentials(of: connection)
        var once = runtime
        once.retry.maxAttempts = 1
        return AWSClients(
            credentials: credentials,
            sts: STSClient(runtime, credentials: credentials, region: region),
            s3: S3Client(runtime, credentials: credentials, region: region),
            s3Control: S3ControlClient(
                runtime, credentials: credentials, region: region, account: connection.accountID.description),
            grants: S3ControlClient(
                once, credentials: credentials, region: region, account: connection.accountID.description))
    }

    private func credentials(of connection: AWSConnection) -> any AWSCredentialsProvider {
        let base: any AWSCredentialsProvider =
            switch connection.authentication.base {
            case .auto: auto
            case .accessKey(let id, let secret):
                StaticCredentialsProvider(accessKeyID: id, revealed: secret.reveal())
            }
        guard let role = connection.authentication.roleToAssume else { return base }
        return AssumeRoleCredentialsProvider(
            runtime, base: base, region: connection.region.description,
            request: AssumeRoleRequest(
                roleARN: role.description, externalID: connection.externalID.description))
    }
}
