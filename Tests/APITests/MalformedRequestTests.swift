import Domain
import Foundation
import HTTPTypes
import TestSupport
import Testing

@testable import API

/// A request that must be refused, and its exact answer.
struct Refusal {
    var name: String
    var method: HTTPRequest.Method
    var uri: String
    var bytes: [UInt8]?
    var key: String? = RequestStage.adminKey
    var headers: [(String, String)] = []
    var status: Int
    var message: String
    var faults: [String]?
    var allow: String?

    /// Faults of the form.
    static func invalid(
        _ method: HTTPRequest.Method, _ uri: String, _ body: String? = nil, headers: [(String, String)] = [],
        _ faults: String...
    ) -> Refusal {
        Refusal(
            name: "\(method) \(uri) \(body?.prefix(200) ?? "") \(headers)", method: method, uri: uri,
            bytes: body.map { Array($0.utf8) }, headers: headers, status: 400,
            message: "Invalid request: " + faults.joined(separator: "; "), faults: faults)
    }

    static func other(
        _ method: HTTPRequest.Method, _ uri: String, _ bytes: [UInt8]? = nil, key: String? = RequestStage.adminKey,
        headers: [(String, String)] = [], _ status: Int, _ message: String, allow: String? = nil
    ) -> Refusal {
        Refusal(
            name: "\(method) \(uri) \(String(decoding: bytes?.prefix(100) ?? [], as: UTF8.self)) \(headers)",
            method: method, uri: uri, bytes: bytes, key: key, headers: headers, status: status, message: message,
            allow: allow)
    }

    /// One member of config, given as raw JSON.
    static func config(_ member: String, _ value: String?, _ fault: String) -> Refusal {
        .invalid(
            .post, "/integrations", Body.integration([member: value] as [String: String?]), "config.\(member): \(fault)"
        )
    }
}

struct MalformedRequestTests {
    @Test func `every malformed request has its exact answer and leaves no row`() async throws {
        let table: [Refusal] = [
            wrongTypes, members, values, credentials, json, bodies, methods, paths, headers, keys,
        ].flatMap(\.self)
        #expect(table.count >= 250)
        let stage = try await RequestStage()
        try await stage.run { client in
            for refusal in table {
                let answer = try await client.send(
                    refusal.method, refusal.uri, bytes: refusal.bytes, key: refusal.key, headers: refusal.headers)
                let about = Comment(rawValue: "\(refusal.name): \(answer.text.prefix(300))")
                #expect(answer.status == refusal.status, about)
                #expect(answer.message == refusal.message, about)
                #expect(answer.faults == refusal.faults, about)
                #expect(answer.shapeFaults == [], about)
                #expect(answer.headers[.allow] == refusal.allow, about)
            }
        }
        #expect(try await stage.integrations.integrations() == [])
        #expect(try await stage.identities.keys(of: nil).count == 1)
    }

