import Domain
import Foundation
import HTTPTypes
import HummingbirdTesting
import TestSupport
import Testing

@testable import API

/// Malformed requests for data sources and access, each with its exact answer.
struct DataSourceRefusalTests {
    @Test func `every malformed request has its exact answer and changes nothing`() async throws {
        let table: [Refusal] = [
            registrationTypes, registrations, prefixes, bodies, paths, searches, changes, accesses, yaml, refreshes,
        ].flatMap(\.self)
        #expect(table.count >= 150)
        let stage = try await RequestStage()
        try await stage.addKey("reader", userid: "reader", [])
        try await stage.addIntegration()
        try await stage.addIntegration("all", at: "s3://")
        try await stage.register([("raw", "raw/")])
        let before = try await stage.stored(1)
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
            #expect(try await client.send(.get, "/dataSource").members["count"] as? Int == 1)
        }
        #expect(try await stage.stored(1) == before)
        #expect(try await stage.dataSources.access(to: DataSourceID(1)).map(\.user.userid) == ["admin"])
        #expect(stage.wakeCount == 0)
    }

    @Test func `no more than a thousand faults are told one by one`() async throws {
        let stage = try await RequestStage()
        let entries = Array(repeating: "1", count: 1500).joined(separator: ",")
        let body = #"{"type":"Native S3","integrationId":1,"dataSources":[\#(entries)]}"#
        try await stage.run { client in
            let answer = try await client.send(.post, "/native-s3/handler", body)
            #expect(answer.status == 400)
            #expect(answer.faults?.count == 1001)
            #expect(answer.faults?[999] == "dataSources[999]: must be an object, not a number")
            #expect(answer.faults?.last == "body: has 500 more faults")
        }
    }

    private var bodies: [Refusal] {
        let json = "The content type must be application/json, in UTF-8."
        let either = "The content type must be application/json or application/yaml, in UTF-8."
        let valid = Array(Body.registration(Body.entry("a", "a/")).utf8)
        let access = Array(Body.access(2, "owner").utf8)
        let plain = [("Content-Type", "text/plain")]
        let yaml = [("Content-Type", "application/yaml")]
        let small = [UInt8](repeating: 0x20, count: (1 << 20) + 1)
        let large = [UInt8](repeating: 0x20, count: (8 << 20) + 1)
        return [
            .other(.post, "/native-s3/handler", valid, headers: plain, 415, json),
            .other(.post, "/native-s3/handler", valid, headers: yaml, 415, json),
            .other(.put, "/dataSource/1", Array("{}".utf8), headers: yaml, 415, json),
            .other(.delete, "/dataSource/1", Array("{}".utf8), headers: plain, 415, json),
            .other(.post, "/dataSource/1/access", access, headers: plain, 415, either),
            .other(
                .post, "/dataSource/1/access", access, headers: [("Content-Type", "application/yaml; charset=latin-1")],
                415, either),
            .other(.post, "/dataSource/1/access", access, headers: [("Content-Encoding", "gzip")], 415, either),
            .other(.post, "/dataSource/bulkRefreshViews", access, headers: yaml, 415, json),
            .other(.post, "/native-s3/handler", nil, 400, "The body is empty; JSON is expected."),
            .other(.put, "/dataSource/1", nil, 400, "The body is empty; JSON is expected."),
            .other(
                .post, "/dataSource/1/access", [], headers: yaml, 400, "The body is empty; JSON or YAML is expected."),
            .other(.post, "/native-s3/handler", large, 413, "The body is larger than 8388608 bytes."),
            .other(.put, "/dataSource/1", small, 413, "The body is larger than 1048576 bytes."),
            .other(.delete, "/dataSource/1", small, 413, "The body is larger than 1048576 bytes."),
            .other(.post, "/dataSource/1/access", small, 413, "The body is larger than 1048576 bytes."),
            .other(.post, "/dataSource/1/access", small, headers: yaml, 413, "The body is larger than 1048576 bytes."),
            .other(.post, "/dataSource/bulkRefreshViews", small, 413, "The body is larger than 1048576 bytes."),
            .other(
                .post, "/native-s3/handler", Array("[1,]".utf8), 400,
                "The body is not valid JSON: a value is expected (byte 3)."),
            .invalid(.delete, "/dataSource/1", #"{"hardDelete":true}"#, "hardDelete: is not a known member"),
            .invalid(.delete, "/dataSource/1/access/2", #"{"x":true}"#, "x: is not a known member"),
        ]
    }

    // MARK: Paths and queries

    private var paths: [Refusal] {
        let id = "must be a whole number from 1"
        let bad = ["0", "-1", "01", "1.0", "abc", "99999999999999999999", "%31"]
        let reads: [Refusal] = bad.flatMap { text -> [Refusal] in
            [
                .invalid(.get, "/dataSource/\(text)", nil, "id: \(id)"),
                .invalid(.get, "/native-s3/handler/\(text)", nil, "handlerId: \(id)"),
                .invalid(.delete, "/dataSource/\(text)", nil, "id: \(id)"),
            ]
        }
        let methods: [Refusal] = [
            ("/native-s3/handler", ["POST"]), ("/native-s3/handler/1", ["GET", "HEAD"]),
            ("/dataSource", ["GET", "HEAD"]), ("/dataSource/1", ["DELETE", "GET", "HEAD", "PUT"]),
            ("/dataSource/name/a", ["GET", "HEAD"]), ("/dataSource/sqlTableName/a", ["GET", "HEAD"]),
            ("/dataSource/bulkRefreshViews", ["POST"]), ("/dataSource/name/access", ["GET", "HEAD"]),
            ("/dataSource/1/access", ["GET", "HEAD", "POST"]), ("/dataSource/1/access/1", ["DELETE"]),
        ].map { (path: String, allowed: [String]) -> Refusal in
            let list = allowed.joined(separator: ", ")
            return .other(.patch, path, nil, 405, "This path knows \(list) only.", allow: list)
        }
        let others: [Refusal] = [
            .invalid(.get, "/dataSource/0/access", nil, "id: \(id)"),
            .invalid(.delete, "/dataSource/0/access/x", nil, "id: \(id)", "profileId: \(id)"),
            .invalid(.get, "/dataSource/1?x=1", nil, "query.x: is not a known parameter"),
            .invalid(.get, "/dataSource/x?x=1", nil, "id: \(id)", "query.x: is not a known parameter"),
            .invalid(.get, "/native-s3/handler/1?x=1", nil, "query.x: is not a known parameter"),
            .invalid(.get, "/dataSource/1/access?x=1", nil, "query.x: is not a known parameter"),
            .invalid(
                .get, "/dataSource/x/access?size=0&after=-1", nil, "id: \(id)",
                "query.size: must be a whole number from 1 to 1000",
                "query.after: must be a whole number from 0 to \(Int.max)"),
            .invalid(.get, "/dataSource/name/%zz", nil, "name: is not well encoded"),
            .invalid(.get, "/dataSource/name/%ff", nil, "name: is not well encoded"),
            .invalid(.get, "/dataSource/sqlTableName/%f", nil, "sqlTableName: is not well encoded"),
            .other(.get, "/dataSource/5", nil, 404, "No data source found with ID 5."),
            .other(.get, "/native-s3/handler/5", nil, 404, "No data source found with ID 5."),
            .other(.get, "/dataSource/name/a%0Ab", nil, 404, "No data source found with the name a?b."),
            .other(.get, "/dataSource/name/Raw", nil, 404, "No data source found with the name Raw."),
            .other(.get, "/dataSource/1/access/1/2", nil, 404, "There is nothing at this path."),
        ]
        return reads + methods + others
    }

    private var searches: [Refusal] {
        func query(_ text: String, _ faults: String...) -> Refusal {
            Refusal(
                name: text, method: .get, uri: "/dataSource?\(text)", status: 400,
                message: "Invalid request: " + faults.joined(separator: "; "), faults: faults)
        }
        let size = "query.size: must be a whole number from 1 to 1000"
        let offset = "query.offset: must be a whole number from 0 to 2147483647"
        let cursor = "query.cursor: must be the nextCursor of a page"
        func encoded(_ text: String) -> String { Base64URL.encode(Array(text.utf8)) }
        let cursors = [
            "", "x", "====", "%00", encoded("1 name asc 1"), encoded("2 name asc 1 a"), encoded("1 size asc 1 a"),
            encoded("1 name up 1 a"), encoded("1 name asc -1 a"), encoded("1 id asc 1 a"),
            encoded("1 createdAt asc 1 "),
            encoded("1 name asc 1 a") + "=", String(repeating: "A", count: 100),
        ].filter { $0 != "%00" }.map { query("cursor=\($0)", cursor) }
        let good = encoded("1 name asc 1 a")
        return cursors + [
            query("size=0", size), query("size=1001", size), query("size=x", size), query("size=", size),
            query("size=1&size=2", "query.size: is given twice"), query("offset=-1", offset),
            query("offset=2147483648", offset), query("offset=1.5", offset),
            query("sortField=size", "query.sortField: must be one of name, createdAt, id"),
            query("sortOrder=up", "query.sortOrder: must be one of asc, desc"),
            query("subscription=reader", "query.subscription: must be one of owner, expert, subscribed"),
            query("nameOnly=1", "query.nameOnly: must be true or false"),
            query("idOnly=yes", "query.idOnly: must be true or false"),
            query("nameOnly=true&idOnly=true", "query.idOnly: must not be given with nameOnly"),
            query(
                "searchText=\(String(repeating: "s", count: 256))", "query.searchText: must be at most 255 characters"),
            query("searchText=a%00", "query.searchText: must not contain control characters"),
            query("search=a", "query.search: is not a known parameter"),
            query("%zz=1", "query: is not well encoded"),
            query("cursor=\(good)&offset=1", "query.offset: must not be given with cursor"),
            query("cursor=\(good)&sortField=id", "query.sortField: must be that of the page before"),
            query("cursor=\(good)&sortOrder=desc", "query.sortOrder: must be that of the page before"),
            query("cursor=\(String(repeating: "A", count: 4097))", "query.cursor: must be at most 4096 characters"),
            query(
                "size=0&sortOrder=x&y", size, "query.sortOrder: must be one of asc, desc",
                "query.y: is not a known parameter"),
        ]
    }

    // MARK: Changing

    private var changes: [Refusal] {
        func put(_ body: String, headers: [(String, String)] = [], _ faults: String...) -> Refusal {
            Refusal(
                name: "PUT \(body) \(headers)", method: .put, uri: "/dataSource/1", bytes: Array(body.utf8),
                headers: headers, status: 400, message: "Invalid request: " + faults.joined(separator: "; "),
                faults: faults)
        }
        let tag = "If-Match: must be * or a list of entity tags in double quotes"
        let fixed = [
            ("id", "2"), ("id", #""1""#), ("sqlTableName", #""other""#), ("integrationId", "2"), ("prefix", #""raw""#),
            ("prefixType", #""Object""#), ("blobHandlerType", #""Snowflake""#), ("createdBy", "2"),
            ("createdAt", #""2027-01-01T00:00:00.000Z""#), ("schemaEvolutionId", "{}"),
        ].map { put("{\"\($0)\":\($1)}", "\($0): cannot be changed") }
        return fixed + [
            put(#"{"name":""}"#, "name: must not be empty"), put(#"{"name":" "}"#, "name: must not be blank"),
            put(#"{"name":7}"#, "name: must be a string, not a number"),
            put(#"{"name":"\#(String(repeating: "n", count: 256))"}"#, "name: must be at most 255 characters"),
            put(#"{"description":"a\u0000"}"#, "description: must not contain control characters"),
            put(
                #"{"description":"\#(String(repeating: "d", count: 4097))"}"#,
                "description: must be at most 4096 characters"),
            put(#"{"deleted":"false"}"#, "deleted: must be a boolean, not a string"),
            put(#"{"deleted":true}"#, "deleted: must be false: DELETE disables a data source"),
            put(#"{"Name":"x"}"#, "Name: is not a known member"),
            put(
                #"{"prefix":"x/","deleted":true,"id":7}"#, "id: cannot be changed", "prefix: cannot be changed",
                "deleted: must be false: DELETE disables a data source"),
            put(#"{"name":"x"}"#, headers: [("If-Match", "1")], tag),
            put(#"{"name":""}"#, headers: [("If-Match", "x")], tag, "name: must not be empty"),
            .invalid(.delete, "/dataSource/1", nil, headers: [("If-Match", "'1'")], tag),
            .other(
                .delete, "/dataSource/1", nil, headers: [("If-Match", "\"9\"")], 412,
                #"Data source with ID 1 has changed: its ETag is "1" now."#),
            .other(
                .put, "/dataSource/1", Array("{}".utf8), headers: [("If-Match", "W/\"1\"")], 412,
                #"Data source with ID 1 has changed: its ETag is "1" now."#),
            .other(.put, "/dataSource/5", Array("{}".utf8), 404, "No data source found with ID 5."),
        ]
    }

    // MARK: Access

    private var accesses: [Refusal] {
        func post(_ body: String, _ faults: String...) -> Refusal {
            Refusal(
                name: body, method: .post, uri: "/dataSource/1/access", bytes: Array(body.utf8), status: 400,
                message: "Invalid request: " + faults.joined(separator: "; "), faults: faults)
        }
        let profile = "profileId: must be a whole number from 1"
        let state = "state: must be one of owner, expert, subscribed"
        let level = "accessGrant: must be one of READ, WRITE"
        return [
            post("{}", "profileId: is required", "state: is required", "accessGrant: is required"),
            post(
                #"{"profileId":null,"state":null,"accessGrant":null}"#, "profileId: is required", "state: is required",
                "accessGrant: is required"),
            post(#"{"profileId":0,"state":"Owner","accessGrant":"read"}"#, profile, state, level),
            post(#"{"profileId":"reader","state":"owner","accessGrant":"READ"}"#, profile),
            post(#"{"profileId":[2],"state":"owner","accessGrant":"READ"}"#, profile),
            post(#"{"profileId":2,"state":"not_subscribed","accessGrant":"READ"}"#, state),
            post(#"{"profileId":2,"state":true,"accessGrant":"READ"}"#, "state: must be a string, not a boolean"),
            post(#"{"profileId":2,"state":"owner","accessGrant":"READWRITE"}"#, level),
            post(#"{"profileId":2,"state":"owner","accessGrant":"READ","admin":1}"#, "admin: is not a known member"),
            .invalid(
                .post, "/dataSource/x/access?y=1", "{}", "id: must be a whole number from 1",
                "query.y: is not a known parameter", "profileId: is required", "state: is required",
                "accessGrant: is required"),
            .other(
                .post, "/dataSource/1/access", Array(Body.access(9, "owner").utf8), 404,
                "No user found with profile ID 9."),
            .other(
                .post, "/dataSource/5/access", Array(Body.access(2, "owner").utf8), 404,
                "No data source found with ID 5."),
            .other(
                .delete, "/dataSource/1/access/2", nil, 404,
                "The user with profile ID 2 has no access to the data source with ID 1."),
            .other(.delete, "/dataSource/5/access/1", nil, 404, "No data source found with ID 5."),
            .other(.get, "/dataSource/5/access", nil, 404, "No data source found with ID 5."),
        ]
    }

    private var yaml: [Refusal] {
        func malformed(_ text: String, _ reason: String, _ line: Int) -> Refusal {
            .other(
                .post, "/dataSource/1/access", Array(text.utf8), headers: [("Content-Type", "application/yaml")], 400,
                "The body is not a flat YAML mapping: \(reason) (line \(line)).")
        }
        return [
            malformed("- profileId: 2", "name: value is expected", 1),
            malformed("profileId: 2\nstate: [owner]", "a plain or quoted value is expected", 2),
            malformed("who:\n  profileId: 2", "nothing may be indented", 2),
            malformed("{\"profileId\":\n2,}", "a member's name is expected", 2),
            .invalid(
                .post, "/dataSource/1/access", "profileId: two\nstate: owner\naccessGrant: yes",
                headers: [("Content-Type", "text/yaml")], "profileId: must be a whole number from 1",
                "accessGrant: must be one of READ, WRITE"),
            .invalid(
                .post, "/dataSource/1/access", "# nothing\n", headers: [("Content-Type", "text/yaml")],
                "profileId: is required", "state: is required", "accessGrant: is required"),
        ]
    }

    private var refreshes: [Refusal] {
        func post(_ body: String, _ faults: String...) -> Refusal {
            Refusal(
                name: body, method: .post, uri: "/dataSource/bulkRefreshViews", bytes: Array(body.utf8), status: 400,
                message: "Invalid request: " + faults.joined(separator: "; "), faults: faults)
        }
        let many = Array(repeating: "1", count: 1001).joined(separator: ",")
        return [
            post("{}", "dataSourceIds: is required"),
            post(#"{"dataSourceIds":[]}"#, "dataSourceIds: must have at least 1 item"),
            post(#"{"dataSourceIds":1}"#, "dataSourceIds: must be an array, not a number"),
            post(#"{"dataSourceIds":[\#(many)]}"#, "dataSourceIds: must have at most 1000 items"),
            post(
                #"{"dataSourceIds":[1,"x",0]}"#, "dataSourceIds[1]: must be a whole number from 1",
                "dataSourceIds[2]: must be a whole number from 1"),
            post(#"{"dataSourceIds":[1],"ids":[1]}"#, "ids: is not a known member"),
            .other(
                .post, "/dataSource/bulkRefreshViews", Array(#"{"dataSourceIds":[1,5]}"#.utf8), 404,
                "No data source found with ID 5."),
        ]
    }
}
