import Foundation
import HTTPTypes
import SigV4
import Testing
import Transport

@testable import AWS

private let stamp = Date(timeIntervalSince1970: 1_795_226_482.5)
private let wire = "2026-11-21T02:01:22.500Z"
private let base = "arn:aws:s3:eu-west-1:111122223333:access-grants/default"
private let path = "/v20180820/accessgrantsinstance"
private let namespace = "http://awss3control.amazonaws.com/doc/2018-08-20/"

private let locationFields =
    "<CreatedAt>\(wire)</CreatedAt><AccessGrantsLocationId>l1</AccessGrantsLocationId><AccessGrantsLocationArn>"
    + "\(base)/location/l1</AccessGrantsLocationArn><LocationScope>s3://lake/raw*</LocationScope>"
    + "<IAMRoleArn>arn:aws:iam::111122223333:role/vend</IAMRoleArn>"
private let location = AccessGrantsLocation(
    id: "l1", arn: "\(base)/location/l1", scope: "s3://lake/raw*", roleARN: "arn:aws:iam::111122223333:role/vend",
    createdAt: stamp)

private func grantFields(_ configuration: String) -> String {
    "<CreatedAt>\(wire)</CreatedAt><AccessGrantId>g1</AccessGrantId><AccessGrantArn>\(base)/grant/g1</AccessGrantArn>"
        + "<Grantee><GranteeType>IAM</GranteeType><GranteeIdentifier>arn:aws:iam::111122223333:role/analyst"
        + "</GranteeIdentifier></Grantee><Permission>READWRITE</Permission><AccessGrantsLocationId>l1"
        + "</AccessGrantsLocationId>\(configuration)<GrantScope>s3://lake/raw/eu/*</GrantScope>"
}
private let grant = AccessGrant(
    id: "g1", arn: "\(base)/grant/g1",
    grantee: AccessGrantee(kind: .iam, identifier: "arn:aws:iam::111122223333:role/analyst"), permission: .readWrite,
    locationID: "l1", subPrefix: "eu/*", scope: "s3://lake/raw/eu/*", createdAt: stamp)
private let configured =
    "<AccessGrantsLocationConfiguration><S3SubPrefix>eu/*</S3SubPrefix>"
    + "</AccessGrantsLocationConfiguration>"

private func result(_ name: String, _ content: String) -> String {
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<\(name)Result xmlns=\"\(namespace)\">\(content)</\(name)Result>"
}

/// What went out, without what signing adds.
private func sent(_ stage: Stage) -> [String] {
    stage.transport.requests.map { request in
        "\(request.head.method.rawValue) \(request.head.scheme ?? "")://\(request.head.authority ?? "")"
            + "\(request.head.path ?? "") \(String(decoding: request.body, as: UTF8.self))"
    }
}

private let host = "https://111122223333.s3-control.eu-west-1.amazonaws.com"

