import HTTPTypes

/// Two people, what each may read, and the end of it.
extension Demonstration {
    private static let object = "s3://sandbox-data/sales/2026/january.csv"
    private static let target = "s3://sandbox-data/sales/*"

    func people(_ integration: String) async throws {
        let sources = try await register(integration)
        let users = try await invite()
        try await subscribe(users, to: sources)
        try await read()
        try await revoke(users.alice, from: sources.sales)
        try await takeDown(sources)
    }

    private func register(_ integration: String) async throws -> (sales: String, research: String) {
        stage.heading("Register two prefixes of the bucket as data sources, in one request.")
        let answer = try await stage.send(
            .post, "/native-s3/handler",
            body: .object([
                "type": .string("Native S3"), "integrationId": .string(integration),
                "dataSources": .array([
                    .object(["dataSourceName": .string("Sales"), "prefix": .string("sales/")]),
                    .object(["dataSourceName": .string("Research"), "prefix": .string("research/")]),
                ]),
            ]))
        let ids = answer.elements.map { $0["dataSourceId"].text }
        stage.expect("both are made", ids.count == 2, got: "\(ids.count)")
        return ids.count == 2 ? (ids[0], ids[1]) : ("", "")
    }

    private func invite() async throws -> (alice: String, bob: String) {
        stage.heading("Two people, whom AWS knows as IAM users that may do nothing but ask for data access.")
        return (try await invite(aws.alice), try await invite(aws.bob))
    }

    private func invite(_ person: DemoPerson) async throws -> String {
        let answer = try await stage.send(
            .post, "/bim/iam/bim/user",
            body: .object([
                "iamid": .string("bim"), "userid": .string(person.name), "permissions": .array([]),
                "profile": .object([
                    "name": .string(person.name),
                    "externalUserIds": .object(["awsIamPrincipalArn": .string(person.arn)]),
                ]),
            ]))
        return answer["newUser"]["profile"]["id"].text
    }

    private func subscribe(
        _ users: (alice: String, bob: String), to sources: (sales: String, research: String)
    ) async throws {
        stage.heading("Subscribe alice to the one, bob to the other. The worker makes the access grants in AWS.")
        try await subscribe(users.alice, to: sources.sales, "READ")
        try await subscribe(users.bob, to: sources.research, "WRITE")
        for (user, source) in [(users.alice, sources.sales), (users.bob, sources.research)] {
            try await stage.wait { try await grantStatus(of: user, on: source) == "active" }
        }
        let access = try await stage.send(.get, "/dataSource/\(sources.sales)/access")
        let status = row(of: users.alice, in: access)?["grantStatus"].text ?? "missing"
        stage.expect("alice's grant is active", status == "active", got: status)
        try await showGrants([
            "READ s3://sandbox-data/sales/* to user/alice", "READWRITE s3://sandbox-data/research/* to user/bob",
        ])
    }

    private func subscribe(_ user: String, to source: String, _ access: String) async throws {
        let profile = Int64(user).map { JSONValue.integer($0) } ?? .string(user)
        _ = try await stage.send(
            .post, "/dataSource/\(source)/access",
            body: .object(["profileId": profile, "state": .string("subscribed"), "accessGrant": .string(access)]))
    }

    private func read() async throws {
        stage.heading("Alice asks AWS for credentials and reads; Sluice has no part in it. \(reader.means)")
        guard case .granted(let keys, _) = try await ask(aws.alice) else {
            return stage.expect("alice is given credentials", false)
        }
        stage.show(
            command: "aws s3 cp \(Self.object) -    # with those credentials",
            answer: try await reader.reader.read(Self.object, with: keys)
        ) { stage.expect("she reads the object", $0.contains("region,amount")) }
        stage.heading("Bob, who was not given the sales, is refused by AWS.")
        try await expectRefusal(of: aws.bob)
    }

    private func revoke(_ user: String, from source: String) async throws {
        stage.heading("Take alice's access away: the grant goes, and AWS gives her no more credentials.")
        _ = try await stage.send(.delete, "/dataSource/\(source)/access/\(user)")
        try await stage.wait { try await aws.grants().count == 1 }
        try await showGrants(["READWRITE s3://sandbox-data/research/* to user/bob"])
        try await expectRefusal(of: aws.alice)
    }

    private func takeDown(_ sources: (sales: String, research: String)) async throws {
        stage.heading(
            "Delete the data sources: the first call disables, the second forgets. Bob's grant goes with its own.")
        for source in [sources.sales, sources.research] {
            for hard in [false, true] {
                let answer = try await stage.send(.delete, "/dataSource/\(source)")
                stage.expect("hardDelete is \(hard)", answer["hardDelete"] == .bool(hard))
            }
        }
        try await stage.wait { try await aws.grants().isEmpty }
        try await showGrants([])
    }

    // MARK: Parts

    private func grantStatus(of user: String, on source: String) async throws -> String? {
        row(of: user, in: try await stage.ask("/dataSource/\(source)/access"))?["grantStatus"].text
    }

    private func row(of user: String, in access: JSONValue) -> JSONValue? {
        access["users"].elements.first { $0["profile"].text == user }
    }

    private func ask(_ person: DemoPerson) async throws -> DataAccess {
        let access = try await reader.reader.access(to: Self.target, as: person)
        let answer =
            switch access {
            case .granted(let keys, let scope): "\(keys.accessKeyID), a secret and a session token, good for \(scope)"
            case .refused(let text): text
            }
        stage.show(
            command: "AWS_ACCESS_KEY_ID=\(person.keys.accessKeyID) AWS_SECRET_ACCESS_KEY=… \\\n"
                + "aws s3control get-data-access --account-id \(aws.account) --permission READ --target '\(Self.target)'",
            answer: answer)
        return access
    }

    private func expectRefusal(of person: DemoPerson) async throws {
        guard case .refused(let text) = try await ask(person) else {
            return stage.expect("\(person.name) is refused", false)
        }
        stage.expect("\(person.name) is refused", text.contains("AccessDenied"), got: text)
    }

    private func showGrants(_ wanted: [String]) async throws {
        let grants = try await aws.grants()
        stage.say("AWS has the grants: \(grants.isEmpty ? "none" : grants.joined(separator: "; "))")
        stage.expect(
            wanted.isEmpty ? "AWS has no grant" : "AWS has exactly what was asked for", grants == wanted.sorted(),
            got: grants.joined(separator: "; "))
    }
}
