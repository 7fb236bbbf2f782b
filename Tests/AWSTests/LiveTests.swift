import AWS
import Foundation
import HTTPTypes
import Logging
import Sandbox
import SigV4
import TestSupport
import Testing
import Transport

@Suite struct SandboxLiveTests {
    @Test func `every operation works against the sandbox`() async throws {
        let sandbox = try await Sandbox(logger: Logger(label: "sandbox") { _ in SwiftLogNoOpLogHandler() })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await sandbox.run() }
            let port = try #require(await sandbox.boundPort)
            let endpoint = try #require(CustomEndpoint("http://127.0.0.1:\(port)"))
            let transport = try CurlTransport(CurlTransport.Options(proxy: .none))
            let runtime = AWSRuntime(transport: transport, endpoints: EndpointConfiguration(all: endpoint))
            let admin = StaticCredentialsProvider(
                accessKeyID: SandboxDefaults.adminAccessKeyID, revealed: SandboxDefaults.adminSecretAccessKey)
            try await documents(runtime, admin)
            let role = AssumeRoleCredentialsProvider(
                runtime, base: admin, region: SandboxDefaults.region,
                request: AssumeRoleRequest(roleARN: SandboxDefaults.controlRole))
            let identity = try await STSClient(runtime, credentials: role, region: SandboxDefaults.region)
                .getCallerIdentity()
            #expect(identity.arn == "arn:aws:sts::\(SandboxDefaults.account):assumed-role/sluice/sluice")
            try await accessGrants(runtime, admin)
            transport.shutdown()
            group.cancelAll()
            while let result = await group.nextResult() { _ = result }
        }
        try sandbox.close()
    }

    private func documents(_ runtime: AWSRuntime, _ keys: any AWSCredentialsProvider) async throws {
        let sts = STSClient(runtime, credentials: keys, region: SandboxDefaults.region)
        #expect(try await sts.getCallerIdentity().account == SandboxDefaults.account)
        let s3 = S3Client(runtime, credentials: keys, region: SandboxDefaults.region)
        #expect(try await s3.listBuckets().contains(SandboxDefaults.bucket))
        #expect(try await s3.headBucket(SandboxDefaults.bucket).region == SandboxDefaults.region)
        #expect(
            try await s3.listObjects(ListObjectsRequest(bucket: SandboxDefaults.bucket, prefix: "none/"))
                == ObjectPage(keys: []))
        let error = await awsError { () async throws(AWSError) in try await s3.headBucket("no-such-bucket") }
        #expect(error?.httpStatus == 404)
    }

    private func accessGrants(_ runtime: AWSRuntime, _ keys: any AWSCredentialsProvider) async throws {
        let client = S3ControlClient(
            runtime, credentials: keys, region: SandboxDefaults.region, account: SandboxDefaults.account)
        let instance = try await client.getAccessGrantsInstance()
        #expect(instance.id == "default")
        #expect(try await client.listAccessGrantsInstances().items == [instance])
        let scope = "s3://\(SandboxDefaults.bucket)/live/"
        let policy = await awsError { () async throws(AWSError) in
            try await client.getAccessGrantsInstanceResourcePolicy()
        }
        #expect(policy?.code == "AccessGrantsInstanceResourcePolicyNotExists")

        let made = try await client.createAccessGrantsLocation(scope: scope, roleARN: SandboxDefaults.locationRole)
        #expect(made.scope == scope)
        #expect(try await client.getAccessGrantsInstanceForPrefix(scope).arn == instance.arn)
        let again = await awsError { () async throws(AWSError) in
            try await client.createAccessGrantsLocation(scope: scope, roleARN: SandboxDefaults.locationRole)
        }
        #expect(again?.code == "AccessGrantsLocationAlreadyExistsError")
        let changed = try await client.updateAccessGrantsLocation(
            id: made.id, roleARN: SandboxDefaults.otherLocationRole)
        #expect(changed.roleARN == SandboxDefaults.otherLocationRole)
        #expect(try await client.getAccessGrantsLocation(id: made.id) == changed)
        #expect(try await client.listAccessGrantsLocations(scope: scope).items == [changed])

        let grantee = AccessGrantee(kind: .iam, identifier: SandboxDefaults.controlRole)
        var grants: [AccessGrant] = []
        for permission in AccessGrantPermission.allCases {
            let request = CreateAccessGrantRequest(
                locationID: made.id, subPrefix: "a b+c/*", grantee: grantee, permission: permission)
            grants.append(try await client.createAccessGrant(request).value)
        }
        #expect(grants.map(\.scope) == Array(repeating: scope + "a b+c/*", count: 3))
        #expect(try await client.getAccessGrant(id: grants[0].id) == grants[0])
        let filter = AccessGrantFilter(
            granteeKind: .iam, granteeIdentifier: grantee.identifier, permission: .write, scope: grants[0].scope)
        #expect(try await client.listAccessGrants(filter).items.map(\.permission) == [.write])
        var paged: [String] = []
        var token: String?
        repeat {
            let page = try await client.listAccessGrants(maxResults: 2, nextToken: token)
            paged += page.items.map(\.id)
            token = page.nextToken
        } while token != nil
        #expect(paged.sorted() == grants.map(\.id).sorted())

        let notEmpty = await awsError { () async throws(AWSError) in
            try await client.deleteAccessGrantsLocation(id: made.id)
        }
        #expect(notEmpty?.code == "AccessGrantsLocationNotEmptyError")
        for grant in grants { try await client.deleteAccessGrant(id: grant.id) }
        try await client.deleteAccessGrantsLocation(id: made.id)
        let gone = await awsError { () async throws(AWSError) in try await client.getAccessGrantsLocation(id: made.id) }
        #expect(gone?.code == "NoSuchAccessGrantsLocationError")
        #expect(gone?.requestID?.isEmpty == false)
    }
}

