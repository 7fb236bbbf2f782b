import Foundation
import HTTPTypes
import SigV4
import Testing
import Transport
import XML

@testable import Sandbox

struct SandboxSTSTests {
    @Test func `GetCallerIdentity names the user, and the session of a role`() async throws {
        try await SandboxClient.run { client async throws in
            let form = "Action=GetCallerIdentity&Version=2011-06-15"
            let user = try XMLReader.read(try await client.sts(form).body)
            #expect(user["GetCallerIdentityResult", "Arn"] == "arn:aws:iam::123456789012:user/admin")
            #expect(user["GetCallerIdentityResult", "Account"] == "123456789012")
            let role = try await client.assuming(SandboxDefaults.controlRole)
            let session = try XMLReader.read(try await role.sts(form).body)
            #expect(
                session["GetCallerIdentityResult", "Arn"] == "arn:aws:sts::123456789012:assumed-role/sluice/test")
        }
    }

    @Test(arguments: [
        ("RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fnobody&RoleSessionName=test", "403 AccessDenied"),
        (
            "RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Faccess-grants-location&RoleSessionName=test",
            "403 AccessDenied"
        ),
        ("RoleArn=nonsense&RoleSessionName=test", "400 ValidationError"),
        ("RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fsluice&RoleSessionName=a", "400 ValidationError"),
        (
            "RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fsluice&RoleSessionName=test&DurationSeconds=899",
            "400 ValidationError"
        ),
        (
            "RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fsluice&RoleSessionName=test&DurationSeconds=3601",
            "400 ValidationError"
        ),
        (
            "RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fsluice&RoleSessionName=test&Policy=%7B",
            "400 MalformedPolicyDocument"
        ),
    ])
    func `AssumeRole refuses`(parameters: String, summary: String) async throws {
        try await SandboxClient.run { client async throws in
            #expect(try await client.sts("Action=AssumeRole&Version=2011-06-15&\(parameters)").summary == summary)
        }
    }

    @Test func `An unknown action, key and a wrong signature have STS's codes`() async throws {
        try await SandboxClient.run { client async throws in
            #expect(try await client.sts("Action=Nonsense&Version=2011-06-15").summary == "400 InvalidAction")
            let form = "Action=GetCallerIdentity&Version=2011-06-15"
            let unknown = client.with(AWSCredentials(accessKeyID: "AKIANOBODY", secretAccessKey: Secret("x")))
            #expect(try await unknown.sts(form).summary == "403 InvalidClientTokenId")
            let wrong = client.with(
                AWSCredentials(accessKeyID: SandboxDefaults.adminAccessKeyID, secretAccessKey: Secret("x")))
            #expect(try await wrong.sts(form).summary == "403 SignatureDoesNotMatch")
            let unsigned = try await client.sendUnsigned(
                .post, "/", headers: [.contentType: "application/x-www-form-urlencoded"], body: Array(form.utf8))
            #expect(unsigned.summary == "403 MissingAuthenticationToken")
        }
    }

    @Test func `A session ends when its time is over`() async throws {
        try await SandboxClient.run { client async throws in
            let role = try await client.assuming(SandboxDefaults.controlRole, parameters: "&DurationSeconds=900")
            #expect(try await role.send(.get, "/").summary == "200")
            client.clock.advance(by: 901)
            #expect(try await role.send(.get, "/").summary == "400 ExpiredToken")
        }
    }

    @Test func `A trust policy can demand an external id, and a chained session ends within the hour`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sandbox-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await Self.plantRoles(in: folder)
        try await SandboxClient.run(directory: folder) { client async throws in
            let form = "Action=AssumeRole&Version=2011-06-15&RoleSessionName=test&RoleArn="
            let guarded = form + URIEncoding.encode(Self.guarded)
            #expect(try await client.sts(guarded).summary == "403 AccessDenied")
            #expect(try await client.sts("\(guarded)&ExternalId=another").summary == "403 AccessDenied")
            #expect(try await client.sts("\(guarded)&ExternalId=the-agreed-one").summary == "200")

            let long = form + URIEncoding.encode(Self.long) + "&DurationSeconds="
            #expect(try await client.sts("\(long)43200").summary == "200")
            let chained = try await client.assuming(Self.guarded, parameters: "&ExternalId=the-agreed-one")
            #expect(try await chained.sts("\(long)3600").summary == "200")
            #expect(try await chained.sts("\(long)3601").summary == "400 ValidationError")
        }
    }

    private static let guarded = "arn:aws:iam::123456789012:role/guarded"
    private static let long = "arn:aws:iam::123456789012:role/long"

    /// The state of a sandbox that has two more roles.
    private static func plantRoles(in folder: String) async throws {
        let database = try await SandboxDatabase(directory: folder)
        try await database.write { database in
            let account = SandboxDefaults.account
            try SandboxSeed.plant(database, now: 0)
            let trust = #"{"Statement":{"Effect":"Allow","Principal":{"AWS":"\#(account)"},"Action":"sts:AssumeRole"}}"#
            let demanding = trust.replacing(
                #""sts:AssumeRole""#,
                with: #""sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"the-agreed-one"}}"#)
            let identities = IdentityStore(database: database)
            for (role, trust) in [(guarded, demanding), (long, trust)] {
                try identities.insertRole(
                    role, account: account, trust: trust, policy: SandboxSeed.everything, maximumSession: 43_200, now: 0
                )
            }
        }
        try database.close()
    }

    @Test func `A session's token must be its own`() async throws {
        try await SandboxClient.run { client async throws in
            let role = try await client.assuming(SandboxDefaults.controlRole)
            var credentials = role.credentials
            credentials.sessionToken = nil
            #expect(try await client.with(credentials).send(.get, "/").summary == "400 InvalidToken")
            credentials.sessionToken = "other"
            #expect(try await client.with(credentials).send(.get, "/").summary == "400 InvalidToken")
        }
    }

    @Test func `Two people may do nothing but ask for data access`() async throws {
        try await SandboxClient.run { client async throws in
            for user in [SandboxDefaults.alice, SandboxDefaults.bob] {
                let person = client.with(
                    AWSCredentials(
                        accessKeyID: user.accessKeyID, secretAccessKey: Secret(user.secretAccessKey)))
                let identity = try XMLReader.read(
                    try await person.sts("Action=GetCallerIdentity&Version=2011-06-15").body)
                #expect(identity["GetCallerIdentityResult", "Arn"] == user.arn)
                #expect(try await person.send(.get, "/sandbox-data/README.txt").summary == "403 AccessDenied")
                let head = try await person.send(.head, "/sandbox-data")
                #expect(head.status == .forbidden)
                #expect(head.headerFields[HTTPField.Name("x-amz-bucket-region")!] == "us-east-1")
                let control = "/v20180820/accessgrantsinstance"
                let account = HTTPField.Name("x-amz-account-id")!
                let headers: HTTPFields = [account: SandboxDefaults.account]
                #expect(try await person.send(.get, "\(control)/caller/grants", headers: headers).summary == "200")
                #expect(
                    try await person.send(.get, "\(control)/grants", headers: headers).summary == "403 AccessDenied")
                let access = try await person.send(
                    .get, "\(control)/dataaccess?permission=READ&target=s3%3A%2F%2Fsandbox-data%2F%2A", headers: headers
                )
                #expect(access.text.contains("You do not have READ permissions to the requested S3 Prefix"))
            }
        }
    }

    @Test func `The control role may do what its documented policy says and no more`() async throws {
        try await SandboxClient.run { client async throws in
            let role = try await client.assuming(SandboxDefaults.controlRole)
            #expect(try await role.send(.head, "/sandbox-data").status == .ok)
            #expect(try await role.send(.get, "/sandbox-data?list-type=2").status == .ok)
            let put = try await role.send(.put, "/sandbox-data/x", body: "x")
            #expect(put.summary == "403 AccessDenied")
            #expect(
                put.text.contains(
                    "User: arn:aws:sts::123456789012:assumed-role/sluice/test is not authorized to perform: s3:PutObject"
                ))
            #expect(try await role.send(.get, "/sandbox-data/README.txt").summary == "403 AccessDenied")
        }
    }
}
