import Synchronization
import Testing
import XML

@testable import Sandbox

struct S3ControlAccessTests {
    typealias Fixture = AccessGrantsFixture
    static let arn = "arn:aws:s3:eu-west-1:111122223333:access-grants/default"
    static let person = "a1b2c3d4-5678-90ab-cdef-EXAMPLE11111"
    static let team = "b1b2c3d4-5678-90ab-cdef-EXAMPLE22222"

    let aws: AccessGrantsFixture

    init() throws {
        aws = try AccessGrantsFixture()
        try aws.makeInstance()
        try aws.makeLocation("s3://")
    }

    // MARK: GetDataAccess

    @Test func `data access is vended for the closest grant`() throws {
        try aws.makeGrant("default", "lake/bob/*", "READWRITE")
        try aws.makeGrant("default", "lake/bob/reports/*")
        let answer = try dataAccess("s3://lake/bob/reports/q1.csv", "READ")
        let expected =
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<GetDataAccessResult xmlns=\"\(AccessGrantsBody.namespace)\">"
            + "<Credentials><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>"
            + "<SessionToken>token</SessionToken><Expiration>2026-11-21T03:00:00Z</Expiration></Credentials>"
            + "<MatchedGrantTarget>s3://lake/bob/reports/*</MatchedGrantTarget><Grantee><GranteeType>IAM</GranteeType>"
            + "<GranteeIdentifier>\(Fixture.analyst)</GranteeIdentifier></Grantee></GetDataAccessResult>"
        #expect(String(decoding: answer.body, as: UTF8.self) == expected)
        #expect(
            aws.surroundings.sessions.withLock { $0 } == [
                DataAccessSession(
                    roleARN: Fixture.role, scope: try #require(S3Path("s3://lake/bob/reports/*")), permission: .read,
                    duration: 3600, instanceARN: Self.arn, grantee: Grantee(kind: .iam, trusted: Fixture.analyst))
            ])
    }

    static let vended: [([(String, String)], String, Int)] = [
        ([("target", "s3://lake/bob/x"), ("permission", "WRITE")], "s3://lake/bob/*", 3600),
        (
            [("target", "s3://lake/bob/x"), ("permission", "READWRITE"), ("privilege", "Default")], "s3://lake/bob/*",
            3600
        ),
        (
            [
                ("target", "s3://lake/bob/x*"), ("permission", "READ"), ("privilege", "Minimal"),
                ("durationSeconds", "900"),
            ],
            "s3://lake/bob/x*", 900
        ),
        (
            [
                ("target", "s3://lake/bob/x"), ("permission", "READ"), ("privilege", "Minimal"),
                ("targetType", "Object"),
            ],
            "s3://lake/bob/x", 3600
        ),
        (
            [
                ("target", "s3://lake/bob/*"), ("permission", "READ"), ("auditContext", "why"),
                ("durationSeconds", "7200"),
            ], "s3://lake/bob/*", 7200
        ),
    ]

    @Test(arguments: vended)
    func `what is asked bounds the session`(_ query: [(String, String)], _ scope: String, _ duration: Int) throws {
        try aws.makeGrant("default", "lake/bob/*", "READWRITE")
        let document = try aws.document(.getDataAccess, query: query, as: .analyst)
        #expect(document["MatchedGrantTarget"] == scope)
        let session = aws.surroundings.sessions.withLock { $0.last }
        #expect(session?.scope.text == scope)
        #expect(session?.duration == duration)
        #expect(session?.permission.rawValue == query.first { $0.0 == "permission" }?.1)
    }

    static let refused: [([(String, String)], AccessGrantsError?, String)] = [
        (
            [("target", "s3://lake/al/x"), ("permission", "READ")],
            .noGrant(permission: .read, target: "s3://lake/al/x"), "AccessDenied"
        ),
        (
            [("target", "s3://lake/bob/x"), ("permission", "WRITE")],
            .noGrant(permission: .write, target: "s3://lake/bob/x"), "AccessDenied"
        ),
        ([("target", "s3://lake/bob/x"), ("permission", "READWRITE")], nil, "AccessDenied"),
        ([("permission", "READ")], nil, "InvalidRequest"), ([("target", "s3://lake/bob/x")], nil, "InvalidRequest"),
        ([("target", "s3://"), ("permission", "READ")], nil, "InvalidRequest"),
        ([("target", "lake/bob/x"), ("permission", "READ")], nil, "InvalidRequest"),
        ([("target", "s3://lake/bob/*"), ("permission", "READ"), ("targetType", "Object")], nil, "InvalidRequest"),
        ([("target", "s3://lake/bob/x"), ("permission", "READ"), ("targetType", "File")], nil, "InvalidRequest"),
        ([("target", "s3://lake/bob/x"), ("permission", "READ"), ("privilege", "minimal")], nil, "InvalidRequest"),
        ([("target", "s3://lake/bob/x"), ("permission", "READ"), ("durationSeconds", "899")], nil, "InvalidRequest"),
        ([("target", "s3://lake/bob/x"), ("permission", "READ"), ("durationSeconds", "43201")], nil, "InvalidRequest"),
        (
            [("target", "s3://lake/bob/x"), ("permission", "READ"), ("durationSeconds", "7201")], nil,
            "StsValidationError"
        ),
    ]

    @Test(arguments: refused)
    func `what no grant covers, or cannot be asked, is refused`(
        _ query: [(String, String)], _ error: AccessGrantsError?, _ code: String
    ) throws {
        try aws.makeGrant("default", "lake/bob/*")
        let failure = try aws.failure(.getDataAccess, query: query, as: .analyst)
        #expect(failure?.code == code)
        if let error { #expect(failure == error) }
        #expect(aws.surroundings.sessions.withLock { $0 } == [])
    }

    @Test func `a location role that no longer trusts S3 Access Grants vends nothing`() throws {
        try aws.makeGrant("default", "lake/*")
        aws.surroundings.roles.withLock {
            $0[Fixture.role] = LocationRole(createdAt: 0, maximumSessionDuration: 3600, trustsAccessGrants: false)
        }
        let failure = try aws.failure(
            .getDataAccess, query: [("target", "s3://lake/x"), ("permission", "READ")], as: .analyst)
        #expect(failure == .stsNotAuthorized(role: Fixture.role))
    }

    // MARK: Directory identities

    @Test func `directory users and groups count while Identity Center is associated`() throws {
        _ = try aws.send(.associateIdentityCenter, body: Self.association)
        let application = "arn:aws:sso::111122223333:application/ssoins-0123456789abcdef/apl-0123456789abcdef"
        try aws.makeGrant("default", "lake/people/*", to: Self.person, kind: "DIRECTORY_USER")
        try aws.makeGrant("default", "lake/team/*", to: Self.team, kind: "DIRECTORY_GROUP")
        try aws.makeGrant(
            "default", "lake/app/*", to: Self.team, kind: "DIRECTORY_GROUP",
            more: "<ApplicationArn>\(application)</ApplicationArn>")
        try aws.makeGrant("default", "lake/iam/*")
        var caller = CallerFixture.analyst
        caller.directory = [
            Grantee(kind: .directoryUser, trusted: Self.person), Grantee(kind: .directoryGroup, trusted: Self.team),
        ]
        let query = [("target", "s3://lake/app/x"), ("permission", "READ")]
        #expect(try aws.failure(.getDataAccess, query: query, as: caller)?.code == "AccessDenied")
        #expect(
            try callerGrants(as: caller) == [
                "READ s3://lake/people/* ALL", "READ s3://lake/team/* ALL", "READ s3://lake/app/* \(application)",
                "READ s3://lake/iam/* NA",
            ])
        #expect(
            try callerGrants([("allowedByApplication", "true")], as: caller) == [
                "READ s3://lake/people/* ALL", "READ s3://lake/team/* ALL",
            ])
        caller.applicationARN = application
        #expect(try aws.document(.getDataAccess, query: query, as: caller)["MatchedGrantTarget"] == "s3://lake/app/*")
        #expect(try callerGrants([("allowedByApplication", "true")], as: caller).count == 3)
        #expect(
            try aws.document(
                .getDataAccess, query: [("target", "s3://lake/team/x"), ("permission", "READ")], as: caller)[
                    "Grantee", "GranteeType"] == "DIRECTORY_GROUP")
        _ = try aws.send(.dissociateIdentityCenter)
        #expect(try callerGrants(as: caller) == ["READ s3://lake/iam/* NA"])
    }

    @Test(arguments: ["sso:DescribeInstance", "sso:DescribeApplication", "identitystore:DescribeUser"])
    func `who grants to a directory user must be allowed to see it`(_ action: String) throws {
        _ = try aws.send(.associateIdentityCenter, body: Self.association)
        var caller = Fixture.administrator
        caller.refused = [action]
        let body = Fixture.grant("default", "lake/*", to: Self.person, kind: "DIRECTORY_USER")
        #expect(try aws.failure(.createGrant, body: body, as: caller)?.code == "AccessDenied")
    }

    @Test func `a caller sees its grants by the beginning of their scope`() throws {
        try aws.makeGrant("default", "lake/a*", "WRITE")
        try aws.makeGrant("default", "logs/a*")
        try aws.makeGrant("default", "lake/b*", to: Fixture.outsider)
        #expect(try callerGrants([("grantscope", "s3://la")]) == ["WRITE s3://lake/a* NA"])
        #expect(try callerGrants() == ["WRITE s3://lake/a* NA", "READ s3://logs/a* NA"])
        #expect(
            try aws.failure(.listCallerGrants, query: [("grantscope", "lake")], as: .analyst)?.code == "InvalidRequest")
        #expect(
            try aws.failure(.listCallerGrants, query: [("allowedByApplication", "yes")], as: .analyst)?.code
                == "InvalidRequest")
        let first = try aws.document(.listCallerGrants, query: [("maxResults", "1")], as: .analyst)
        let query = [("nextToken", try #require(first["NextToken"]))]
        #expect(try callerGrants(query) == ["READ s3://logs/a* NA"])
    }

    // MARK: Prefixes

    @Test func `an instance is found by a prefix it holds`() throws {
        #expect(
            try aws.document(.getInstanceForPrefix, query: [("s3prefix", "s3://lake/x")]).children.map(\.text) == [
                Self.arn, "default",
            ])
        _ = try aws.send(.deleteLocation, "default")
        try aws.makeLocation("s3://lake/a*")
        #expect(
            try aws.document(.getInstanceForPrefix, query: [("s3prefix", "s3://lake/ab/c")])["AccessGrantsInstanceArn"]
                == Self.arn)
        #expect(try aws.failure(.getInstanceForPrefix, query: [("s3prefix", "s3://lake/b")]) == .instanceNotExists)
        #expect(try aws.failure(.getInstanceForPrefix, query: [("s3prefix", "lake")])?.code == "InvalidRequest")
        #expect(try aws.failure(.getInstanceForPrefix)?.code == "InvalidRequest")
    }

    // MARK: Other accounts

    @Test func `another account gets in by resource policy, for the five delegated operations only`() throws {
        try aws.makeGrant("default", "lake/shared/*", to: Fixture.outsider)
        let query = [("target", "s3://lake/shared/x"), ("permission", "READ"), ("s3prefix", "s3://lake/shared/")]
        let delegated: [AccessGrantsOperation] = [
            .getInstanceForPrefix, .listGrants, .listLocations, .listCallerGrants, .getDataAccess,
        ]
        let owned: [AccessGrantsOperation] = [
            .getInstance, .listInstances, .getPolicy, .deleteInstance, .dissociateIdentityCenter,
        ]
        for operation in delegated + owned {
            #expect(try aws.failure(operation, query: query, as: .outsider)?.code == "AccessDenied", "\(operation)")
        }
        #expect(
            try aws.failure(.getInstanceForPrefix, query: query, as: .outsider, account: Fixture.otherAccount)
                == .instanceNotExists)
        try put(Self.policy(actions: InstanceResourcePolicy.delegableActions.sorted()))
        for operation in delegated {
            #expect(try aws.failure(operation, query: query, as: .outsider) == nil, "\(operation)")
        }
        for operation in owned {
            #expect(try aws.failure(operation, query: query, as: .outsider)?.code == "AccessDenied", "\(operation)")
        }
        let found = try aws.document(.getInstanceForPrefix, query: query, as: .outsider, account: Fixture.otherAccount)
        #expect(found["AccessGrantsInstanceArn"] == Self.arn)
        var refused = CallerFixture.outsider
        refused.refused = ["s3:GetDataAccess"]
        #expect(try aws.failure(.getDataAccess, query: query, as: refused)?.code == "AccessDenied")
        #expect(try aws.send(.deletePolicy) == .empty)
        #expect(try aws.failure(.getDataAccess, query: query, as: .outsider)?.code == "AccessDenied")
        #expect(try aws.failure(.deletePolicy) == .resourcePolicyNotExists)
    }

    @Test func `a resource policy is kept as it came`() throws {
        #expect(try aws.failure(.getPolicy) == .resourcePolicyNotExists)
        let document = Self.policy(actions: ["s3:GetDataAccess"])
        let body = Fixture.policy(document).replacing(
            "</Policy>", with: "</Policy><Organization>o-0123456789</Organization>")
        let put = try aws.document(.putPolicy, body: body)
        #expect(put.children.map(\.name) == ["Policy", "Organization", "CreatedAt"])
        #expect(put.children.map(\.text) == [document, "o-0123456789", "2026-11-21T02:00:00.123Z"])
        #expect(try aws.document(.getPolicy).children == put.children)
        #expect(
            try aws.failure(.putPolicy, body: body.replacing("o-0123456789", with: "o-A"))?.code == "InvalidRequest")
    }

    @Test(arguments: [
        "", "{", "[]", "{}", #"{"Version":"2012-10-17","Statement":[]}"#, policy(actions: []),
        policy(actions: ["s3:CreateAccessGrant"]), policy(actions: ["s3:GetObject"]),
        policy(actions: ["s3:GetDataAccess"], principal: #"{"AWS":[]}"#),
        policy(actions: ["s3:GetDataAccess"], principal: #"{"AWS":"nobody"}"#),
        policy(actions: ["s3:GetDataAccess"], effect: "Perhaps"),
        policy(actions: ["s3:GetDataAccess"], resource: "arn:aws:s3:::lake"),
        policy(actions: ["s3:GetDataAccess"]).replacing("2012-10-17", with: "2012"),
    ])
    func `what is no resource policy is refused`(_ document: String) throws {
        #expect(try aws.failure(.putPolicy, body: Fixture.policy(document)) == .invalidResourcePolicy)
    }

    static let principals: [(String, String, Bool)] = [
        (#""*""#, "{}", true), (#"{"AWS":"444455556666"}"#, "{}", true),
        (#"{"AWS":["arn:aws:iam::444455556666:root"]}"#, "{}", true), (#"{"AWS":"\#(Fixture.outsider)"}"#, "{}", true),
        (#"{"AWS":"arn:aws:iam::444455556666:role/other"}"#, "{}", false), (#"{"AWS":"777788889999"}"#, "{}", false),
        (#""*""#, #"{"StringEquals":{"aws:PrincipalAccount":"444455556666"}}"#, true),
        (#""*""#, #"{"StringEquals":{"aws:PrincipalAccount":["777788889999"]}}"#, false),
        (#""*""#, #"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/out*"}}"#, true),
        (#""*""#, #"{"StringEquals":{"aws:SourceVpc":"vpc-1"}}"#, false),
    ]

    @Test(arguments: principals)
    func `a policy names principals and conditions`(_ principal: String, _ condition: String, _ isAllowed: Bool) throws
    {
        try put(Self.policy(actions: ["s3:List*"], principal: principal, condition: condition))
        #expect((try aws.failure(.listGrants, as: .outsider) == nil) == isAllowed)
    }

    @Test func `a denial goes before a permission`() throws {
        let allow = Self.statement(actions: ["s3:GetDataAccess", "s3:ListAccessGrants"])
        let deny = Self.statement(actions: ["s3:ListAccessGrants"], effect: "Deny")
        try put(#"{"Statement":[\#(allow),\#(deny)]}"#)
        #expect(try aws.failure(.listGrants, as: .outsider)?.code == "AccessDenied")
    }

    @Test func `every operation asks the caller's own policies`() throws {
        let bodies: [AccessGrantsOperation: String] = [
            .createLocation: Fixture.location("s3://lake"), .createGrant: Fixture.grant("default", "lake/*"),
            .updateLocation:
                "<UpdateAccessGrantsLocationRequest><IAMRoleArn>x</IAMRoleArn></UpdateAccessGrantsLocationRequest>",
            .putPolicy: Fixture.policy("{}"), .associateIdentityCenter: Self.association,
            .tag: "<TagResourceRequest><Tags/></TagResourceRequest>",
        ]
        let query = [("target", "s3://lake/x"), ("permission", "READ"), ("s3prefix", "s3://lake/"), ("tagKeys", "a")]
        for operation in AccessGrantsOperation.allCases {
            var caller = Fixture.administrator
            caller.refused = [operation.action]
            let target = [.tag, .untag, .listTags].contains(operation) ? Self.arn : "default"
            let failure = try aws.failure(operation, target, query: query, body: bodies[operation] ?? "", as: caller)
            #expect(failure?.code == "AccessDenied", "\(operation)")
            #expect(failure?.message.contains(operation.action) == true, "\(operation)")
        }
    }

    /// Single bytes of good documents are changed, dropped and doubled: every answer is a refusal AWS knows, or success.
    @Test func `hostile documents are refused or understood, never worse`() throws {
        var random = SplitMix(state: 20_180_820)
        let documents: [(AccessGrantsOperation, String)] = [
            (
                .createGrant,
                Fixture.grant("default", "lake/*", more: "<Tags><Tag><Key>a</Key><Value>b</Value></Tag></Tags>")
            ),
            (.createLocation, Fixture.location("s3://lake/")),
            (.putPolicy, Fixture.policy(Self.policy(actions: ["s3:GetDataAccess"]))),
        ]
        for round in 0..<600 {
            let (operation, document) = documents[round % documents.count]
            var bytes = Array(document.utf8)
            for _ in 0...random.next(below: 3) {
                let index = random.next(below: bytes.count)
                switch random.next(below: 3) {
                case 0: bytes[index] = UInt8(random.next(below: 256))
                case 1: bytes.remove(at: index)
                default: bytes.insert(bytes[index], at: index)
                }
            }
            let failure = try aws.failure(operation, body: String(decoding: bytes, as: UTF8.self))
            #expect((failure?.status ?? 200) < 500)
        }
    }

    // MARK: Parts

    static let association =
        "<AssociateAccessGrantsIdentityCenterRequest><IdentityCenterArn>arn:aws:sso:::instance/ssoins-0123456789abcdef"
        + "</IdentityCenterArn></AssociateAccessGrantsIdentityCenterRequest>"

    static func policy(
        actions: [String], effect: String = "Allow", principal: String = #"{"AWS":"444455556666"}"#,
        resource: String = arn, condition: String = "{}"
    ) -> String {
        let statement = statement(
            actions: actions, effect: effect, principal: principal, resource: resource, condition: condition)
        return #"{"Version":"2012-10-17","Statement":[\#(statement)]}"#
    }

    static func statement(
        actions: [String], effect: String = "Allow", principal: String = #"{"AWS":"444455556666"}"#,
        resource: String = arn, condition: String = "{}"
    ) -> String {
        let actions = actions.map { "\"\($0)\"" }.joined(separator: ",")
        return #"{"Effect":"\#(effect)","Principal":\#(principal),"Action":[\#(actions)],"#
            + #""Resource":"\#(resource)","Condition":\#(condition)}"#
    }

    private func put(_ document: String) throws {
        _ = try aws.send(.putPolicy, body: Fixture.policy(document))
    }

    private func dataAccess(_ target: String, _ permission: String) throws -> AccessGrantsAnswer {
        try aws.send(.getDataAccess, query: [("target", target), ("permission", permission)], as: .analyst)
    }

    private func callerGrants(
        _ query: [(String, String)] = [], as caller: CallerFixture = .analyst
    ) throws -> [String] {
        let list = try aws.document(.listCallerGrants, query: query, as: caller).child("CallerAccessGrantsList")
        return (list?.children("AccessGrant") ?? []).map { $0.children.map(\.text).joined(separator: " ") }
    }
}

/// A small deterministic generator (SplitMix64).
struct SplitMix {
    var state: UInt64

    mutating func next(below bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ (mixed >> 31)) % UInt64(bound))
    }
}