enum PythonWithMoto {
    static let path = TestPython.path(importing: "boto3, moto.moto_server.threaded_moto_server")

    /// Serves until its standard input ends; prints its port. Holds one bucket with three keys.
    static let server = """
        import boto3, logging, sys
        from moto.moto_server.threaded_moto_server import ThreadedMotoServer
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        port = server.get_host_and_port()[1]
        s3 = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{port}", region_name="eu-west-1",
                          aws_access_key_id="a", aws_secret_access_key="b")
        s3.create_bucket(Bucket="lake", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        for key in ["raw/a b+c", "raw/\\u00e9", "top"]:
            s3.put_object(Bucket="lake", Key=key, Body=b"x")
        print(port, flush=True)
        sys.stdin.read()
        server.stop()
        """
}

@Suite struct MotoLiveTests {
    @Test(
        .enabled(
            if: PythonWithMoto.path != nil,
            "no Python with moto[server] found: set SLUICE_PYTHON to an interpreter that can import it"))
    func `STS and S3 work against moto`() async throws {
        let python = try Child(try #require(PythonWithMoto.path), ["-c", PythonWithMoto.server])
        defer {
            try? python.input.close()
            python.wait()
        }
        let line = String(decoding: python.output.availableData, as: UTF8.self)
        let port = try #require(Int(line.filter(\.isNumber)))
        let endpoint = try #require(CustomEndpoint("http://127.0.0.1:\(port)"))
        let transport = try CurlTransport(CurlTransport.Options(proxy: .none))
        let runtime = AWSRuntime(transport: transport, endpoints: EndpointConfiguration(all: endpoint))
        let identity = try await STSClient(runtime, credentials: keys, region: "eu-west-1").getCallerIdentity()
        #expect(identity.account == "123456789012")
        let role = AssumeRoleCredentialsProvider(
            runtime, base: keys, region: "eu-west-1",
            request: AssumeRoleRequest(roleARN: "arn:aws:iam::123456789012:role/path/reader", externalID: "x-1"))
        #expect(try await role.credentials().accessKeyID.hasPrefix("ASIA"))
        let s3 = S3Client(runtime, credentials: role, region: "eu-west-1")
        #expect(try await s3.listBuckets() == ["lake"])
        #expect(try await s3.headBucket("lake").region == "eu-west-1")
        let missing = await awsError { () async throws(AWSError) in try await s3.headBucket("none-such") }
        #expect(missing?.httpStatus == 404)
        #expect(
            try await s3.listObjects(ListObjectsRequest(bucket: "lake", delimiter: "/"))
                == ObjectPage(keys: ["top"], commonPrefixes: ["raw/"]))
        let first = try await s3.listObjects(ListObjectsRequest(bucket: "lake", prefix: "raw/", maxKeys: 1))
        #expect(first.keys == ["raw/a b+c"])
        let second = try await s3.listObjects(
            ListObjectsRequest(bucket: "lake", prefix: "raw/", continuationToken: first.nextContinuationToken))
        #expect(second == ObjectPage(keys: ["raw/é"]))
        let absent = await awsError { () async throws(AWSError) in
            try await s3.listObjects(ListObjectsRequest(bucket: "none-such"))
        }
        #expect(absent?.code == "NoSuchBucket")
        transport.shutdown()
    }
}
