import Domain
import Foundation
import HTTPTypes
import HummingbirdTesting
import TestSupport
import Testing

@testable import API

/// The contract's `/dataSource/{id}/access`.
struct AccessContractTests {
    private func stage() async throws -> RequestStage {
        let stage = try await RequestStage()
        try await stage.addKey("reader", userid: "reader", [])
        try await stage.addIntegration()
        try await stage.register([("raw events", "raw/events")])
        return stage
    }

    @Test(arguments: [
        ("application/json", #"{"profileId":2,"state":"expert","accessGrant":"WRITE"}"#),
        ("application/json", #"{"profileId":"2","state":"expert","accessGrant":"WRITE"}"#),
        ("application/yaml", "profileId: 2\nstate: expert\naccessGrant: WRITE\n"),
        (
            "text/yaml; charset=utf-8",
            "---\n# who\nprofileId: '2' # the reader\nstate: \"expert\"\n\naccessGrant: WRITE"
        ),
        ("application/x-yaml", #"{"profileId":2,"state":"expert","accessGrant":"WRITE"}"#),
    ])
    func `access is given in JSON or YAML`(type: String, body: String) async throws {
        let stage = try await stage()
        try await stage.run { client in
            let answer = try await client.send(
                .post, "/dataSource/1/access", body, headers: [("Content-Type", type)])
            #expect(answer.status == 200)
            var members = answer.members
            #expect(members.removeValue(forKey: "grantMessage") is String)
            #expect(
                members as NSDictionary == [
                    "id": 2, "modelId": 1, "modelType": "datasource", "state": "expert", "profile": 2,
                    "accessGrant": "WRITE", "approved": true, "createdAt": "2026-01-01T00:00:00.000Z",
                    "updatedAt": "2026-01-01T00:00:00.000Z", "admin": 1, "grantStatus": "noPrincipal",
                ] as NSDictionary)
        }
        #expect(stage.wakeCount == 1)
    }

    @Test func `everybody with access is listed, and revoked access is gone`() async throws {
        let stage = try await stage()
        try await stage.subscribe(UserID(2), to: DataSourceID(1), as: .subscribed)
        try await stage.run { client in
            let list = try await client.send(.get, "/dataSource/1/access")
            let users = list.members["users"] as? [[String: Any]] ?? []
            #expect(users.map { $0["profile"] as? Int } == [1, 2])
            #expect(users.map { $0["state"] as? String } == ["owner", "subscribed"])
            #expect(users.map { $0["userid"] as? String } == ["admin", "reader"])
            #expect(users.map { $0["approved"] as? Bool } == [true, true])
            #expect(users.map { $0["accessGrant"] as? String } == ["READ", "READ"])
            #expect(try await client.send(.get, "/dataSource/1", key: "reader").status == 200)
            let revoked = try await client.send(.delete, "/dataSource/1/access/2")
            #expect(revoked.status == 200)
            #expect(revoked.members["success"] as? Bool == true)
            #expect(revoked.members["grantStatus"] as? String == "revoking")
            #expect(try await client.send(.get, "/dataSource/1", key: "reader").status == 404)
            let again = try await client.send(.delete, "/dataSource/1/access/2")
            #expect(again.status == 200)
            #expect(again.text == revoked.text)
            let never = try await client.send(.delete, "/dataSource/1/access/3")
            #expect(never.status == 404)
            #expect(never.message == "The user with profile ID 3 has no access to the data source with ID 1.")
        }
    }

    @Test func `pages follow one another, whoever comes and goes`() async throws {
        let stage = try await stage()
        for number in 3...6 { try await stage.addKey("u\(number)", userid: "u\(number)", []) }
        for user in [2, 3, 5, 6] as [Int64] {
            try await stage.subscribe(UserID(user), to: DataSourceID(1), as: .subscribed)
        }
        try await stage.run { client in
            func profiles(_ query: String) async throws -> [Int] {
                let users = try await client.send(.get, "/dataSource/1/access\(query)").members["users"]
                return (users as? [[String: Any]] ?? []).compactMap { $0["profile"] as? Int }
            }
            #expect(try await profiles("") == [1, 2, 3, 5, 6])
            #expect(try await profiles("?size=2") == [1, 2])
            try await stage.subscribe(UserID(4), to: DataSourceID(1), as: .expert)
            _ = try await client.send(.delete, "/dataSource/1/access/2")
            #expect(try await profiles("?size=2&after=2") == [3, 4])
            #expect(try await profiles("?size=2&after=4") == [5, 6])
            #expect(try await profiles("?size=2&after=6") == [])
            #expect(try await profiles("?after=4") == [5, 6])
        }
    }

    @Test func `an owner gives and takes, and the last one stays`() async throws {
        let stage = try await stage()
        try await stage.subscribe(UserID(2), to: DataSourceID(1), as: .owner)
        try await stage.run { client in
            let lowered = try await client.send(
                .post, "/dataSource/1/access", Body.access(1, "subscribed"), key: "reader")
            #expect(lowered.status == 200)
            for answer in [
                try await client.send(.post, "/dataSource/1/access", Body.access(2, "expert"), key: "reader"),
                try await client.send(.delete, "/dataSource/1/access/2", key: "reader"),
            ] {
                #expect(answer.status == 409)
            }
            let unknown = try await client.send(.post, "/dataSource/1/access", Body.access(9, "owner"), key: "reader")
            #expect(unknown.status == 404)
            #expect(unknown.message == "No user found with profile ID 9.")
        }
    }
}
