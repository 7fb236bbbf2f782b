import HTTPTypes

/// The whole life of an integration and of the access to its data, against a running server and the AWS it uses.
struct Demonstration {
    let stage: DemoStage
    let aws: any DemoAWS
    /// How the data is read, and what is to be said of it.
    let reader: (reader: any DataReader, means: String)

    private static let path = "s3://sandbox-data/"
    private static let newPath = "s3://sandbox-data/research/"
    private static let testCount = 7

    func run() async throws {
        try await start()
        let id = try await create()
        try await refusals()
        try await people(id)
        try await editThatRollsBack(id)
        try await edit(id)
        try await delete(id)
    }

    private func start() async throws {
        stage.heading("The account has an S3 Access Grants instance and no location yet.")
        try await showLocations([])
        stage.heading("A rehearsal: the seven tests are run, nothing is stored.")
        let answer = try await stage.send(.post, "/integrations?dryRun=true", body: body(path: Self.path))
        expectSevenPassed(answer)
    }

    private func create() async throws -> String {
        stage.heading("Create the integration. The tests pass, the wish is stored, and the worker sets to work.")
        let answer = try await stage.send(.post, "/integrations", body: body(path: Self.path))
        expectSevenPassed(answer)
        stage.expect("its status is creating", answer["status"].text == "creating", got: answer["status"].text)
        let id = answer["id"].text
        try await settle(id, "enabled")
        try await showLocations([Self.path])
        return id
    }

    private func refusals() async throws {
        stage.heading("The same place again: refused, because it is taken.")
        let taken = try await stage.send(
            .post, "/integrations", body: body(name: "another", path: Self.path), expecting: 409)
        stage.expect("the message names the integration", taken["message"].text.contains("already exists on"))

        stage.heading("A wrong secret key: AWS says no, and the failed test says what to mend.")
        let wrong = body(name: "wrong key", path: Self.newPath, secret: "this-is-not-the-secret")
        let refused = try await stage.send(.post, "/integrations", body: wrong, expecting: 422)
        let failed = tests(refused).filter { $0["status"].text == "failed" }
        stage.expect("a failed test carries a message", failed.contains { !$0["message"].text.isEmpty })
        let all = try await stage.send(.get, "/integrations")
        stage.expect("neither left anything behind", all.elements.count == 1, got: "\(all.elements.count)")
    }

    private func editThatRollsBack(_ id: String) async throws {
        stage.heading("An edit that AWS refuses halfway is rolled back.")
        stage.say("(The embedded AWS is told to refuse the next CreateAccessGrantsLocation.)")
        try await aws.refuseNext("CreateAccessGrantsLocation")
        _ = try await stage.send(.put, "/integrations/\(id)", body: body(path: Self.newPath))
        let status = try await settle(id, "editError")
        stage.expect("it says why", !status["statusMessage"].text.isEmpty)
        let now = try await stage.send(.get, "/integrations/\(id)")
        let path = now["config"]["awsLocationPath"].text
        stage.expect("it is what it was before the edit", path == Self.path, got: path)
        try await showLocations([Self.path])
    }

    private func edit(_ id: String) async throws {
        stage.heading("The same edit, now that AWS is willing: the new location is made before the old one goes.")
        _ = try await stage.send(.put, "/integrations/\(id)", body: body(name: "research", path: Self.newPath))
        try await settle(id, "enabled")
        try await showLocations([Self.newPath])
        stage.heading("Check it again, as the recurring check does.")
        let check = try await stage.send(.post, "/integrations/\(id)/validate")
        let outcome = check["validationResults"]["status"].text
        stage.expect("every test passes", outcome == "passed", got: outcome)
    }

    private func delete(_ id: String) async throws {
        stage.heading("Delete it.")
        _ = try await stage.send(.delete, "/integrations/\(id)")
        try await settle(id, "deleted")
        try await showLocations([])
        _ = try await stage.send(.get, "/integrations/\(id)", expecting: 404)
    }

    // MARK: Parts

    @discardableResult
    private func settle(_ id: String, _ wanted: String) async throws -> JSONValue {
        let status = try await stage.send(.get, "/integrations/\(id)/status?wait=10")
        stage.expect("it is \(wanted)", status["status"].text == wanted, got: status["status"].text)
        return status
    }

    private func showLocations(_ wanted: [String]) async throws {
        let scopes = try await aws.locationScopes()
        stage.say("AWS has the locations: \(scopes.isEmpty ? "none" : scopes.joined(separator: ", "))")
        let expectation = wanted.isEmpty ? "AWS has no location" : "AWS has one location, \(wanted[0])"
        stage.expect(expectation, scopes == wanted)
    }

    private func tests(_ answer: JSONValue) -> [JSONValue] { answer["validationResults"]["validationTests"].elements }

    private func expectSevenPassed(_ answer: JSONValue) {
        let passed = tests(answer).count { $0["status"].text == "passed" }
        stage.expect("all seven tests pass", passed == Self.testCount, got: "\(passed) of \(tests(answer).count)")
    }

    private func body(name: String = "data lake", path: String, secret: String? = nil) -> JSONValue {
        .object([
            "type": .string("Native S3"), "autoBootstrap": .bool(false),
            "config": .object([
                "name": .string(name),
                "awsAccountId": .string(aws.account),
                "awsRegion": .string(aws.region),
                "awsLocationRole": .string(aws.locationRole),
                "awsLocationPath": .string(path),
                "authenticationType": .string("accessKey"),
                "awsAccessKeyId": .string(aws.accessKeyID),
                "awsSecretAccessKey": .string(secret ?? aws.secretAccessKey),
            ]),
        ])
    }
}

/// What the demonstration needs of the AWS beneath it.
protocol DemoAWS: Sendable {
    var account: String { get }
    var region: String { get }
    var locationRole: String { get }
    var accessKeyID: String { get }
    var secretAccessKey: String { get }
    var alice: DemoPerson { get }
    var bob: DemoPerson { get }

    /// What AWS itself lists, sorted.
    func locationScopes() async throws -> [String]
    /// `READ s3://bucket/prefix/* to user/alice` of each grant AWS itself lists, sorted.
    func grants() async throws -> [String]
    func refuseNext(_ operation: String) async throws
}