    /// Every member of a creation × every JSON type it must not have.
    private var wrongTypes: [Refusal] {
        let kinds = [
            ("7", "a number"), ("true", "a boolean"), ("[]", "an array"), ("{}", "an object"), (#""x""#, "a string"),
        ]
        var table: [Refusal] = []
        for member in [
            "name", "awsAccountId", "awsRegion", "awsLocationRole", "awsLocationPath", "authenticationType",
            "awsRoleToAssume",
        ] {
            for (json, kind) in kinds where kind != "a string" {
                table.append(.config(member, json, "must be a string, not \(kind)"))
            }
        }
        for (json, kind) in kinds where kind != "an object" {
            let body = #"{"type":"Native S3","autoBootstrap":false,"config":\#(json)}"#
            table.append(.invalid(.post, "/integrations", body, "config: must be an object, not \(kind)"))
            table.append(.invalid(.post, "/integrations", json, "body: must be an object, not \(kind)"))
            table.append(.invalid(.post, "/bim/apikey", json, "body: must be an object, not \(kind)"))
        }
        for (json, kind) in kinds where kind != "a boolean" {
            let body = #"{"type":"Native S3","autoBootstrap":\#(json),"config":\#(Body.config())}"#
            table.append(.invalid(.post, "/integrations", body, "autoBootstrap: must be a boolean, not \(kind)"))
        }
        for (json, kind) in kinds where kind != "a string" {
            table.append(
                .invalid(.post, "/integrations", Body.integration(type: json), "type: must be a string, not \(kind)"))
            table.append(.invalid(.post, "/bim/apikey", #"{"name":\#(json)}"#, "name: must be a string, not \(kind)"))
        }
        return table
    }

    private var members: [Refusal] {
        let required = Body.config.map(\.0)
        let missing = required.map { Refusal.config($0, nil, "is required") }
        let null = required.map { Refusal.config($0, "null", "is required") }
        let extra = ["nam", "Name", "awsSessionToken", "__proto__", "", "naïve", "💥"].map {
            Refusal.config($0, "1", "is not a known member")
        }
        let whole: [Refusal] = [
            .invalid(
                .post, "/integrations", "{}", "type: is required", "autoBootstrap: is required", "config: is required"),
            .invalid(
                .post, "/integrations", #"{"type":"Native S3","autoBootstrap":false,"config":{}}"#,
                "config.name: is required", "config.awsAccountId: is required", "config.awsRegion: is required",
                "config.awsLocationRole: is required", "config.awsLocationPath: is required",
                "config.authenticationType: is required"),
            .invalid(
                .post, "/integrations", #"{"type":"Native S3","autoBootstrap":true,"config":\#(Body.config())}"#,
                "autoBootstrap: must be false"),
            .invalid(.post, "/integrations", Body.integration(type: #""Snowflake""#), #"type: must be "Native S3""#),
            .invalid(.post, "/integrations", Body.integration(type: #""""#), "type: must not be empty"),
            .invalid(
                .post, "/integrations",
                #"{"id":"1","type":"Native S3","autoBootstrap":false,"config":\#(Body.config())}"#,
                "id: is not a known member"),
            .invalid(
                .put, "/integrations/1",
                #"{"id":"2","type":"Native S3","autoBootstrap":false,"config":\#(Body.config())}"#,
                #"id: must be "1", as in the path, or be left out"#),
            .config("awsExternalId", #""mine""#, "is read-only: the server makes it"),
        ]
        return [missing, null, extra, whole].flatMap(\.self)
    }

    private var values: [Refusal] {
        let long = { (count: Int) in "\"" + String(repeating: "a", count: count) + "\"" }
        let account = "must be twelve digits"
        let region = "must be a Region code such as us-east-1"
        let control = "must not contain control characters"
        let bucket = { (name: String) in "\"\(name)\" is not a bucket name: 3 to 63 of a-z, 0-9, '.' and '-'" }
        return [
            .config("name", #""""#, "must not be empty"), .config("name", #""  ""#, "must not be blank"),
            .config("name", long(256), "must be at most 255 characters"),
            .config("name", long(1_000_000), "must be at most 255 characters"),
            .config("name", #""a\u0000b""#, control), .config("name", #""a\nb""#, control),
            .config("name", #""a\u007f""#, control), .config("name", #""a\u0085""#, control),
            .config("awsAccountId", #""12345678901""#, account), .config("awsAccountId", #""1234567890123""#, account),
            .config("awsAccountId", #""12345678901a""#, account), .config("awsAccountId", #""-12345678901""#, account),
            .config("awsAccountId", #""١٢٣٤٥٦٧٨٩٠١٢""#, account),
            .config("awsAccountId", #""' OR '1'='1""#, account),
            .config("awsRegion", #""EU-WEST-1""#, region), .config("awsRegion", #""eu west 1""#, region),
            .config("awsRegion", #""eu-west""#, region), .config("awsRegion", #""evil.example/#-a-1""#, region),
            .config("awsRegion", #""eu-west-١""#, region), .config("awsRegion", #""\u202Eeu-west-1""#, region),
            .config("awsRegion", long(65), "must be at most 64 characters"),
            .config("awsLocationRole", long(2049), "must be at most 2048 characters"),
            .config("awsLocationRole", #""arn\r\nX: y""#, control),
            .config("awsLocationPath", #""research""#, "must start with s3://"),
            .config("awsLocationPath", #""S3://research/""#, "must start with s3://"),
            .config("awsLocationPath", #""https://research/""#, "must start with s3://"),
            .config("awsLocationPath", #""s3://Research/""#, bucket("Research")),
            .config("awsLocationPath", #""s3://ab/""#, bucket("ab")),
            .config("awsLocationPath", #""s3://a..b/""#, bucket("a..b")),
            .config("awsLocationPath", #""s3:///x/""#, bucket("")),
            .config("awsLocationPath", #""s3://a';--/""#, bucket("a';--")),
            .config("awsLocationPath", #""s3://research/a*b/""#, "may have one * at its end only"),
            .config("awsLocationPath", #""s3://research/**""#, "may have one * at its end only"),
            .config(
                "awsLocationPath", #""s3://research/a""#,
                "must end in / when it names a prefix: s3://bucket/prefix/"),
            .config("awsLocationPath", #""s3://research//""#, "must not have an empty segment (//)"),
            .config("awsLocationPath", #""s3://research/a\u0000/""#, control),
            .config("authenticationType", #""Auto""#, #"must be "auto" or "accessKey""#),
            .config("authenticationType", #""iam""#, #"must be "auto" or "accessKey""#),
            .config(
                "awsRoleToAssume", #""role""#,
                "must be the ARN of an IAM role: it does not have the form arn:aws:iam::123456789012:role/NAME"),
            .config(
                "awsRoleToAssume", #""arn:aws:s3:::role""#,
                "must be the ARN of an IAM role: it is not the ARN of an IAM resource"),
        ]
    }

    private var credentials: [Refusal] {
        func accessKey(_ id: String?, _ secret: String?, _ faults: String...) -> Refusal {
            let body = Body.integration([
                "authenticationType": #""accessKey""#, "awsAccessKeyId": id, "awsSecretAccessKey": secret,
            ])
            return Refusal(
                name: body, method: .post, uri: "/integrations", bytes: Array(body.utf8), status: 400,
                message: "Invalid request: " + faults.joined(separator: "; "), faults: faults)
        }
        let id = #""AKIAIOSFODNN7EXAMPLE""#
        let form = "config.awsAccessKeyId: must be 16 to 128 letters, digits and underscores"
        let required = "is required with authenticationType accessKey"
        let visible = "config.awsSecretAccessKey: must be visible ASCII characters only"
        return [
            accessKey(nil, nil, "config.awsAccessKeyId: \(required)", "config.awsSecretAccessKey: \(required)"),
            accessKey(id, nil, "config.awsSecretAccessKey: \(required)"),
            accessKey(nil, #""secret""#, "config.awsAccessKeyId: \(required)"),
            accessKey(#""short""#, #""secret""#, form), accessKey(#""AKIA IOSFODNN7EXAMPLE""#, #""secret""#, form),
            accessKey(#""AKIA/../IOSFODNN7EXAMPLE""#, #""secret""#, form),
            accessKey(id, #""a b""#, visible), accessKey(id, #""sécret""#, visible),
            accessKey(id, #""<REDACTED>""#, "config.awsSecretAccessKey: must be the secret itself"),
            accessKey(id, "7", "config.awsSecretAccessKey: must be a string, not a number"),
            .config("awsAccessKeyId", id, "must not be given with authenticationType auto"),
            .config("awsSecretAccessKey", #""x""#, "must not be given with authenticationType auto"),
        ]
    }

    private var json: [Refusal] {
        func malformed(_ bytes: [UInt8], _ reason: String, _ offset: Int) -> Refusal {
            .other(.post, "/integrations", bytes, 400, "The body is not valid JSON: \(reason) (byte \(offset)).")
        }
        func malformed(_ text: String, _ reason: String, _ offset: Int) -> Refusal {
            malformed(Array(text.utf8), reason, offset)
        }
        return [
            malformed("{", "a member's name is expected", 1), malformed("[", "it ends too early", 1),
            malformed("nul", "a value is expected", 0), malformed("NaN", "a value is expected", 0),
            malformed("'x'", "a value is expected", 0), malformed("{}x", "something follows the value", 2),
            malformed("{} {}", "something follows the value", 3), malformed("[1,]", "a value is expected", 3),
            malformed(#"{"a":1,}"#, "a member's name is expected", 7), malformed(#"{"a" 1}"#, "a colon is expected", 5),
            malformed("{a:1}", "a member's name is expected", 1), malformed("01", "something follows the value", 1),
            malformed("-", "a digit is expected", 1), malformed("1.", "a digit is expected", 2),
            malformed("1e+", "a digit is expected", 3), malformed("+1", "a value is expected", 0),
            malformed(#""abc"#, "it ends too early", 4), malformed(#""\x""#, "an unknown escape", 2),
            malformed(#""\u12g4""#, "four hexadecimal digits are expected", 5),
            malformed(#""\ud800""#, "a lone surrogate", 3), malformed(#""\udc00""#, "a lone surrogate", 3),
            malformed("\"a\u{1}\"", "a control character stands in a string", 2),
            malformed("\"a\nb\"", "a control character stands in a string", 2),
            malformed(#"{"a":1,"a":2}"#, "a member's name is repeated", 7),
            malformed(#"{"a":1,"\u0061":2}"#, "a member's name is repeated", 7),
            malformed(String(repeating: "[", count: 100_000), "it is nested too deeply", 32),
            malformed(String(repeating: #"{"a":"#, count: 50_000), "it is nested too deeply", 160),
            malformed("/* */ {}", "a value is expected", 0), malformed([0xFF, 0xFE, 0x7B, 0x7D], "it is not UTF-8", 0),
            malformed([0xEF, 0xBB, 0xBF, 0x7B, 0x7D], "a value is expected", 0),
            malformed([0x22, 0xC0, 0xAF, 0x22], "it is not UTF-8", 1),
            malformed([0x22, 0xED, 0xA0, 0x80, 0x22], "it is not UTF-8", 1),
            malformed([0x7B, 0x7D, 0], "something follows the value", 2), malformed("   ", "it ends too early", 3),
        ]
    }

    private var bodies: [Refusal] {
        let valid = Array(Body.integration().utf8)
        let media = "The content type must be application/json, in UTF-8."
        let types = [
            "text/plain", "application/xml", "application/jsonp", "application/json; charset=latin-1", "",
            "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
        ]
        let tooLarge = [UInt8](repeating: 0x20, count: (1 << 20) + 1)
        let message = "The body is larger than 1048576 bytes."
        let wrongTypes: [Refusal] = types.map {
            .other(.post, "/integrations", valid, headers: [("Content-Type", $0)], 415, media)
        }
        let others: [Refusal] = [
            .other(.post, "/integrations", valid, headers: [("Content-Encoding", "gzip")], 415, media),
            .other(.put, "/integrations/1", valid, headers: [("Content-Type", "text/html")], 415, media),
            .other(.post, "/integrations", tooLarge, 413, message),
            .other(.put, "/integrations/1", tooLarge, 413, message),
            .other(.delete, "/integrations/1", tooLarge, 413, message),
            .other(.post, "/bim/apikey/authenticate", tooLarge, key: nil, 413, message),
            .other(.post, "/integrations", nil, 400, "The body is empty; JSON is expected."),
            .other(.put, "/integrations/1", nil, 400, "The body is empty; JSON is expected."),
            .other(
                .post, "/bim/apikey/authenticate", valid, headers: [("Content-Type", "text/plain")], 415,
                "The content type must be application/json or application/x-www-form-urlencoded."),
        ]
        return wrongTypes + others
    }

    private var methods: [Refusal] {
        [
            ("/integrations", ["GET", "HEAD", "POST"]), ("/integrations/1", ["DELETE", "GET", "HEAD", "PUT"]),
            ("/integrations/1/status", ["GET", "HEAD"]), ("/integrations/1/validate", ["POST"]),
            ("/integrations/scripts/create", ["POST"]), ("/bim/apikey", ["GET", "HEAD", "POST"]),
            ("/bim/apikey/1", ["DELETE"]), ("/bim/apikey/authenticate", ["POST"]), ("/healthz", ["GET", "HEAD"]),
            ("/bim/rpc/user/current", ["GET", "HEAD"]), ("/openapi.yaml", ["GET", "HEAD"]),
        ].map { (path: String, allowed: [String]) -> Refusal in
            let list = allowed.joined(separator: ", ")
            return .other(
                .patch, path, nil, key: RequestStage.adminKey, headers: [], 405, "This path knows \(list) only.",
                allow: list)
        }
    }

    private var paths: [Refusal] {
        let unknown = [
            "/", "/nothing", "/integration", "/integrations/1/nothing", "/integrations/1/status/2", "/Integrations",
            "/bim", "/bim/apikey/1/2", "/integrations/../../etc/passwd", "/.env",
        ]
        let id = "id: must be a whole number from 1"
        let bad = ["0", "-1", "01", "1.0", "1e3", "abc", "99999999999999999999", "%00", "1'--", "١"]
        let missing: [Refusal] = unknown.map { .other(.get, $0, nil, 404, "There is nothing at this path.") }
        let reads: [Refusal] = bad.map { .invalid(.get, "/integrations/\($0)", nil, id) }
        let deletions: [Refusal] = bad.prefix(4).map { .invalid(.delete, "/integrations/\($0)", nil, id) }
        let queries: [Refusal] = [
            .invalid(.get, "/integrations?x=1", nil, "query.x: is not a known parameter"),
            .invalid(.get, "/bim/apikey?x=1", nil, "query.x: is not a known parameter"),
            .invalid(.get, "/bim/apikey?%zz", nil, "query: is not well encoded"),
            .invalid(.post, "/bim/apikey?x=1", #"{"name":"a"}"#, "query.x: is not a known parameter"),
            .invalid(.delete, "/bim/apikey/99?x", nil, "query.x: is not a known parameter"),
            .invalid(.post, "/bim/apikey/authenticate?apikey=x", nil, "query.apikey: is not a known parameter"),
            .invalid(
                .get, "/bim/rpc/user/current?userid=1&x=2", nil, "query.userid: is not a known parameter",
                "query.x: is not a known parameter"),
            .invalid(.get, "/integrations?%zz=1", nil, "query: is not well encoded"),
            .invalid(.get, "/integrations?a=%ff", nil, "query: is not well encoded"),
            .invalid(
                .post, "/integrations?dryRun=yes", Body.integration(), "query.dryRun: must be true or false"),
            .invalid(
                .post, "/integrations?dryrun=true", Body.integration(), "query.dryrun: is not a known parameter"),
            .invalid(
                .post, "/integrations?dryRun=true&dryRun=true", Body.integration(), "query.dryRun: is given twice"),
            .invalid(.delete, "/integrations/1?force=1", nil, "query.force: must be true or false"),
            .invalid(.get, "/integrations/1/status?wait=61", nil, "query.wait: must be a whole number from 0 to 60"),
            .invalid(.get, "/integrations/1/status?wait=-1", nil, "query.wait: must be a whole number from 0 to 60"),
            .invalid(.get, "/integrations/1/status?wait=", nil, "query.wait: must be a whole number from 0 to 60"),
            .invalid(
                .get, "/integrations/x/status?wait=x", nil, id, "query.wait: must be a whole number from 0 to 60"),
        ]
        return missing + reads + deletions + queries
    }

    private var headers: [Refusal] {
        let tag = "If-Match: must be * or a list of entity tags in double quotes"
        let key = "Idempotency-Key: must be 1 to 255 visible ASCII characters"
        let missing = "Missing authentication: send an API key or a token in the Authorization header."
        let refused = "The API key or token is unknown, revoked or expired."
        let ifMatch = ["1", "\"1", "\"", "", "\"1\",", "'1'", "w/\"1\"", "\"1\" \"2\""].map {
            Refusal.invalid(.delete, "/integrations/1", nil, headers: [("If-Match", $0)], tag)
        }
        let keys = ["", String(repeating: "k", count: 256), "ключ"].map {
            Refusal.invalid(.post, "/integrations", Body.integration(), headers: [("Idempotency-Key", $0)], key)
        }
        let absent = ["", "Basic dXNlcjpwYXNz", "Digest x", "Bearer a b"].map {
            Refusal.other(.get, "/integrations", nil, key: $0, 401, missing)
        }
        let unknown = [
            "x", "Bearer", "Bearer ", "Bearer x", "bearer \(RequestStage.adminKey)x",
            "\(RequestStage.adminKey.dropLast())", "' OR 1=1--",
            String(repeating: "x", count: 100_000),
        ].map { Refusal.other(.get, "/integrations", nil, key: $0, 401, $0.contains(" OR ") ? missing : refused) }
        return ifMatch + keys + absent + unknown + [.other(.get, "/integrations", nil, key: nil, 401, missing)]
    }

    private var keys: [Refusal] {
        let moment = "expiresAt: must be a moment in ISO 8601, such as 2030-01-31T12:00:00Z"
        return [
            .invalid(.post, "/bim/apikey", "{}", "name: is required"),
            .invalid(.post, "/bim/apikey", #"{"name":"a","expiresAt":"tomorrow"}"#, moment),
            .invalid(.post, "/bim/apikey", #"{"name":"a","expiresAt":"2026-13-01T00:00:00Z"}"#, moment),
            .invalid(
                .post, "/bim/apikey", #"{"name":"a","expiresAt":"2020-01-01T00:00:00Z"}"#,
                "expiresAt: must be in the future"),
            .invalid(.post, "/bim/apikey", #"{"name":"a","permissions":[]}"#, "permissions: is not a known member"),
            .invalid(.post, "/bim/apikey/s3", "{}", "name: is required"),
            .invalid(.post, "/bim/apikey/s3?x=1", #"{"name":"a"}"#, "query.x: is not a known parameter"),
            .invalid(.delete, "/bim/apikey/x", nil, "keyid: must be a whole number from 1"),
            .invalid(.delete, "/bim/apikey/0", nil, "keyid: must be a whole number from 1"),
            .other(.delete, "/bim/apikey/99", nil, 404, "No API key found with ID 99."),
            .invalid(.post, "/bim/apikey/authenticate", "{}", "apikey: is required"),
            .invalid(.post, "/bim/apikey/authenticate", #"{"apikey":7}"#, "apikey: must be a string, not a number"),
            .invalid(
                .post, "/bim/apikey/authenticate", "key=x",
                headers: [("Content-Type", "application/x-www-form-urlencoded")], "apikey: is required"),
            .invalid(
                .post, "/bim/apikey/authenticate", "apikey=%zz",
                headers: [("Content-Type", "application/x-www-form-urlencoded")], "apikey: is required"),
        ]
    }
}