@Suite struct S3ControlTests {
    @Test func `locations are made, read, changed, listed and deleted`() async throws {
        let stage = Stage([
            .answer(200, [:], result("CreateAccessGrantsLocation", locationFields)),
            .answer(200, [:], result("GetAccessGrantsLocation", locationFields)),
            .answer(200, [:], result("UpdateAccessGrantsLocation", locationFields)),
            .answer(
                200, [:],
                result(
                    "ListAccessGrantsLocations",
                    "<NextToken>a/b+c==</NextToken><AccessGrantsLocationsList><AccessGrantsLocation>\(locationFields)"
                        + "</AccessGrantsLocation></AccessGrantsLocationsList>")),
            .answer(200, [:], result("ListAccessGrantsLocations", "")),
            .answer(204), .answer(200),
        ])
        let role = "arn:aws:iam::111122223333:role/vend"
        let client = stage.control
        #expect(try await client.createAccessGrantsLocation(scope: "s3://lake/raw*", roleARN: role) == location)
        #expect(try await client.getAccessGrantsLocation(id: "l1") == location)
        #expect(try await client.updateAccessGrantsLocation(id: "a/b", roleARN: role) == location)
        let first = try await client.listAccessGrantsLocations(scope: "s3://lake/raw*", maxResults: 1)
        #expect(first == AWSPage(items: [location], nextToken: "a/b+c=="))
        #expect(try await client.listAccessGrantsLocations(nextToken: first.nextToken) == AWSPage(items: []))
        try await client.deleteAccessGrantsLocation(id: "l1")
        try await client.deleteAccessGrantsLocation(id: "default")
        let roleXML = "<IAMRoleArn>\(role)</IAMRoleArn>"
        #expect(
            sent(stage) == [
                "POST \(host)\(path)/location <CreateAccessGrantsLocationRequest xmlns=\"\(namespace)\"><LocationScope>"
                    + "s3://lake/raw*</LocationScope>\(roleXML)</CreateAccessGrantsLocationRequest>",
                "GET \(host)\(path)/location/l1 ",
                "PUT \(host)\(path)/location/a%2Fb <UpdateAccessGrantsLocationRequest xmlns=\"\(namespace)\">\(roleXML)"
                    + "</UpdateAccessGrantsLocationRequest>",
                "GET \(host)\(path)/locations?maxResults=1&locationscope=s3%3A%2F%2Flake%2Fraw%2A ",
                "GET \(host)\(path)/locations?nextToken=a%2Fb%2Bc%3D%3D ",
                "DELETE \(host)\(path)/location/l1 ", "DELETE \(host)\(path)/location/default ",
            ])
    }

    @Test func `grants are made, read, listed and deleted`() async throws {
        let list = "<AccessGrantsList><AccessGrant>\(grantFields(configured))</AccessGrant></AccessGrantsList>"
        let bare = grantFields(
            "<AccessGrantsLocationConfiguration><S3SubPrefix></S3SubPrefix></AccessGrantsLocationConfiguration>")
        let stage = Stage([
            .answer(200, [.amzRequestID: "R1"], result("CreateAccessGrant", grantFields(configured))),
            .answer(200, [:], result("GetAccessGrant", bare)),
            .answer(200, [:], result("ListAccessGrants", list)), .answer(204, [.amzRequestID: "R2"]),
        ])
        let client = stage.control
        let request = CreateAccessGrantRequest(
            locationID: "l1", subPrefix: "eu/<&>*", grantee: grant.grantee, permission: .readWrite, isObject: true,
            applicationARN: "arn:app")
        let made = try await client.createAccessGrant(request)
        #expect(made.value == grant)
        #expect(made.requestID == "R1")
        var withoutPrefix = grant
        withoutPrefix.subPrefix = nil
        #expect(try await client.getAccessGrant(id: "g1") == withoutPrefix)
        let filter = AccessGrantFilter(
            granteeKind: .iam, granteeIdentifier: "arn:x", permission: .read, scope: "s3://b/*", applicationARN: "ALL")
        #expect(try await client.listAccessGrants(filter, maxResults: 10, nextToken: "t") == AWSPage(items: [grant]))
        #expect(try await client.deleteAccessGrant(id: "g1").requestID == "R2")
        #expect(
            sent(stage) == [
                "POST \(host)\(path)/grant <CreateAccessGrantRequest xmlns=\"\(namespace)\"><AccessGrantsLocationId>l1"
                    + "</AccessGrantsLocationId><AccessGrantsLocationConfiguration><S3SubPrefix>eu/&lt;&amp;&gt;*"
                    + "</S3SubPrefix></AccessGrantsLocationConfiguration><Grantee><GranteeType>IAM</GranteeType>"
                    + "<GranteeIdentifier>arn:aws:iam::111122223333:role/analyst</GranteeIdentifier></Grantee>"
                    + "<Permission>READWRITE</Permission><ApplicationArn>arn:app</ApplicationArn>"
                    + "<S3PrefixType>Object</S3PrefixType></CreateAccessGrantRequest>",
                "GET \(host)\(path)/grant/g1 ",
                "GET \(host)\(path)/grants?nextToken=t&maxResults=10&granteetype=IAM&granteeidentifier=arn%3Ax"
                    + "&permission=READ&grantscope=s3%3A%2F%2Fb%2F%2A&application_arn=ALL ",
                "DELETE \(host)\(path)/grant/g1 ",
            ])
    }

    @Test func `instances and their policy are read`() async throws {
        let bare =
            "<AccessGrantsInstanceArn>\(base)</AccessGrantsInstanceArn>"
            + "<AccessGrantsInstanceId>default</AccessGrantsInstanceId>"
        let full = bare + "<CreatedAt>2026-11-21T02:01:22Z</CreatedAt><IdentityCenterArn>arn:app</IdentityCenterArn>"
        let stage = Stage([
            .answer(200, [:], result("GetAccessGrantsInstance", full)),
            .answer(
                200, [:],
                result(
                    "ListAccessGrantsInstances",
                    "<AccessGrantsInstancesList><AccessGrantsInstance>\(full)</AccessGrantsInstance>"
                        + "</AccessGrantsInstancesList>")),
            .answer(200, [:], result("GetAccessGrantsInstanceForPrefix", bare)),
            .answer(200, [:], result("GetAccessGrantsInstanceResourcePolicy", "<Policy>{&#34;a&#34;:1}</Policy>")),
        ])
        let instance = AccessGrantsInstance(
            id: "default", arn: base, createdAt: Date(timeIntervalSince1970: 1_795_226_482),
            identityCenterApplicationARN: "arn:app")
        #expect(try await stage.control.getAccessGrantsInstance() == instance)
        #expect(try await stage.control.listAccessGrantsInstances(maxResults: 5) == AWSPage(items: [instance]))
        #expect(
            try await stage.control.getAccessGrantsInstanceForPrefix("s3://b/x y")
                == AccessGrantsInstance(id: "default", arn: base))
        #expect(
            try await stage.control.getAccessGrantsInstanceResourcePolicy()
                == AccessGrantsResourcePolicy(policy: "{\"a\":1}"))
        #expect(
            sent(stage) == [
                "GET \(host)\(path) ", "GET \(host)/v20180820/accessgrantsinstances?maxResults=5 ",
                "GET \(host)\(path)/prefix?s3prefix=s3%3A%2F%2Fb%2Fx%20y ", "GET \(host)\(path)/resourcepolicy ",
            ])
    }

    @Test func `every request is signed, names its account and has the checksum of its body`() async throws {
        let stage = Stage([.answer(200, [:], result("CreateAccessGrantsLocation", locationFields))])
        _ = try await stage.control.createAccessGrantsLocation(scope: "s3://b/", roleARN: "arn")
        let request = try #require(stage.transport.requests.first)
        let claim = try SignatureClaim(request.head)
        try SignatureVerifier(service: "s3", region: "eu-west-1").verify(
            claim, request.head, payload: .body(request.body), secret: Secret("secret-of-the-test"),
            now: stage.clock.now)
        #expect(
            Set(claim.signedHeaders).isSuperset(of: [
                "host", "x-amz-account-id", "x-amz-checksum-crc32", "x-amz-content-sha256", "x-amz-date",
            ]))
        #expect(request.head.headerFields[.amzAccountID] == account)
        #expect(request.head.headerFields[.amzChecksumCRC32] == CRC32.base64(request.body))
        #expect(request.head.headerFields[.contentType] == "application/xml")
    }

    @Test(arguments: [("", "AAAAAA=="), ("123456789", "y/Q5Jg=="), ("hello", "NhCmhg==")])
    func `CRC-32 is the one of ISO 3309`(_ text: String, _ checksum: String) {
        #expect(CRC32.base64(Array(text.utf8)) == checksum)
    }

    @Test(arguments: ["", "12345", "1234567890123", "11112222333a", "１１１１２２２２３３３３"])
    func `an account id that cannot be one is not sent`(_ account: String) async {
        let stage = Stage([.answer(500)])
        let client = S3ControlClient(stage.runtime, credentials: keys, region: "eu-west-1", account: account)
        let error = await awsError { () async throws(AWSError) in try await client.getAccessGrantsInstance() }
        #expect(error?.kind == .invalidRequest)
        #expect(stage.transport.requests.isEmpty)
    }

    @Test(arguments: [
        "", "no XML", "<html><body>proxy</body></html>", "<ListAccessGrantsLocationsResult>",
        result(
            "ListAccessGrantsLocations",
            "<AccessGrantsLocationsList><AccessGrantsLocation/>"
                + "</AccessGrantsLocationsList>"),
        result(
            "ListAccessGrantsLocations",
            "<AccessGrantsLocationsList><AccessGrantsLocation>"
                + locationFields.replacingOccurrences(of: wire, with: "yesterday")
                + "</AccessGrantsLocation></AccessGrantsLocationsList>"),
    ])
    func `a success that cannot be read is no empty list`(_ body: String) async {
        let stage = Stage([.answer(200, [:], body)])
        let error = await awsError { () async throws(AWSError) in try await stage.control.listAccessGrantsLocations() }
        #expect(error?.kind == .decoding)
        #expect(error?.httpStatus == 200)
        #expect(error?.attempts == 1)
    }
}

