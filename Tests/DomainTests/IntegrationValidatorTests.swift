import Domain
import Foundation
import Testing

/// Answers as it is told.
private struct ScriptedAWS: AccessGrantsService {
    var identity: Result<CallerIdentity, AWSProblem> = .success(
        CallerIdentity(accountID: "123456789012", arn: "arn:aws:iam::123456789012:user/sluice"))
    var instance: Result<String, AWSProblem> = .success("arn:instance")
    var listing: Result<Void, AWSProblem> = .success(())
    var found: Result<[AWSLocation], AWSProblem> = .success([])
    /// Locations at other paths.
    var others = 0

    func callerIdentity(_: AWSConnection, deadline: Duration) async throws(AWSProblem) -> CallerIdentity {
        try identity.get()
    }
    func instance(_: AWSConnection, deadline: Duration) async throws(AWSProblem) -> String { try instance.get() }
    func listPrefixes(at: LocationPath, _: AWSConnection, deadline: Duration) async throws(AWSProblem) {
        try listing.get()
    }
    func locations(
        at: LocationPath, _: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) -> FoundLocations {
        let matching = try found.get()
        return FoundLocations(matching: matching, total: matching.count + others)
    }
    func location(id: String, _: AWSConnection, deadline: Duration) async throws(AWSProblem) -> AWSLocation? {
        try found.get().first { $0.id == id }
    }
    func createLocation(
        at: LocationPath, role: IAMRoleARN, _: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) -> AWSLocation { throw Values.problem() }
    func updateLocation(id: String, role: IAMRoleARN, _: AWSConnection, deadline: Duration) async throws(AWSProblem) {}
    func deleteLocation(id: String, _: AWSConnection, deadline: Duration) async throws(AWSProblem) {}
    func createGrant(
        _: GrantKey, locationID: String, _: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) -> AWSAnswer<AWSGrant> { throw Values.problem() }
    func deleteGrant(id: String, _: AWSConnection, deadline: Duration) async throws(AWSProblem) -> AWSAnswer<Void> {
        AWSAnswer((), requestID: nil)
    }
    func grants(
        matching: GrantKey, _: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) -> [AWSGrant] { [] }
    func grant(id: String, _: AWSConnection, deadline: Duration) async throws(AWSProblem) -> AWSGrant? { nil }
    func grants(page: String?, _: AWSConnection, deadline: Duration) async throws(AWSProblem) -> AWSGrantPage {
        AWSGrantPage(grants: [], next: nil)
    }
}

@Suite struct IntegrationValidatorTests {
    private func outcome(
        _ aws: ScriptedAWS = ScriptedAWS(), for purpose: ValidationPurpose = .create,
        _ change: (inout IntegrationProposal) -> Void = { _ in }, among others: [Integration] = []
    ) async -> ValidationOutcome {
        var proposal = IntegrationProposal(Values.configuration())
        change(&proposal)
        return await IntegrationValidator(service: aws).validate(proposal, for: purpose, among: others)
    }

    private func statuses(_ outcome: ValidationOutcome) -> [String] {
        outcome.results.tests.map { "\($0.name): \($0.status)" }
    }

    private func location(_ id: String, _ scope: String = "s3://research/", role: String = "location") -> AWSLocation {
        AWSLocation(
            id: id, arn: "arn:\(id)", scope: scope, roleARN: Values.role(role).description, createdAt: Values.now)
    }

