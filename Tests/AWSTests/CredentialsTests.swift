import Foundation
import HTTPTypes
import SigV4
import TestSupport
import Testing
import Transport

@testable import AWS

@Suite struct CredentialChainTests {
    static let environmentKeys = ["AWS_ACCESS_KEY_ID": "AKIDENV", "AWS_SECRET_ACCESS_KEY": "s1"]

    struct Case: Sendable {
        var environment: [String: String] = [:]
        var credentials = ""
        var config = ""
        /// id, secret and token, or nil when there are none.
        var expected: [String]?
    }

    @Test(arguments: [
        Case(environment: environmentKeys, expected: ["AKIDENV", "s1", ""]),
        Case(
            environment: environmentKeys.merging(["AWS_SESSION_TOKEN": "t"]) { $1 }, expected: ["AKIDENV", "s1", "t"]),
        Case(environment: ["AWS_ACCESS_KEY_ID": "AKIDENV"], expected: nil),
        Case(
            environment: environmentKeys, credentials: "[default]\naws_access_key_id=F\naws_secret_access_key=f",
            expected: ["AKIDENV", "s1", ""]),
        Case(
            credentials: "# note\n[default]\r\naws_access_key_id = F \r\nAWS_SECRET_ACCESS_KEY=f=g\n"
                + "aws_session_token=x\n",
            expected: ["F", "f=g", "x"]),
        Case(
            environment: ["AWS_PROFILE": "work"],
            credentials: "[default]\naws_access_key_id=F\naws_secret_access_key=f\n[work]\naws_access_key_id=W\n"
                + "s3 =\n  aws_secret_access_key = nested\naws_secret_access_key=w",
            expected: ["W", "w", ""]),
        Case(
            environment: ["AWS_PROFILE": "work"],
            config: "[profile  work]\naws_access_key_id=C\naws_secret_access_key=c", expected: ["C", "c", ""]),
        Case(
            environment: ["AWS_PROFILE": "work"], config: "[work]\naws_access_key_id=C\naws_secret_access_key=c",
            expected: nil),
        Case(config: "[default]\naws_access_key_id=C\naws_secret_access_key=c", expected: ["C", "c", ""]),
        Case(credentials: "[default]\naws_access_key_id=F", expected: nil),
        Case(credentials: "[default]\naws_access_key_id=\naws_secret_access_key=", expected: nil),
        Case(credentials: "aws_access_key_id=F\naws_secret_access_key=f", expected: nil),
        Case(expected: nil),
    ])
    func `the environment comes first, then the profile's keys`(_ testCase: Case) async throws {
        let home = try homeFolder(credentials: testCase.credentials, config: testCase.config)
        defer { try? FileManager.default.removeItem(at: home) }
        let chain = DefaultCredentialChain(
            Stage([.answer(500)]).runtime,
            environment: testCase.environment.merging(["HOME": home.path]) { old, _ in old })
        let found = try? await chain.credentials()
        #expect(
            found.map { [$0.accessKeyID, $0.secretAccessKey.reveal(), $0.sessionToken ?? ""] } == testCase.expected)
    }

    @Test func `an error names what was looked for`() async {
        let chain = DefaultCredentialChain(
            Stage([.answer(500)]).runtime,
            environment: [
                "AWS_PROFILE": "work", "AWS_SHARED_CREDENTIALS_FILE": "/nowhere/keys",
                "AWS_CONFIG_FILE": "/nowhere/conf",
            ])
        let error = await awsError { () async throws(AWSError) in try await chain.credentials() }
        #expect(error?.kind == .credentials)
        #expect(
            error?.message
                == "looked for AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment, and for keys of profile "
                + "work in /nowhere/keys and /nowhere/conf")
    }

    @Test func `any bytes are read as a profile file without harm`() {
        var generator = SeededGenerator(seed: 20_260_101)
        let seed = Array("[default]\naws_access_key_id = A\n# c\n[profile x y]\n  nested = 1\r\nkey==v\n;\n[".utf8)
        for _ in 0..<20_000 {
            var bytes = seed
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: place)
                default: bytes.insert(Array("[]=\n\r#; \t\u{e9}".utf8).randomElement(using: &generator) ?? 0, at: place)
                }
            }
            let text = String(decoding: bytes, as: UTF8.self)
            for (_, values) in ProfileFile.read(text) {
                for (name, value) in values {
                    #expect(!value.contains("\n") && !name.contains("="))
                }
            }
        }
    }
}

