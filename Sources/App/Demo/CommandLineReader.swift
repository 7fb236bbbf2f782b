#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Reads with the AWS CLI.
struct CommandLineReader: DataReader {
    let program: String
    /// Of the sandbox.
    let address: String
    let account: String
    let region: String
    let path: String?
    let folder: String

    func access(to target: String, as person: DemoPerson) async throws -> DataAccess {
        let outcome = try await run(
            person.keys,
            ["s3control", "get-data-access", "--account-id", account, "--target", target, "--permission", "READ"])
        guard outcome.succeeded else { return .refused(Self.trimmed(outcome.errors)) }
        let answer = APIAnswer(status: 200, body: Array(outcome.output.utf8)).json
        let credentials = answer["Credentials"]
        return .granted(
            DemoKeys(
                accessKeyID: credentials["AccessKeyId"].text, secretAccessKey: credentials["SecretAccessKey"].text,
                sessionToken: credentials["SessionToken"].text),
            scope: answer["MatchedGrantTarget"].text)
    }

    func read(_ object: String, with keys: DemoKeys) async throws -> String {
        let outcome = try await run(keys, ["s3", "cp", object, "-"])
        return outcome.succeeded ? outcome.output : Self.trimmed(outcome.errors)
    }

    /// Nothing of the user's own AWS settings is used. The CLI puts the account id in front of the host of S3 Control, so
    /// that is a made-up name, and the sandbox the proxy which leads there.
    private func run(_ keys: DemoKeys, _ arguments: [String]) async throws -> ChildProcess.Outcome {
        var environment = [
            "AWS_ACCESS_KEY_ID": keys.accessKeyID, "AWS_SECRET_ACCESS_KEY": keys.secretAccessKey,
            "AWS_REGION": region, "AWS_DEFAULT_REGION": region,
            "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true", "AWS_PAGER": "", "AWS_DEFAULT_OUTPUT": "json",
            "AWS_ENDPOINT_URL_S3": address, "AWS_ENDPOINT_URL_S3_CONTROL": "http://s3control.sandbox",
            "HTTP_PROXY": address, "NO_PROXY": "127.0.0.1", "HOME": folder,
        ]
        environment["PATH"] = path
        environment["AWS_SESSION_TOKEN"] = keys.sessionToken
        return try await ChildProcess(path: program, environment: environment, folder: folder).run(arguments)
    }

    private static func trimmed(_ text: String) -> String {
        text.split(separator: "\n").joined(separator: " ")
    }
}
