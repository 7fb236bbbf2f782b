import Testing

@testable import Sandbox

struct S3ControlRulesTests {
    static let directory = Grantee(kind: .directoryUser, trusted: "a1b2c3d4-5678-90ab-cdef-EXAMPLE11111")
    static let iam = Grantee(kind: .iam, trusted: AccessGrantsFixture.analyst)

    @Test(arguments: ["s3://", "s3://lake", "s3://lake/", "s3://lake/a b/é*", "s3://lake*", "s3://lake/a*b"])
    func `a location scope is an S3 path`(_ text: String) throws {
        #expect(try LocationScope(text).text == text)
    }

    @Test(arguments: [
        "", "s3:/", "S3://lake", "s3://*", "s3:///a", "s3://La", "s3://lake_1/", "s3://la..ke/", "s3://-lake/",
        "lake/a",
        "s3://lake/\u{7}", "s3://lake/\n", "s3://lake/" + String(repeating: "x", count: 1991),
        "s3://lake/e" + String(repeating: "\u{301}", count: 2000),
    ])
    func `anything else is refused as a location scope`(_ text: String) {
        #expect(throws: AccessGrantsError.invalidLocation) { try LocationScope(text) }
    }

    @Test(arguments: [
        ("s3://", "lake/*", "s3://lake/*"), ("s3://", "lake/a*", "s3://lake/a*"), ("s3://", "lake*", "s3://lake*"),
        ("s3://", "lake", "s3://lake"), ("s3://lake", "A/*", "s3://lake/A/*"), ("s3://lake", "/A/*", "s3://lake/A/*"),
        ("s3://lake", "*", "s3://lake/*"), ("s3://lake/", "A/*", "s3://lake/A/*"),
        ("s3://lake/a", "b*", "s3://lake/ab*"),
        ("s3://lake/a*", "b*", "s3://lake/ab*"), ("s3://lake*", "b*", "s3://lake/b*"),
        ("s3://lake/a*", "", "s3://lake/a*"),
        ("s3://lake", "", "s3://lake"),
    ])
    func `a grant's scope is its location with the sub-prefix behind it`(
        _ location: String, _ subPrefix: String, _ scope: String
    ) throws {
        #expect(
            try GrantScope(location: try LocationScope(location), subPrefix: subPrefix, isObject: false).text == scope)
    }

    @Test(arguments: [("s3://", ""), ("s3://", "*"), ("s3://", "/x"), ("s3://", "Lake/*"), ("s3://lake/", "a\n")])
    func `a sub-prefix that makes no path is no grant`(_ location: String, _ subPrefix: String) {
        #expect(throws: AccessGrantsError.invalidGrant) {
            try GrantScope(location: try LocationScope(location), subPrefix: subPrefix, isObject: false)
        }
    }

    @Test(arguments: [("lake/a", true), ("lake/a*", false), ("lake/", false), ("lake", false)])
    func `a grant on an object names one`(_ subPrefix: String, _ isFine: Bool) {
        let made = try? GrantScope(location: try LocationScope("s3://"), subPrefix: subPrefix, isObject: true)
        #expect((made != nil) == isFine)
    }

    @Test(arguments: [
        ("s3://b1b/*", "s3://b1b/x", true), ("s3://b1b*", "s3://b1b/x", true), ("s3://b1b*", "s3://b1bb/x", false),
        ("s3://b1b/*", "s3://b1b*", true), ("s3://b1b/*", "s3://b1b", true), ("s3://b1b/bob/*", "s3://b1b/bob/*", true),
        ("s3://b1b/bob/*", "s3://b1b/bob*", false), ("s3://b1b/bob/*", "s3://b1b/bob/", true),
        ("s3://b1b/bob/", "s3://b1b/bob/", true), ("s3://b1b/bob/", "s3://b1b/bob/x", false),
        ("s3://b1b/bob/", "s3://b1b/bob/*", false), ("s3://b1b/é*", "s3://b1b/e\u{301}", false),
        ("s3://b1b/é", "s3://b1b/e\u{301}", false),
    ])
    func `a scope covers what lies under it`(_ scope: String, _ target: String, _ covers: Bool) throws {
        #expect(try #require(S3Path(scope)).covers(try #require(S3Path(target))) == covers)
    }

    static let matches: [([String], String, String, String?)] = [
        (["bob/*", "bob/reports/*"], "bob/*", "Default", "bob/*"),
        (["bob/*", "bob/reports/*"], "bob/", "Minimal", "bob/"),
        (["bob/*", "bob/reports/*"], "bob/images/*", "Minimal", "bob/images/*"),
        (["bob/*", "bob/reports/*"], "bob/reports/file.txt", "Default", "bob/reports/*"),
        (["bob/reports/*", "bob/*"], "bob/reports/file.txt", "Default", "bob/reports/*"),
        (["bob/*", "bob/reports/*"], "bob/reports/file.txt", "Minimal", "bob/reports/file.txt"),
        (["bob/x*", "bob/x"], "bob/x", "Default", "bob/x"),
        (["bob/*"], "bo", "Default", nil), (["bob/x"], "bob/x*", "Default", nil), ([], "bob/x", "Default", nil),
    ]

    /// The table of "Request access to Amazon S3 data through S3 Access Grants", and what it leaves open.
    @Test(arguments: matches)
    func `the most restrictive grant answers`(
        _ scopes: [String], _ target: String, _ privilege: String, _ expected: String?
    ) throws {
        let question = try DataAccessQuestion(
            target: "s3://b1b/\(target)", permission: .read,
            privilege: try #require(DataAccessQuestion.Privilege(rawValue: privilege)), isObject: false)
        let candidates = try scopes.enumerated().map { index, scope in try candidate(index, "s3://b1b/\(scope)") }
        #expect(question.match(among: candidates)?.scope.text == expected.map { "s3://b1b/\($0)" })
    }

    @Test func `every identity counts, and between equals the older grant`() throws {
        let question = try DataAccessQuestion(
            target: "s3://b1b/bob/images/1.jpeg", permission: .read, privilege: .default, isObject: true)
        let wide = try candidate(1, "s3://b1b/bob/*", Self.iam)
        let narrow = try candidate(2, "s3://b1b/bob/images/*", Self.directory)
        let later = try candidate(3, "s3://b1b/bob/images/*", Self.iam)
        #expect(question.match(among: [wide, later, narrow])?.grant == narrow)
        #expect(question.match(among: [wide, narrow, later])?.grant == narrow)
    }

    @Test func `READWRITE answers everything and nothing else adds up to it`() {
        let satisfied = AccessGrantPermission.allCases.map { grant in
            AccessGrantPermission.allCases.map { grant.satisfies($0) }
        }
        #expect(satisfied == [[true, false, false], [false, true, false], [true, true, true]])
    }

    @Test(arguments: [
        ("arn:aws:s3:eu-west-1:111122223333:access-grants/default", AccessGrantsARN.Resource.instance),
        ("arn:aws:s3:eu-west-1:111122223333:access-grants/default/location/default", .location("default")),
        ("arn:aws-cn:s3:cn-north-1:111122223333:access-grants/default/grant/1a-B", .grant("1a-B")),
    ])
    func `an ARN is read and written the same`(_ text: String, _ resource: AccessGrantsARN.Resource) throws {
        let arn = try #require(AccessGrantsARN(text))
        #expect(arn.description == text)
        #expect(arn.resource == resource)
    }

    @Test(arguments: [
        "", "arn:aws:s3:::bucket", "arn:aws:s3:eu-west-1:1:access-grants/default",
        "arn:aws:s3:cn-north-1:111122223333:access-grants/default",
        "arn:aws:s3:eu-west-1:111122223333:access-grants/other",
        "arn:aws:s3:eu-west-1:111122223333:access-grants/default/",
        "arn:aws:s3:eu-west-1:111122223333:access-grants/default/grant/",
        "arn:aws:s3:eu-west-1:111122223333:access-grants/default/grant/a/b",
        "arn:aws:s3:eu-west-1:111122223333:access-grants/default/key/a",
    ])
    func `other ARNs are not of Access Grants`(_ text: String) {
        #expect(AccessGrantsARN(text) == nil)
    }

    @Test(arguments: [
        (Grantee.Kind.iam, "arn:aws:iam::111122223333:role/a/b", true),
        (.iam, "arn:aws:iam::111122223333:user/a@b.c", true),
        (.iam, "arn:aws:sts::111122223333:assumed-role/a/b", false), (.iam, "arn:aws:iam::111122223333:root", false),
        (.iam, "arn:aws:iam::111122223333:group/a", false), (.iam, "arn:aws:iam::111122223333:role/", false),
        (.iam, "arn:aws:iam::1:role/a", false), (.iam, "arn:aws:iam::111122223333:role/*", false),
        (.directoryUser, "a1b2c3d4-5678-90ab-cdef-EXAMPLE11111", true),
        (.directoryGroup, "906703f0a1-a1b2c3d4-5678-90ab-cdef-0123456789ab", true), (.directoryUser, "bob", false),
        (.directoryGroup, "arn:aws:iam::111122223333:role/a", false),
    ])
    func `a grantee is a user, a role or a directory id`(_ kind: Grantee.Kind, _ text: String, _ isFine: Bool) {
        #expect(((try? Grantee(kind: kind, identifier: text)) != nil) == isFine)
    }

    @Test func `tags are held to AWS's rules`() {
        func code(_ tags: [(String, String)]) -> String? {
            do throws(AccessGrantsError) {
                try ResourceTag.check(tags.map { ResourceTag(key: $0.0, value: $0.1) })
                return nil
            } catch { return error.code }
        }
        #expect(code([("Größe +-=._:/@1", "")]) == nil)
        #expect(code([("", "v")]) == "InvalidTag")
        #expect(code([(String(repeating: "k", count: 129), "v")]) == "InvalidTag")
        #expect(code([("k", String(repeating: "v", count: 257))]) == "InvalidTag")
        #expect(code([("k", "a,b")]) == "InvalidTag")
        #expect(code([("k", "1"), ("k", "2")]) == "InvalidTag")
        #expect(code([("aws:k", "v")]) == "InvalidTags")
        #expect(code((0...50).map { ("k\($0)", "v") }) == "TooManyTags")
        #expect(code((1...50).map { ("k\($0)", "v") }) == nil)
    }

    @Test func `a page token belongs to its list`() throws {
        let token = ListPage.token(after: 1234, of: "a")
        #expect(try ListPage(maxResults: "0", nextToken: token, of: "a").after == 1234)
        for (token, list) in [(token, "b"), ("", "a"), ("AAAA", "a"), (String(token.dropLast(4)), "a"), ("é", "a")] {
            #expect(throws: AccessGrantsError.invalidRequest("The next token is not valid")) {
                try ListPage(maxResults: nil, nextToken: token, of: list)
            }
        }
    }

    @Test(arguments: ["-1", "1001", "x", "9223372036854775808"])
    func `a page holds up to 1,000`(_ maxResults: String) {
        #expect(throws: AccessGrantsError.self) { try ListPage(maxResults: maxResults, nextToken: nil, of: "a") }
    }

    private func candidate(
        _ sequence: Int, _ scope: String, _ grantee: Grantee = iam
    ) throws -> DataAccessCandidate {
        DataAccessCandidate(
            sequence: Int64(sequence), scope: try #require(S3Path(scope)), permission: .read, grantee: grantee,
            locationID: "default")
    }
}

