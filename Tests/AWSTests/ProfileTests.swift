import Foundation
import HTTPTypes
import SigV4
import Testing
import Transport

@testable import AWS

/// A folder for `HOME` with the shared files in it.
func homeFolder(credentials: String = "", config: String = "") throws -> URL {
    let home = FileManager.default.temporaryDirectory.appending(path: "credentials-\(UUID().uuidString)")
    let folder = home.appending(path: ".aws")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try Data(credentials.utf8).write(to: folder.appending(path: "credentials"))
    try Data(config.utf8).write(to: folder.appending(path: "config"))
    return home
}

/// Roles that profiles name.
@Suite struct ProfileTests {
    /// What STS is asked, and who asks.
    struct Assumption: Equatable, Sendable {
        var signer: String
        var role: String
        var session = "sluice"
        var externalID: String?
        var duration = "3600"
    }

    struct Case: Sendable {
        var environment: [String: String] = [:]
        var credentials = ""
        var config = ""
        var expected: [Assumption]
    }

    private static let baseKeys = "[base]\naws_access_key_id=AKIDBASE\naws_secret_access_key=b\n"

    @Test(arguments: [
        Case(
            credentials: baseKeys, config: "[default]\nrole_arn=arn:1\nsource_profile=base",
            expected: [Assumption(signer: "AKIDBASE", role: "arn:1")]),
        Case(
            environment: ["AWS_PROFILE": "work"], credentials: baseKeys,
            config: "[profile work]\nrole_arn=arn:1\nsource_profile=base\nexternal_id=ex ternal/1\n"
                + "role_session_name=me@home\nduration_seconds=900",
            expected: [
                Assumption(
                    signer: "AKIDBASE", role: "arn:1", session: "me@home", externalID: "ex ternal/1", duration: "900")
            ]),
        // The role may be in the credentials file, and the base in the config file.
        Case(
            credentials: "[default]\nrole_arn=arn:1\nsource_profile=base",
            config: "[profile base]\naws_access_key_id=AKIDCONF\naws_secret_access_key=c",
            expected: [Assumption(signer: "AKIDCONF", role: "arn:1")]),
        // Its own source, with keys of its own.
        Case(
            credentials: "[default]\naws_access_key_id=AKIDOWN\naws_secret_access_key=o",
            config: "[default]\nrole_arn=arn:1\nsource_profile=default",
            expected: [Assumption(signer: "AKIDOWN", role: "arn:1")]),
        // A chain, whose last link's keys go before its role.
        Case(
            credentials: baseKeys,
            config: "[default]\nrole_arn=arn:3\nsource_profile=two\n[profile two]\nrole_arn=arn:2\nsource_profile=one\n"
                + "external_id=x\n[profile one]\nrole_arn=arn:1\nsource_profile=base\n[profile base]\nrole_arn=arn:0\n"
                + "source_profile=base",
            expected: [
                Assumption(signer: "AKIDBASE", role: "arn:1"),
                Assumption(signer: "ASIA1", role: "arn:2", externalID: "x"), Assumption(signer: "ASIA2", role: "arn:3"),
            ]),
        Case(
            environment: CredentialChainTests.environmentKeys.merging(["AWS_PROFILE": "work"]) { $1 },
            config: "[profile work]\nrole_arn=arn:1\ncredential_source=Environment",
            expected: [Assumption(signer: "AKIDENV", role: "arn:1")]),
        // Otherwise the environment's keys go before the profile, whatever it says.
        Case(
            environment: CredentialChainTests.environmentKeys.merging(["AWS_PROFILE": "work"]) { $1 },
            credentials: baseKeys, config: "[profile work]\nrole_arn=arn:1\nsource_profile=base", expected: []),
        Case(
            environment: CredentialChainTests.environmentKeys.merging(["AWS_PROFILE": "work"]) { $1 },
            config: "[profile work]\nsso_account_id=1", expected: []),
    ])
    func `a profile's role is assumed with what it names`(_ testCase: Case) async throws {
        let home = try homeFolder(credentials: testCase.credentials, config: testCase.config)
        defer { try? FileManager.default.removeItem(at: home) }
        let stage = Stage((1...5).map { .answer(200, [:], roleAnswer($0, expires: .distantFuture)) })
        let chain = DefaultCredentialChain(
            stage.runtime, environment: testCase.environment.merging(["HOME": home.path]) { old, _ in old })
        let found = try await chain.credentials()
        #expect(try stage.transport.requests.map(assumption) == testCase.expected)
        #expect(found.accessKeyID == (testCase.expected.isEmpty ? "AKIDENV" : "ASIA\(testCase.expected.count)"))
        #expect(try await chain.credentials() == found)
        #expect(stage.transport.requests.count == testCase.expected.count)
    }