@Suite struct ErrorShapeTests {
    struct Case: Sendable {
        var status = 404
        var fields: HTTPFields = [:]
        var body: String
        var expected: AWSError
    }

    private static func error(
        _ code: String, _ message: String, _ status: Int = 404, request: String? = nil, host: String? = nil,
        region: String? = nil
    ) -> AWSError {
        AWSError(
            kind: .service, operation: "s3:GetAccessGrant", code: code, message: message, httpStatus: status,
            requestID: request, hostID: host, bucketRegion: region, attempts: 1)
    }

    @Test(arguments: [
        Case(
            body: wrapped("NoSuchAccessGrantError", "gone"),
            expected: error("NoSuchAccessGrantError", "gone", request: "7D0E", host: "host==")),
        Case(
            fields: [.amzRequestID: "R", .amzID2: "H"], body: wrapped("NoSuchAccessGrantError", "gone"),
            expected: error("NoSuchAccessGrantError", "gone", request: "R", host: "H")),
        Case(
            body: "<Error xmlns=\"x\"><Code>AccessDenied</Code><Message>no</Message><RequestId>1</RequestId>"
                + "<HostId>2</HostId><Region>eu-south-2</Region></Error>",
            expected: error("AccessDenied", "no", request: "1", host: "2", region: "eu-south-2")),
        Case(
            fields: [.amznRequestID: "S"],
            body: "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>"
                + "<Code>ExpiredToken</Code><Message>old</Message></Error><RequestId>1</RequestId></ErrorResponse>",
            expected: error("ExpiredToken", "old", request: "S")),
        Case(
            fields: [.amzBucketRegion: "us-west-2"], body: "",
            expected: error("404", "no message", region: "us-west-2")),
        Case(body: "<Error><Code>Cut", expected: error("404", "no message")),
        Case(body: "<html><Code>x</Code></html>", expected: error("404", "no message")),
        Case(body: "<Error><Code></Code></Error>", expected: error("404", "no message")),
        Case(
            body: "<!DOCTYPE a [<!ENTITY b 'c'>]><Error><Code>&b;</Code></Error>", expected: error("404", "no message")),
        Case(status: 301, body: "", expected: error("301", "no message", 301)),
    ])
    func `an error is what the answer says`(_ testCase: Case) async {
        let stage = Stage([.answer(testCase.status, testCase.fields, testCase.body)])
        let error = await awsError { () async throws(AWSError) in try await stage.control.getAccessGrant(id: "1") }
        var expected = testCase.expected
        expected.headerFields = testCase.fields
        expected.details = error?.details ?? [:]
        #expect(error == expected)
    }