    @Test func `create runs seven tests in their order, delete four of them`() async {
        #expect(
            statuses(await outcome()) == [
                "noExistingIntegration: passed", "uniqueName: passed", "roleARN: passed", "callerIdentity: passed",
                "instance: passed", "pathExists: passed", "noExistingLocation: passed",
            ])
        let deletion = await outcome(for: .delete(Values.enabled()))
        #expect(
            statuses(deletion) == [
                "roleARN: passed", "callerIdentity: passed", "instance: passed", "pathExists: passed",
            ])
        #expect(deletion.error == nil)
    }

    @Test func `without an identity the tests that need one are skipped, and say why`() async {
        var aws = ScriptedAWS()
        aws.identity = .failure(Values.problem(.refused, "InvalidClientTokenId"))
        let outcome = await outcome(aws)
        #expect(
            statuses(outcome).suffix(4) == [
                "callerIdentity: failed", "instance: skipped", "pathExists: skipped", "noExistingLocation: skipped",
            ])
        #expect(outcome.error?.code == .unprocessable)
        #expect(
            outcome.error?.message == "Validation of prerequisite setup failed. Unable to create integration.")
        #expect(outcome.error?.validationResults == outcome.results)
        #expect(outcome.results.tests.last?.message?.hasPrefix("Not run, because this failed:") == true)
    }

    @Test func `a path in use is a conflict, and asks for PUT when it failed to create`() async {
        let other = Values.enabled(7, Values.configuration(name: "other"))
        #expect(
            await outcome(among: [other]).error?.message
                == "Native S3 integration already exists on s3://research/ (id = 7).")
        var failed = Values.creating(7, Values.configuration(name: "other"))
        failed.attemptFailed(at: Values.path, Values.problem(), now: Values.now, delay: 1, patience: 0)
        let error = await outcome(among: [failed]).error
        #expect(error?.code == .badRequest)
        #expect(error?.message.hasPrefix("Use PUT /integrations/7 endpoint") == true)
    }

    @Test func `on an edit the integration itself and its own location are left out`() async {
        var aws = ScriptedAWS()
        aws.found = .success([location("location-1")])
        let own = Values.enabled()
        #expect(await outcome(aws, for: .edit(own), among: [own]).error == nil)
    }

    @Test func `a location of somebody else's is a conflict, also beside one of ours`() async {
        var aws = ScriptedAWS()
        aws.found = .success([location("location-1"), location("x", "s3://research/*")])
        let error = await outcome(aws, for: .edit(Values.enabled())).error
        #expect(error?.code == .conflict)
        #expect(error?.message == "Access Grants location already exists on provided path.")

        var uncertain = Values.creating()
        uncertain.beginAttempt(at: Values.path, now: Values.now, lease: 60)
        aws.found = .success([location("y"), location("x", "s3://research/*")])
        #expect(await outcome(aws, for: .edit(uncertain)).error?.code == .conflict)
        aws.found = .success([location("y")])
        #expect(await outcome(aws, for: .edit(uncertain)).error == nil, "a create of ours may have made it")
    }

    @Test func `credentials of another account fail, unless AWS shares the instance with them`() async {
        var aws = ScriptedAWS()
        aws.identity = .success(CallerIdentity(accountID: "210987654321", arn: "arn:aws:iam::210987654321:user/x"))
        #expect(statuses(await outcome(aws)).contains("callerIdentity: warning"))
        #expect(await outcome(aws).error == nil)
        aws.instance = .failure(Values.problem())
        #expect(statuses(await outcome(aws)).contains("callerIdentity: failed"))
    }

    @Test func `a bucket in another Region is named with its Region`() async {
        var aws = ScriptedAWS()
        var problem = Values.problem(.refused, "PermanentRedirect")
        problem.bucketRegion = "us-west-2"
        aws.listing = .failure(problem)
        let message = await outcome(aws).results.tests.first { $0.name == .pathExists }?.message
        #expect(message?.contains("is in us-west-2, not in eu-west-1") == true)
    }

    @Test func `a role that is none fails its test and nothing else`() async {
        let outcome = await outcome { $0.locationRole = "nonsense" }
        #expect(statuses(outcome).filter { $0.hasSuffix("failed") } == ["roleARN: failed"])
        #expect(outcome.error?.code == .unprocessable)
    }

    @Test(arguments: [
        (799, "passed", nil as String?), (800, "warning", nil),
        (
            999, "warning",
            nil
        ), (1000, "failed", "The Access Grants instance of account 123456789012 in eu-west-1 is full."),
    ])
    func `a location more is warned of at four fifths of the quota, and refused when it is full`(
        _ others: Int, _ status: String, _ refusal: String?
    ) async {
        var aws = ScriptedAWS()
        aws.others = others
        let found = await outcome(aws)
        #expect(statuses(found).last == "noExistingLocation: \(status)")
        #expect(found.error?.message == refusal)
        #expect(found.error.map { $0.code == .conflict } ?? true)
        let own = Values.enabled()
        aws.found = .success([location("location-1")])
        aws.others = others - 1
        #expect(await outcome(aws, for: .edit(own), among: [own]).error == nil, "no location more")
    }

    @Test func `a full instance is told with what to do`() async {
        var aws = ScriptedAWS()
        aws.others = 1000
        #expect(
            await outcome(aws).results.firstFailure == """
                The Access Grants instance arn:aws:s3:eu-west-1:123456789012:access-grants/default has 1000 of the 1000 \
                locations of its quota. Remove locations from account 123456789012 in eu-west-1, or ask AWS Support for \
                a higher quota and set quota.locations to it.
                """)
        aws.others = 801
        #expect(
            await outcome(aws).results.tests.last?.message == """
                The Access Grants instance arn:aws:s3:eu-west-1:123456789012:access-grants/default has 801 of the 1000 \
                locations of its quota. Ask AWS Support for a higher quota in time, and set quota.locations to it.
                """)
    }

    @Test func `a check looks for the integration's own location and its role`() async {
        var aws = ScriptedAWS()
        let own = Values.enabled()
        aws.found = .success([location("location-1")])
        #expect(await outcome(aws, for: .check(own)).error == nil)
        aws.found = .success([location("location-1", role: "other")])
        #expect(statuses(await outcome(aws, for: .check(own))).last == "noExistingLocation: failed")
        aws.found = .success([])
        #expect(
            await outcome(aws, for: .check(own)).results.firstFailure?.contains("is gone from account") == true)
    }
}