    private func assumption(_ request: DocumentRequest) throws -> Assumption {
        let authorization = try #require(request.head.headerFields[.authorization])
        let signer = try #require(authorization.split(separator: "Credential=").last?.split(separator: "/").first)
        var form: [String: String] = [:]
        for pair in String(decoding: request.body, as: UTF8.self).split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1)
            form[String(parts[0])] = String(parts[1]).removingPercentEncoding
        }
        #expect(form["Action"] == "AssumeRole")
        return Assumption(
            signer: String(signer), role: form["RoleArn"] ?? "", session: form["RoleSessionName"] ?? "",
            externalID: form["ExternalId"], duration: form["DurationSeconds"] ?? "")
    }

    @Test func `a session is kept until the files say something else`() async throws {
        let config = "[default]\nrole_arn=arn:1\nsource_profile=base"
        let home = try homeFolder(credentials: Self.baseKeys, config: config)
        defer { try? FileManager.default.removeItem(at: home) }
        let stage = Stage((1...5).map { .answer(200, [:], roleAnswer($0, expires: .distantFuture)) })
        let chain = DefaultCredentialChain(stage.runtime, environment: ["HOME": home.path])
        #expect(try await chain.credentials().accessKeyID == "ASIA1")
        #expect(try await chain.credentials().accessKeyID == "ASIA1")
        let rotated = Self.baseKeys.replacing("AKIDBASE", with: "AKIDNEW")
        try Data(rotated.utf8).write(to: home.appending(path: ".aws/credentials"))
        #expect(try await chain.credentials().accessKeyID == "ASIA2")
        #expect(try stage.transport.requests.map { try assumption($0).signer } == ["AKIDBASE", "AKIDNEW"])
    }

    @Test(arguments: [
        (nil, "us-east-1", "sts.us-east-1.amazonaws.com"), ("eu-west-1", nil, "sts.eu-west-1.amazonaws.com"),
        ("eu-west-1", "us-east-1", "sts.eu-west-1.amazonaws.com"), (nil, nil, "sts.us-east-1.amazonaws.com"),
    ])
    func `STS is asked in the Region of the environment, else of the profile`(
        _ variable: String?, _ setting: String?, _ host: String
    ) async throws {
        let region = setting.map { "\nregion=\($0)" } ?? ""
        let home = try homeFolder(
            credentials: Self.baseKeys, config: "[default]\nrole_arn=arn:1\nsource_profile=base" + region)
        defer { try? FileManager.default.removeItem(at: home) }
        let stage = Stage([.answer(200, [:], roleAnswer(1, expires: .distantFuture))])
        let chain = DefaultCredentialChain(
            stage.runtime, environment: ["HOME": home.path, "AWS_REGION": variable ?? ""])
        _ = try await chain.credentials()
        #expect(stage.transport.requests.map(\.head.authority) == [host])
    }
}

/// What profiles may not say.
@Suite struct ProfileErrorTests {
    struct Case: Sendable {
        var config: String
        var environment: [String: String] = [:]
        /// After `~/` was put in the home folder's place.
        var message: String
    }