    @Test func `an error has the further elements of its document`() async {
        let stage = Stage([
            .answer(412, [:], "<Error><Code>PreconditionFailed</Code><Condition>If-Match</Condition><A/></Error>")
        ])
        let error = await awsError { () async throws(AWSError) in try await stage.control.getAccessGrant(id: "1") }
        #expect(error?.details == ["Condition": "If-Match", "A": ""])
    }

    @Test(arguments: ["2026-11-21T02:01:22.500Z", "2026-11-21T02:01:22.500000+00:00", "2026-11-21T02:01:22.500+00:00"])
    func `times are read in AWS's renderings`(_ text: String) throws {
        #expect(abs(try ISO8601.parse(text).timeIntervalSince(stamp)) < 0.001)
    }

    @Test(arguments: [
        "", "Z", "2026-11-21", "2026-11-21T02:01:22", "2026-11-21T02:01:22.Z", "2026-02-30T00:00:00Z",
        "2026-11-21T02:01:22.½Z", "2026-11-21T02:01:22.1.2Z", "2026-11-21T25:01:22Z", "2026-11-21T02:01:22+02:00",
    ])
    func `other times are refused`(_ text: String) {
        #expect(throws: AnswerProblem.self) { try ISO8601.parse(text) }
    }
}

@Suite struct S3Tests {
    static let page = """
        <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><EncodingType>url\
        </EncodingType><IsTruncated>true</IsTruncated><NextContinuationToken>n</NextContinuationToken><Contents><Key>\
        a%2Fb+c%2Bd%C3%A9</Key></Contents><CommonPrefixes><Prefix>x/</Prefix></CommonPrefixes></ListBucketResult>
        """

