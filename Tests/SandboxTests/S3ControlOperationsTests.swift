import Testing
import XML

@testable import Sandbox

struct S3ControlOperationsTests {
    typealias Fixture = AccessGrantsFixture
    static let namespace = AccessGrantsBody.namespace
    static let arn = "arn:aws:s3:eu-west-1:111122223333:access-grants/default"
    static let identityCenter = "arn:aws:sso:::instance/ssoins-0123456789abcdef"

    let aws: AccessGrantsFixture

    init() throws {
        aws = try AccessGrantsFixture()
    }

    // MARK: Instance

    @Test func `an instance is made once, read, and deleted when it is empty`() throws {
        let made = try aws.send(.createInstance)
        let expected =
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<CreateAccessGrantsInstanceResult xmlns=\"\(Self.namespace)\">"
            + "<CreatedAt>2026-11-21T02:00:00.123Z</CreatedAt><AccessGrantsInstanceId>default</AccessGrantsInstanceId>"
            + "<AccessGrantsInstanceArn>\(Self.arn)</AccessGrantsInstanceArn></CreateAccessGrantsInstanceResult>"
        #expect(String(decoding: made.body, as: UTF8.self) == expected)
        #expect(try aws.failure(.createInstance) == .instanceAlreadyExists)
        #expect(try members(.getInstance) == ["AccessGrantsInstanceArn", "AccessGrantsInstanceId", "CreatedAt"])
        #expect(try aws.document(.listInstances).child("AccessGrantsInstancesList")?.children.count == 1)
        try aws.makeLocation("s3://")
        #expect(try aws.failure(.deleteInstance) == .instanceNotEmpty)
        _ = try aws.send(.deleteLocation, "default")
        #expect(try aws.send(.deleteInstance) == .empty)
        #expect(try aws.failure(.deleteInstance) == .instanceNotExists)
        #expect(try aws.document(.listInstances).child("AccessGrantsInstancesList")?.children == [])
    }

    @Test func `nothing but making and listing works without an instance`() throws {
        let location = Fixture.location("s3://")
        let tags = "<TagResourceRequest><Tags/></TagResourceRequest>"
        let identity =
            "<AssociateAccessGrantsIdentityCenterRequest><IdentityCenterArn>\(Self.identityCenter)"
            + "</IdentityCenterArn></AssociateAccessGrantsIdentityCenterRequest>"
        let role =
            "<UpdateAccessGrantsLocationRequest><IAMRoleArn>\(Fixture.role)</IAMRoleArn></UpdateAccessGrantsLocationRequest>"
        let target: [(String, String)] = [
            ("target", "s3://lake/*"), ("permission", "READ"), ("s3prefix", "s3://lake/"), ("tagKeys", "a"),
        ]
        for operation in AccessGrantsOperation.allCases
        where operation != .createInstance && operation != .listInstances {
            let (id, body) =
                switch operation {
                case .createLocation: ("", location)
                case .createGrant: ("", Fixture.grant("default", "lake/*"))
                case .updateLocation: ("1", role)
                case .putPolicy: ("", Fixture.policy("{}"))
                case .associateIdentityCenter: ("", identity)
                case .tag: (Self.arn, tags)
                case .untag, .listTags: (Self.arn, "")
                default: ("1", "")
                }
            #expect(try aws.failure(operation, id, query: target, body: body) == .instanceNotExists, "\(operation)")
        }
    }