    @Test(arguments: [
        Case(
            config: "[default]\nrole_arn=a",
            message: "profile default has role_arn, but neither source_profile nor credential_source"),
        Case(
            config: "[default]\nrole_arn=a\nsource_profile=b\ncredential_source=Environment",
            message: "profile default has both source_profile and credential_source"),
        Case(
            config: "[default]\nrole_arn=a\nsource_profile=b",
            message: "profile default has the source_profile b, which is neither in ~/.aws/credentials "
                + "nor in ~/.aws/config"),
        Case(
            config: "[default]\nrole_arn=a\nsource_profile=b\n[profile b]\nregion=us-east-1",
            message: "profile b, the source_profile of profile default, has no credentials"),
        Case(
            config: "[default]\nrole_arn=a\nsource_profile=default",
            message: "the source_profile of profile default leads back: default, default"),
        Case(
            config: "[default]\nrole_arn=a\nsource_profile=b\n[profile b]\nrole_arn=b\nsource_profile=c\n"
                + "[profile c]\nrole_arn=c\nsource_profile=b",
            message: "the source_profile of profile c leads back: default, b, c, b"),
        Case(
            config: "[default]\nrole_arn=a\nsource_profile=b\n[profile b]\naws_access_key_id=A",
            message: "profile b in ~/.aws/config has aws_access_key_id, but no aws_secret_access_key"),
        Case(
            config: "[default]\nrole_arn=a\ncredential_source=Environment",
            message: "profile default has the credential_source Environment, but there is no AWS_ACCESS_KEY_ID"),
        Case(
            config: "[default]\nrole_arn=a\ncredential_source=Ec2InstanceMetadata",
            message: "the credential_source Ec2InstanceMetadata of profile default is not supported yet"),
        Case(
            config: "[default]\nrole_arn=a\ncredential_source=environment",
            message: "the credential_source of profile default must be Environment, Ec2InstanceMetadata or EcsContainer"
        ),
        Case(
            config: "[default]\nrole_arn=a\ncredential_source=Environment\nduration_seconds=1h",
            message: "duration_seconds of profile default must be a whole number from 900 to 43200"),
        Case(
            config: "[default]\nrole_arn=a\nsource_profile=b\nmfa_serial=arn:mfa",
            message: "mfa_serial of profile default is not supported yet"),
        Case(
            config: "[default]\nrole_arn=a\nweb_identity_token_file=/token",
            message: "web_identity_token_file of profile default is not supported yet"),
        Case(
            config: "[default]\nrole_arn=a\nsource_profile=b\n[profile b]\nsso_session=s\nsso_account_id=1",
            message: "sso_account_id of profile b is not supported yet"),
        Case(
            config: "[default]\nsso_role_name=r\naws_access_key_id=A\naws_secret_access_key=a",
            message: "sso_role_name of profile default is not supported yet"),
        Case(config: "[default]\nsso_session=s", message: "sso_session of profile default is not supported yet"),
        Case(
            config: "[default]\ncredential_process=/bin/true\naws_access_key_id=A\naws_secret_access_key=a",
            message: "credential_process of profile default is not supported yet"),
        Case(
            config: "[default]\naws_access_key_id=A\naws_secret_access_key=a",
            environment: ["AWS_WEB_IDENTITY_TOKEN_FILE": "/token", "AWS_ROLE_ARN": "a"],
            message: "AWS_WEB_IDENTITY_TOKEN_FILE is set, but what it asks for is not supported yet"),
        Case(
            config: "", environment: ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2"],
            message: "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is set, but what it asks for is not supported yet"),
    ])
    func `an error names the profile and the setting, and STS is not asked`(_ testCase: Case) async throws {
        let home = try homeFolder(config: testCase.config)
        defer { try? FileManager.default.removeItem(at: home) }
        let stage = Stage([.answer(500)])
        let chain = DefaultCredentialChain(
            stage.runtime, environment: testCase.environment.merging(["HOME": home.path]) { old, _ in old })
        let error = await awsError { () async throws(AWSError) in try await chain.credentials() }
        #expect(error?.kind == .credentials)
        #expect(error?.message == testCase.message.replacing("~/", with: home.path + "/"))
        #expect(stage.transport.requests.isEmpty)
    }
}