struct S3ControlRouteTests {
    static let id = "1312c9eb-96f6-4c71-84ea-a5843f9906e6"
    static let routes: [(String, String, AccessGrantsOperation, String)] = [
        ("POST", "accessgrantsinstance", .createInstance, ""), ("GET", "accessgrantsinstance", .getInstance, ""),
        ("DELETE", "accessgrantsinstance", .deleteInstance, ""), ("GET", "accessgrantsinstances", .listInstances, ""),
        ("GET", "accessgrantsinstance/prefix", .getInstanceForPrefix, ""),
        ("PUT", "accessgrantsinstance/resourcepolicy", .putPolicy, ""),
        ("GET", "accessgrantsinstance/resourcepolicy", .getPolicy, ""),
        ("DELETE", "accessgrantsinstance/resourcepolicy", .deletePolicy, ""),
        ("POST", "accessgrantsinstance/identitycenter", .associateIdentityCenter, ""),
        ("DELETE", "accessgrantsinstance/identitycenter", .dissociateIdentityCenter, ""),
        ("POST", "accessgrantsinstance/location", .createLocation, ""),
        ("GET", "accessgrantsinstance/location/\(id)", .getLocation, id),
        ("PUT", "accessgrantsinstance/location/\(id)", .updateLocation, id),
        ("DELETE", "accessgrantsinstance/location/default", .deleteLocation, "default"),
        ("GET", "accessgrantsinstance/locations", .listLocations, ""),
        ("POST", "accessgrantsinstance/grant", .createGrant, ""),
        ("GET", "accessgrantsinstance/grant/\(id)", .getGrant, id),
        ("DELETE", "accessgrantsinstance/grant/\(id)", .deleteGrant, id),
        ("GET", "accessgrantsinstance/grants", .listGrants, ""),
        ("GET", "accessgrantsinstance/dataaccess", .getDataAccess, ""),
        ("GET", "accessgrantsinstance/caller/grants", .listCallerGrants, ""), ("POST", "tags/a%3Ab/c", .tag, "a%3Ab/c"),
        ("DELETE", "tags/a%3Ab/c", .untag, "a%3Ab/c"), ("GET", "tags/a%3Ab/c", .listTags, "a%3Ab/c"),
    ]

