import Domain
import Foundation
import HTTPTypes
import TestSupport
import Testing

@testable import API

/// Requests about users and the audit log that are refused for their form, each with its faults.
@Suite struct MalformedUserTests {
    private static let users = "/bim/iam/bim/user"
    private static let permissions =
        "must be one of APPLICATION_ADMIN, AUDIT, CREATE_S3_DATASOURCE, GOVERNANCE, USER_ADMIN"
    private static let centerID = "must be an id of IAM Identity Center, a UUID"
    private static let moment = "must be a moment in ISO 8601, such as 2030-01-31T12:00:00Z"

    private static func ids(_ json: String) -> String {
        #"{"userid":"a","profile":{"name":"A","externalUserIds":\#(json)}}"#
    }

    private static let creations: [(String, [String])] = [
        ("[]", ["body: must be an object, not an array"]),
        ("{}", ["userid: is required", "profile: is required"]),
        (
            #"{"iamid":"okta","userid":7,"profile":[],"permissions":{},"password":"x"}"#,
            [
                #"iamid: must be "bim""#, "userid: must be a string, not a number",
                "permissions: must be an array, not an object", "profile: must be an object, not an array",
                "password: is not a known member",
            ]
        ),
        (
            #"{"userid":"","profile":{},"permissions":["AUDIT","audit",7]}"#,
            [
                "userid: must not be empty", "permissions[2]: must be a string, not a number",
                "permissions[1]: \(permissions)", "profile.name: is required",
            ]
        ),
        (
            #"{"userid":"a\u0000","profile":{"name":" "}}"#,
            ["userid: must not contain control characters", "profile.name: must not be blank"]
        ),
        (#"{"userid":"a","profile":{"name":null}}"#, ["profile.name: is required"]),
        (
            #"{"userid":"a","profile":{"name":"A","email":"a","id":1}}"#,
            ["profile.email: must be an e-mail address", "profile.id: is not a known member"]
        ),
        (#"{"userid":"a","profile":{"name":"A","email":"a@b@c"}}"#, ["profile.email: must be an e-mail address"]),
        (#"{"userid":"a","profile":{"name":"A","email":"a b@c"}}"#, ["profile.email: must be an e-mail address"]),
        (ids("[]"), ["profile.externalUserIds: must be an object, not an array"]),
        (
            ids(#"{"awsIamPrincipalArn":7,"awsIdentityCenterUserId":"x","awsIdentityCenterGroupIds":"y","azure":1}"#),
            [
                "awsIamPrincipalArn: must be a string, not a number", "awsIdentityCenterUserId: \(centerID)",
                "awsIdentityCenterGroupIds: must be an array, not a string", "azure: is not a known member",
            ].map { "profile.externalUserIds.\($0)" }
        ),
        (
            ids(#"{"awsIdentityCenterGroupIds":["c4a88d3f-5b9e-4f0a-8d7c-1b6e3a5f9c21","x"]}"#),
            ["profile.externalUserIds.awsIdentityCenterGroupIds[1]: \(centerID)"]
        ),
    ]

    private static let queries: [(String, [String])] = [
        ("/bim/user?size=0", ["query.size: must be a whole number from 1 to 1000"]),
        (
            "/bim/user?size=1001&offset=-1&page=2",
            [
                "query.size: must be a whole number from 1 to 1000",
                "query.offset: must be a whole number from 0 to 2147483647",
                "query.page: is not a known parameter",
            ]
        ),
        ("/bim/user?searchText=%00", ["query.searchText: must not contain control characters"]),
        ("/bim/iam/bim/user/ada?x=1", ["query.x: is not a known parameter"]),
        ("/bim/iam/bim/user/%zz", ["userid: is not well encoded"]),
        (
            "/audit?from=yesterday&until=2026-13-01T00:00:00Z&limit=0&after=-1",
            [
                "query.after: must be a whole number from 0 to 9223372036854775807",
                "query.limit: must be a whole number from 1 to 1000000", "query.from: \(moment)",
                "query.until: \(moment)",
            ]
        ),
        (
            "/audit?targetType=file",
            [
                "query.targetType: must be one of integration, dataSource, access, user, apiKey, token, accessGrant, auditLog, object"
            ]
        ),
        ("/audit?actor=a&actor=b", ["query.actor: is given twice"]),
    ]

    private static let changes: [(HTTPRequest.Method, String, String?, [String])] = [
        (
            .put, "admin/profile", #"{"name":null,"userid":"x"}"#,
            ["name: is required", "userid: is not a known member"]
        ),
        (
            .put, "admin/profile", #"{"externalUserIds":7,"email":""}"#,
            [
                "email: must not be empty", "externalUserIds: must be an object, not a number",
            ]
        ),
        (.put, "admin/permissions", "{}", ["permissions: is required"]),
        (.put, "admin/permissions", #"{"permissions":null}"#, ["permissions: is required"]),
        (.put, "admin/permissions", #"{"permissions":["X"]}"#, ["permissions[0]: \(permissions)"]),
        (
            .put, "%zz/permissions?x=1", #"{"permissions":[1]}"#,
            [
                "userid: is not well encoded", "query.x: is not a known parameter",
                "permissions[0]: must be a string, not a number",
            ]
        ),
        (.delete, "admin?force=true", nil, ["query.force: is not a known parameter"]),
        (.delete, "admin", #"{"a":1}"#, ["a: is not a known member"]),
    ]

    @Test func `every malformed request is told all its faults, and changes nothing`() async throws {
        let table =
            Self.creations.map { (HTTPRequest.Method.post, Self.users, $0.0 as String?, $0.1) }
            + Self.queries.map { (.get, $0.0, nil, $0.1) }
            + Self.changes.map { ($0.0, "\(Self.users)/\($0.1)", $0.2, $0.3) }
        let stage = try await RequestStage()
        let before = try await stage.identities.users()
        try await stage.run { client in
            for (method, path, body, faults) in table {
                let answer = try await client.send(method, path, body)
                let about = Comment(rawValue: "\(method) \(path) \(body ?? ""): \(answer.text)")
                #expect(answer.status == 400, about)
                #expect(answer.faults == faults, about)
                #expect(answer.message == "Invalid request: " + faults.joined(separator: "; "), about)
                #expect(answer.shapeFaults == [], about)
            }
            let action = try await client.send(.get, "/audit?action=x")
            #expect(action.faults?.count == 1)
        }
        #expect(try await stage.identities.users() == before)
    }

    /// What may not be a grantee, and why.
    @Test(arguments: [
        ("ada", "it has neither the form arn:aws:iam::123456789012:role/NAME nor …:user/NAME"),
        (
            "arn:aws:sts::123456789012:assumed-role/ada/session",
            "it names a session; name the role that is assumed: arn:aws:iam::123456789012:role/NAME"
        ),
        ("arn:aws:iam::123456789012:root", "it names a whole account; only a user or a role can be a grantee"),
        ("arn:aws:iam::123456789012:group/data", "it names a group; only a user or a role can be a grantee"),
        ("arn:aws:iam::123456789012:policy/p", "it names neither a user (user/NAME) nor a role (role/NAME)"),
        ("arn:aws:s3:::bucket", "it names neither a user (user/NAME) nor a role (role/NAME)"),
        ("arn:aws:s3:::user/x", "it is not the ARN of an IAM resource"),
        ("arn:aws:iam::12345:user/ada", "its account id is not twelve digits"),
        ("arn:gcp:iam::123456789012:user/ada", "\"gcp\" is not an AWS partition"),
        ("arn:aws:iam::123456789012:user/", "its user name is not 1 to 64 of letters, digits and +=,.@_-"),
        ("arn:aws:iam::123456789012:role/a b", "its role name is not 1 to 64 of letters, digits and +=,.@_-"),
        ("arn:aws:iam::123456789012:user", "it does not name a user (user/NAME)"),
    ])
    func `a principal that cannot be a grantee is refused with the reason`(_ arn: String, _ reason: String) async throws
    {
        let stage = try await RequestStage()
        try await stage.run { client in
            let answer = try await client.send(.post, Self.users, Self.ids(#"{"awsIamPrincipalArn":"\#(arn)"}"#))
            let fault = "profile.externalUserIds.awsIamPrincipalArn: must be the ARN of an IAM user or role: \(reason)"
            #expect(answer.faults == [fault])
        }
    }
}