@Suite struct AssumeRoleTests {
    private func provider(_ stage: Stage) -> AssumeRoleCredentialsProvider {
        AssumeRoleCredentialsProvider(
            stage.runtime, base: keys, region: "eu-west-1", request: AssumeRoleRequest(roleARN: "arn:role"))
    }

    private func answer(_ number: Int, _ seconds: Double) -> ScriptedTransport.Step {
        .answer(200, [:], roleAnswer(number, expires: Date(timeIntervalSince1970: 1_800_000_000 + seconds)))
    }

    @Test func `credentials are kept until five minutes before their end`() async throws {
        let stage = Stage([answer(1, 3600), answer(2, 7200)])
        let provider = provider(stage)
        #expect(try await provider.credentials().accessKeyID == "ASIA1")
        stage.clock.advance(3299)
        #expect(try await provider.credentials().accessKeyID == "ASIA1")
        stage.clock.advance(1)
        #expect(try await provider.credentials().accessKeyID == "ASIA2")
        #expect(stage.transport.requests.count == 2)
    }

    @Test func `callers at the same time share one request`() async throws {
        let gate = Gate()
        let stage = Stage([.hold(gate), answer(1, 3600)])
        let provider = provider(stage)
        let tasks = (0..<20).map { _ in Task { try await provider.credentials().accessKeyID } }
        await gate.visited()
        gate.open()
        for task in tasks { #expect(try await task.value == "ASIA1") }
        #expect(stage.transport.requests.count == 1)
    }

    @Test func `a caller waits no longer than its deadline, and the others go on`() async throws {
        let gate = Gate()
        let stage = Stage([.hold(gate), answer(1, 3600)])
        let provider = provider(stage)
        let patient = Task { try await provider.credentials().accessKeyID }
        await gate.visited()
        // The stage's clock ends every sleep at once, so the deadline comes while the answer is held.
        let deadline = stage.clock.instant.advanced(by: .seconds(5))
        let error = await awsError { () async throws(AWSError) in try await provider.credentials(deadline: deadline) }
        #expect(error?.kind == .transport(.timeout(requestSent: false)))
        #expect(error?.operation == "sts:AssumeRole")
        gate.open()
        #expect(try await patient.value == "ASIA1")
    }

    @Test func `one caller's cancellation does not fail the others`() async throws {
        let gate = Gate()
        let stage = Stage([.hold(gate), answer(1, 3600)])
        let provider = provider(stage)
        let first = Task { try await provider.credentials().accessKeyID }
        await gate.visited()
        let second = Task { try await provider.credentials().accessKeyID }
        first.cancel()
        let result = await first.result
        #expect(throws: AWSError.self) { try result.get() }
        gate.open()
        #expect(try await second.value == "ASIA1")
        #expect(stage.transport.requests.count == 1)
    }

    @Test func `a call's deadline bounds its credentials, and no lost answer is made of them`() async throws {
        let gate = Gate()
        let stage = Stage([.hold(gate), answer(1, 3600)])
        defer { gate.open() }
        let client = S3ControlClient(
            stage.runtime, credentials: provider(stage), region: "eu-west-1", account: account)
        let deadline = stage.clock.instant.advanced(by: .seconds(5))
        let error = await awsError { () async throws(AWSError) in
            try await client.deleteAccessGrant(id: "1", deadline: deadline)
        }
        #expect(error?.kind == .transport(.timeout(requestSent: false)))
        #expect(error?.mayHaveSucceeded == false)
        #expect(error?.attempts == 0)
    }

    @Test func `a refusal is passed on with its attempts, and asked for anew next time`() async throws {
        let stage = Stage([.answer(500), .answer(403, [:], wrapped("AccessDenied")), answer(1, 3600)])
        let client = S3ControlClient(
            stage.runtime, credentials: provider(stage), region: "eu-west-1", account: account)
        let error = await awsError { () async throws(AWSError) in try await client.deleteAccessGrant(id: "1") }
        #expect(error?.operation == "sts:AssumeRole")
        #expect(error?.code == "AccessDenied")
        #expect(error?.attempts == 2)
        #expect(error?.mayHaveSucceeded == false)
        #expect(stage.transport.requests.count == 2)
    }

    @Test func `credentials that still hold outlive a failed renewal`() async throws {
        let stage = Stage([answer(1, 3600), .answer(403, [:], wrapped("AccessDenied"))])
        let provider = provider(stage)
        _ = try await provider.credentials()
        stage.clock.advance(3400)
        #expect(try await provider.credentials().accessKeyID == "ASIA1")
        stage.clock.advance(141)
        let error = await awsError { () async throws(AWSError) in try await provider.credentials() }
        #expect(error?.code == "AccessDenied")
    }
}