    @Test func `buckets and keys are listed`() async throws {
        let stage = Stage([
            .answer(
                200, [:],
                "<ListAllMyBucketsResult><Buckets><Bucket><Name>a</Name></Bucket><Bucket><Name>b</Name></Bucket>"
                    + "</Buckets></ListAllMyBucketsResult>"),
            .answer(200, [:], Self.page),
        ])
        #expect(try await stage.s3.listBuckets() == ["a", "b"])
        let request = ListObjectsRequest(bucket: "bucket", prefix: "a/", delimiter: "/", maxKeys: 1)
        #expect(
            try await stage.s3.listObjects(request)
                == ObjectPage(keys: ["a/b c+dé"], commonPrefixes: ["x/"], nextContinuationToken: "n"))
        #expect(
            sent(stage) == [
                "GET https://s3.eu-west-1.amazonaws.com/ ",
                "GET https://bucket.s3.eu-west-1.amazonaws.com/?list-type=2&encoding-type=url&prefix=a%2F&delimiter=%2F"
                    + "&max-keys=1 ",
            ])
    }

    struct Redirect: Sendable {
        var status: Int
        var fields: HTTPFields = [:]
        var body = ""
        var follows: Bool
    }

    static let bucketRegion: HTTPFields = [.amzBucketRegion: "us-west-2"]

    @Test(arguments: [
        Redirect(status: 301, fields: bucketRegion, follows: true),
        Redirect(status: 307, fields: bucketRegion, follows: true),
        Redirect(status: 400, fields: bucketRegion, follows: true),
        Redirect(
            status: 400, body: "<Error><Code>AuthorizationHeaderMalformed</Code><Region>us-west-2</Region></Error>",
            follows: true),
        Redirect(
            status: 400, fields: bucketRegion,
            body: "<Error><Code>IllegalLocationConstraintException</Code></Error>", follows: true),
        Redirect(status: 301, body: "<Error><Code>PermanentRedirect</Code></Error>", follows: false),
        Redirect(status: 301, fields: [.amzBucketRegion: "eu-west-1"], follows: false),
        Redirect(status: 403, fields: bucketRegion, body: "<Error><Code>AccessDenied</Code></Error>", follows: false),
        Redirect(status: 404, fields: bucketRegion, body: "<Error><Code>NoSuchBucket</Code></Error>", follows: false),
    ])
    func `a bucket is followed to its region once`(_ redirect: Redirect) async throws {
        let away = ScriptedTransport.Step.answer(redirect.status, redirect.fields, redirect.body)
        let stage = Stage([away, .answer(200, Self.bucketRegion)])
        let head = await awsError { () async throws(AWSError) in try await stage.s3.headBucket("bucket") }
        #expect((head == nil) == redirect.follows)
        let there = "HEAD https://bucket.s3.us-west-2.amazonaws.com/ "
        #expect(sent(stage) == ["HEAD https://bucket.s3.eu-west-1.amazonaws.com/ "] + (redirect.follows ? [there] : []))
        if redirect.follows {
            let claim = try SignatureClaim(stage.transport.requests[1].head)
            #expect(claim.scope.region == "us-west-2")
            let circle = Stage([away])
            let error = await awsError { () async throws(AWSError) in
                try await circle.s3.listObjects(ListObjectsRequest(bucket: "bucket"))
            }
            #expect(error?.attempts == 2)
        }
    }

    @Test func `a redirect is not followed where the caller says so`() async {
        let stage = Stage([.answer(301, Self.bucketRegion)])
        let error = await awsError { () async throws(AWSError) in
            try await stage.s3.headBucket("bucket", followsRegion: false)
        }
        #expect(error?.bucketRegion == "us-west-2")
        #expect(stage.transport.requests.count == 1)
    }
}

@Suite struct STSTests {
    @Test func `a caller's identity is asked for by a signed form`() async throws {
        let stage = Stage([.answer(200, [:], identityAnswer)])
        #expect(
            try await stage.sts.getCallerIdentity()
                == CallerIdentity(
                    arn: "arn:aws:iam::111122223333:user/tester", userID: "AIDAEXAMPLE", account: "111122223333"))
        #expect(
            sent(stage) == [
                "POST https://sts.eu-west-1.amazonaws.com/ Action=GetCallerIdentity&Version=2011-06-15"
            ])
        let request = stage.transport.requests[0]
        try SignatureVerifier(service: "sts", region: "eu-west-1").verify(
            try SignatureClaim(request.head), request.head, payload: .body(request.body),
            secret: Secret("secret-of-the-test"), now: stage.clock.now)
    }

    @Test func `a role's credentials are read, and never printed`() async throws {
        let stage = Stage([.answer(200, [:], roleAnswer(1, expires: Date(timeIntervalSince1970: 1_800_003_600)))])
        let credentials = try await stage.sts.assumeRole(
            AssumeRoleRequest(roleARN: "arn:aws:iam::1:role/x", sessionName: "s", externalID: "e:1"))
        #expect(
            credentials
                == AWSCredentials(
                    accessKeyID: "ASIA1", secretAccessKey: Secret("role-secret"), sessionToken: "token",
                    expiration: Date(timeIntervalSince1970: 1_800_003_600)))
        #expect(
            sent(stage) == [
                "POST https://sts.eu-west-1.amazonaws.com/ Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fx"
                    + "&RoleSessionName=s&DurationSeconds=3600&ExternalId=e%3A1&Version=2011-06-15"
            ])
        #expect(!"\(credentials)".contains("role-secret") && !String(reflecting: credentials).contains("token"))
    }
}