    @Test func `an instance is associated with Identity Center and dissociated`() throws {
        let body =
            "<CreateAccessGrantsInstanceRequest><IdentityCenterArn>\(Self.identityCenter)</IdentityCenterArn></CreateAccessGrantsInstanceRequest>"
        let made = try aws.document(.createInstance, body: body)
        let application = try #require(made["IdentityCenterArn"])
        #expect(application.hasPrefix("arn:aws:sso::111122223333:application/ssoins-0123456789abcdef/apl-"))
        #expect(
            made.children.map(\.name).suffix(3) == [
                "IdentityCenterArn", "IdentityCenterInstanceArn", "IdentityCenterApplicationArn",
            ])
        #expect(made["IdentityCenterInstanceArn"] == Self.identityCenter)
        #expect(made["IdentityCenterApplicationArn"] == application)
        #expect(try aws.failure(.deleteInstance)?.code == "InvalidRequest")
        #expect(try associate("arn:aws:sso:::instance/ssoins-other")?.code == "InvalidRequest")
        #expect(try associate(Self.identityCenter) == nil)
        #expect(try aws.send(.dissociateIdentityCenter) == .empty)
        #expect(try aws.document(.getInstance)["IdentityCenterArn"] == nil)
        #expect(try associate("arn:aws:iam:::instance/x") == .invalidIdentityCenterInstance)
        #expect(try associate("arn:aws:sso:::instance/ssoins-other") == nil)
        _ = try aws.send(.dissociateIdentityCenter)
        #expect(try aws.send(.deleteInstance) == .empty)
    }

    @Test(arguments: [
        "<CreateAccessGrantsInstanceRequest", "<Other/>", "<CreateAccessGrantsInstanceRequest xmlns=\"urn:x\"/>",
        "<CreateAccessGrantsInstanceRequest><Surprise/></CreateAccessGrantsInstanceRequest>",
        "<CreateAccessGrantsInstanceRequest><Tags/><Tags/></CreateAccessGrantsInstanceRequest>",
        "<CreateAccessGrantsInstanceRequest><Tags><Key/></Tags></CreateAccessGrantsInstanceRequest>",
        "<CreateAccessGrantsInstanceRequest><Tags><Tag><Key>a</Key></Tag></Tags></CreateAccessGrantsInstanceRequest>",
    ])
    func `a document that is not the operation's is malformed`(_ body: String) throws {
        #expect(try aws.failure(.createInstance, body: body) == .malformedXML)
    }

    // MARK: Locations

    @Test func `a location is made, read, given another role, listed and deleted`() throws {
        try aws.makeInstance()
        let id = try aws.makeLocation("s3://lake/raw*")
        let names = ["CreatedAt", "AccessGrantsLocationId", "AccessGrantsLocationArn", "LocationScope", "IAMRoleArn"]
        let read = try aws.document(.getLocation, id)
        #expect(read.children.map(\.name) == names)
        #expect(
            read.children.map(\.text) == [
                "2026-11-21T02:00:00.123Z", id, "\(Self.arn)/location/\(id)", "s3://lake/raw*", Fixture.role,
            ])
        #expect(try aws.failure(.createLocation, body: Fixture.location("s3://lake/raw*")) == .locationAlreadyExists)
        let other = "arn:aws:iam::111122223333:role/other"
        let body =
            "<UpdateAccessGrantsLocationRequest><IAMRoleArn>\(other)</IAMRoleArn></UpdateAccessGrantsLocationRequest>"
        #expect(try aws.document(.updateLocation, id, body: body)["IAMRoleArn"] == other)
        #expect(try aws.makeLocation("s3://") == "default")
        #expect(try locations() == ["s3://lake/raw*", "s3://"])
        #expect(try locations([("locationscope", "s3://lake/raw*")]) == ["s3://lake/raw*"])
        #expect(try locations([("locationscope", "s3://lake/")]) == [])
        #expect(try aws.send(.deleteLocation, id) == .empty)
        for operation in [AccessGrantsOperation.getLocation, .deleteLocation] {
            #expect(try aws.failure(operation, id) == .noSuchLocation)
        }
        #expect(try aws.failure(.updateLocation, id, body: body) == .noSuchLocation)
    }

    @Test(arguments: [
        ("s3://", "arn:aws:iam::111122223333:role/unknown", "InvalidIamRole"),
        ("s3://", "arn:aws:iam::111122223333:role/untrusting", "InvalidIamRole"),
        ("s3://", "arn:aws:iam::444455556666:role/outsider", "InvalidIamRole"),
        ("s3://", "arn:aws:iam::111122223333:user/admin", "InvalidIamRole"), ("s3://", "vend", "InvalidIamRole"),
        ("lake", Fixture.role, "InvalidAccessGrantsLocation"),
        ("s3://none", Fixture.role, "InvalidAccessGrantsLocation"),
        ("s3://far/", Fixture.role, "InvalidAccessGrantsLocation"),
    ])
    func `a location needs a bucket here and a role that trusts`(_ scope: String, _ role: String, _ code: String) throws
    {
        try aws.makeInstance()
        #expect(try aws.failure(.createLocation, body: Fixture.location(scope, role: role))?.code == code)
    }

    @Test func `the role must be one the caller may pass`() throws {
        try aws.makeInstance()
        var caller = Fixture.administrator
        caller.refused = ["iam:PassRole"]
        let failure = try aws.failure(.createLocation, body: Fixture.location("s3://"), as: caller)
        #expect(
            failure
                == .accessDenied(
                    "User: arn:aws:iam::111122223333:user/admin is not authorized to perform: iam:PassRole "
                        + "on resource: \(Fixture.role)"))
    }

    @Test func `quotas are those of the configuration, and name themselves`() throws {
        let aws = try AccessGrantsFixture(limits: AccessGrantsLimits(locations: 1, grants: 1))
        try aws.makeInstance()
        try aws.makeLocation("s3://")
        #expect(try aws.failure(.createLocation, body: Fixture.location("s3://lake")) == .locationsQuotaExceeded(1))
        let grant = try aws.makeGrant("default", "lake/*")
        #expect(try aws.failure(.createGrant, body: Fixture.grant("default", "lake/a*")) == .grantsQuotaExceeded(1))
        _ = try aws.send(.deleteGrant, grant)
        try aws.makeGrant("default", "lake/a*")
    }

    @Test func `changes can take time to spread`() throws {
        let aws = try AccessGrantsFixture(
            limits: AccessGrantsLimits(rolePropagation: 1000, grantDeletionPropagation: 1000))
        try aws.makeInstance()
        let body = Fixture.location("s3://", role: "arn:aws:iam::111122223333:role/fresh")
        #expect(try aws.failure(.createLocation, body: body) == .invalidRole)
        aws.advance(by: 1000)
        _ = try aws.send(.createLocation, body: body)
        _ = try aws.send(.deleteGrant, try aws.makeGrant("default", "lake/*"))
        #expect(try aws.failure(.deleteLocation, "default") == .locationNotEmpty)
        aws.advance(by: 1000)
        #expect(try aws.send(.deleteLocation, "default") == .empty)
    }

    // MARK: Grants

    @Test func `a grant is made, read and deleted`() throws {
        try aws.makeInstance()
        try aws.makeLocation("s3://")
        let made = try aws.document(.createGrant, body: Fixture.grant("default", "lake/raw/*", "READWRITE"))
        let id = try #require(made["AccessGrantId"])
        #expect(
            made.children.map(\.name) == [
                "CreatedAt", "AccessGrantId", "AccessGrantArn", "Grantee", "AccessGrantsLocationId",
                "AccessGrantsLocationConfiguration", "Permission", "GrantScope",
            ])
        #expect(made["AccessGrantArn"] == "\(Self.arn)/grant/\(id)")
        #expect(made["Grantee", "GranteeIdentifier"] == Fixture.analyst)
        #expect(made["AccessGrantsLocationConfiguration", "S3SubPrefix"] == "lake/raw/*")
        let read = try aws.document(.getGrant, id)
        #expect(read["GrantScope"] == "s3://lake/raw/*")
        #expect(Set(read.children.map(\.name)) == Set(made.children.map(\.name)))
        #expect(try aws.failure(.deleteLocation, "default") == .locationNotEmpty)
        #expect(try aws.send(.deleteGrant, id) == .empty)
        #expect(try aws.failure(.getGrant, id) == .noSuchGrant)
        #expect(try aws.failure(.deleteGrant, id) == .noSuchGrant)
    }

    @Test func `a grant is the same by grantee, location, sub-prefix and permission`() throws {
        try aws.makeInstance()
        try aws.makeLocation("s3://")
        let lake = try aws.makeLocation("s3://lake/")
        try aws.makeGrant("default", "lake/a*")
        #expect(try aws.failure(.createGrant, body: Fixture.grant("default", "lake/a*")) == .grantAlreadyExists)
        try aws.makeGrant("default", "lake/a*", "WRITE")
        try aws.makeGrant(lake, "a*")
        try aws.makeGrant("default", "lake/a*", to: Fixture.outsider)
        #expect(try grants() == Array(repeating: "s3://lake/a*", count: 4))
    }

    @Test func `a grant without sub-prefix shows an empty one`() throws {
        try aws.makeInstance()
        let id = try aws.makeGrant(try aws.makeLocation("s3://lake/a*"), nil)
        let read = try aws.document(.getGrant, id)
        #expect(read["GrantScope"] == "s3://lake/a*")
        #expect(read["AccessGrantsLocationConfiguration", "S3SubPrefix"] == "")
    }

    static let badGrants: [(String, String)] = [
        (Fixture.grant("default", nil), "InvalidAccessGrant"), (Fixture.grant("default", "*"), "InvalidAccessGrant"),
        (Fixture.grant("default", "none/*"), "InvalidAccessGrant"),
        (Fixture.grant("default", "far/*"), "InvalidAccessGrant"),
        (Fixture.grant("none", "lake/*"), "NoSuchAccessGrantsLocationError"),
        (Fixture.grant("a_b", "lake/*"), "InvalidRequest"),
        (Fixture.grant("default", "lake/*", to: "arn:aws:iam::111122223333:role/none"), "InvalidRequest"),
        (Fixture.grant("default", "lake/*", to: "nobody"), "InvalidRequest"),
        (Fixture.grant("default", "lake/*", kind: "USER"), "MalformedXML"),
        (Fixture.grant("default", "lake/*", "ALL"), "MalformedXML"),
        (Fixture.grant("default", "lake/*", more: "<S3PrefixType>Object</S3PrefixType>"), "InvalidRequest"),
        (Fixture.grant("default", "lake/*", more: "<S3PrefixType>Prefix</S3PrefixType>"), "MalformedXML"),
        (Fixture.grant("default", "lake/*", more: "<ApplicationArn>x</ApplicationArn>"), "InvalidRequest"),
        (
            Fixture.grant("default", "lake/*", to: "a1b2c3d4-5678-90ab-cdef-EXAMPLE11111", kind: "DIRECTORY_USER"),
            "InvalidRequest"
        ),
        (Fixture.grant("default", "lake/*", more: "<Tags><Tag><Key>aws:a</Key><Value/></Tag></Tags>"), "InvalidTags"),
    ]

    @Test(arguments: badGrants)
    func `a grant that cannot be is refused`(_ body: String, _ code: String) throws {
        try aws.makeInstance()
        try aws.makeLocation("s3://")
        #expect(try aws.failure(.createGrant, body: body)?.code == code)
        #expect(try grants() == [])
    }

    @Test func `grants are listed by page and by filter`() throws {
        try aws.makeInstance()
        try aws.makeLocation("s3://")
        for index in 0..<5 { try aws.makeGrant("default", "lake/\(index)*", index % 2 == 0 ? "READ" : "WRITE") }
        try aws.makeGrant("default", "lake/0*", to: Fixture.outsider)
        #expect(try pages(.listGrants, size: 2) == [["0", "1"], ["2", "3"], ["4", "0"]])
        #expect(try pages(.listGrants, size: 2, [("permission", "READ")]) == [["0", "2"], ["4", "0"]])
        #expect(try grants([("granteeidentifier", Fixture.outsider)]) == ["s3://lake/0*"])
        #expect(try grants([("granteetype", "IAM"), ("grantscope", "s3://lake/3*")]) == ["s3://lake/3*"])
        #expect(try grants([("granteetype", "DIRECTORY_USER")]) == [])
        #expect(try grants([("grantscope", "s3://lake/")]) == [])
        let token = try #require(try aws.document(.listGrants, query: [("maxResults", "1")])["NextToken"])
        for query in [
            [("nextToken", token), ("permission", "READ")], [("nextToken", "x")], [("maxResults", "1001")],
            [("maxResults", "-1")], [("granteetype", "user")], [("permission", "read")],
        ] {
            #expect(try aws.failure(.listGrants, query: query)?.code == "InvalidRequest")
        }
    }

    // MARK: Tags

    @Test func `tags are put, listed and taken from every kind of resource`() throws {
        let tags = "<Tags><Tag><Key>a</Key><Value>1</Value></Tag><Tag><Key>b</Key><Value/></Tag></Tags>"
        _ = try aws.send(
            .createInstance, body: "<CreateAccessGrantsInstanceRequest>\(tags)</CreateAccessGrantsInstanceRequest>")
        let location = try aws.document(.createLocation, body: Fixture.location("s3://", more: tags))
        let grant = try aws.makeGrant("default", "lake/*", more: tags)
        for arn in [Self.arn, try #require(location["AccessGrantsLocationArn"]), "\(Self.arn)/grant/\(grant)"] {
            #expect(try tagsOf(arn) == ["a=1", "b="])
            let more =
                "<TagResourceRequest><Tags><Tag><Key>a</Key><Value>2</Value></Tag><Tag><Key>c</Key><Value>3</Value></Tag></Tags></TagResourceRequest>"
            #expect(try aws.send(.tag, arn, body: more) == .noContent)
            #expect(try tagsOf(arn) == ["a=2", "b=", "c=3"])
            #expect(
                try aws.send(.untag, arn, query: [("tagKeys", "b"), ("tagKeys", "a"), ("tagKeys", "z")]) == .noContent)
            #expect(try tagsOf(arn) == ["c=3"])
        }
        let many = (1...50).map { "<Tag><Key>k\($0)</Key><Value/></Tag>" }.joined()
        let body = "<TagResourceRequest><Tags>\(many)</Tags></TagResourceRequest>"
        #expect(try aws.failure(.tag, Self.arn, body: body) == .tooManyTags)
        #expect(try aws.failure(.listTags, "\(Self.arn)/grant/none") == .noSuchGrant)
        #expect(try aws.failure(.listTags, "\(Self.arn)/location/none") == .noSuchLocation)
        #expect(try aws.failure(.listTags, "arn:aws:s3:::lake")?.code == "InvalidRequest")
        #expect(try aws.failure(.untag, Self.arn)?.code == "InvalidRequest")
        #expect(try aws.failure(.tag, Self.arn, body: "<TagResourceRequest/>") == .malformedXML)
        _ = try aws.send(.deleteGrant, grant)
        #expect(try aws.failure(.listTags, "\(Self.arn)/grant/\(grant)") == .noSuchGrant)
    }

    // MARK: Parts

    private func members(_ operation: AccessGrantsOperation) throws -> [String] {
        try aws.document(operation).children.map(\.name)
    }

    private func associate(_ arn: String) throws -> AccessGrantsError? {
        let body =
            "<AssociateAccessGrantsIdentityCenterRequest><IdentityCenterArn>\(arn)</IdentityCenterArn></AssociateAccessGrantsIdentityCenterRequest>"
        return try aws.failure(.associateIdentityCenter, body: body)
    }

    private func locations(_ query: [(String, String)] = []) throws -> [String?] {
        let list = try aws.document(.listLocations, query: query).child("AccessGrantsLocationsList")
        return (list?.children("AccessGrantsLocation") ?? []).map { $0["LocationScope"] }
    }

    private func grants(_ query: [(String, String)] = []) throws -> [String?] {
        let list = try aws.document(.listGrants, query: query).child("AccessGrantsList")
        return (list?.children("AccessGrant") ?? []).map { $0["GrantScope"] }
    }

    /// The names of the grants on each page, followed by token.
    private func pages(
        _ operation: AccessGrantsOperation, size: Int, _ query: [(String, String)] = []
    ) throws -> [[String]] {
        var pages: [[String]] = []
        var next: String?
        repeat {
            let paging = [("maxResults", "\(size)")] + (next.map { [("nextToken", $0)] } ?? [])
            let document = try aws.document(operation, query: query + paging)
            let items = document.child("AccessGrantsList")?.children ?? []
            pages.append(items.map { String(($0["GrantScope"] ?? "").dropFirst(10).dropLast()) })
            next = document["NextToken"]
        } while next != nil
        return pages
    }

    private func tagsOf(_ arn: String) throws -> [String] {
        let tags = try aws.document(.listTags, arn).child("Tags")?.children ?? []
        return tags.map { "\($0["Key"] ?? "")=\($0["Value"] ?? "")" }
    }
}