    @Test func `every operation has one route`() {
        #expect(Set(Self.routes.map(\.2)) == Set(AccessGrantsOperation.allCases))
    }

    @Test(arguments: routes)
    func `a method and a path name an operation`(
        _ method: String, _ path: String, _ operation: AccessGrantsOperation, _ target: String
    ) throws {
        let route = try AccessGrantsRoute(method: method, path: "/v20180820/\(path)") { $0 }
        #expect(route == AccessGrantsRoute(operation: operation, target: target))
    }

    @Test(arguments: [
        ("PATCH", "/v20180820/accessgrantsinstance", "MethodNotAllowed"),
        ("POST", "/v20180820/accessgrantsinstance/grants", "MethodNotAllowed"),
        ("PUT", "/v20180820/accessgrantsinstance/grant/1", "MethodNotAllowed"),
        ("GET", "/v20180820/accessgrantsinstance/grant/", "InvalidURI"),
        ("GET", "/v20180820/accessgrantsinstance/grant/a_b", "InvalidRequest"),
        ("GET", "/v20180820/accessgrantsinstance/", "InvalidURI"), ("GET", "/v20180820/tags/", "InvalidURI"),
        ("GET", "/v20180820/jobs", "InvalidURI"), ("GET", "/bucket", "InvalidURI"),
    ])
    func `everything else is refused`(_ method: String, _ path: String, _ code: String) {
        let error = #expect(throws: AccessGrantsError.self) {
            try AccessGrantsRoute(method: method, path: path) { $0 }
        }
        #expect(error?.code == code)
    }
}
