import Foundation
import HTTPTypes
import SigV4
import Testing
import Transport

@testable import AWS

let retryAfter = HTTPField.Name("x-amz-retry-after")!

@Suite struct RetryTests {
    struct Case: Sendable {
        var step: ScriptedTransport.Step
        /// Seconds with the greatest chance; empty: not repeated.
        var waits: [Double]

        static let transient = [0.05, 0.1]
        static let throttling = [1.0, 2.0]

        init(_ status: Int, _ code: String?, _ waits: [Double]) {
            step = .answer(status, [:], code.map { wrapped($0) } ?? "")
            self.waits = waits
        }

        init(_ error: TransportError, _ waits: [Double]) {
            step = .fail(error)
            self.waits = waits
        }
    }

    @Test(arguments: [
        Case(500, "InternalError", Case.transient), Case(502, nil, Case.transient), Case(503, nil, Case.transient),
        Case(504, nil, Case.transient), Case(500, nil, Case.transient),
        Case(503, "ServiceUnavailable", Case.transient), Case(400, "RequestTimeout", Case.transient),
        Case(400, "RequestTimeoutException", Case.transient), Case(400, "IDPCommunicationError", Case.transient),
        Case(503, "SlowDown", Case.throttling), Case(400, "SlowDown", Case.throttling),
        Case(400, "Throttling", Case.throttling), Case(400, "ThrottlingException", Case.throttling),
        Case(400, "ThrottledException", Case.throttling), Case(400, "RequestThrottledException", Case.throttling),
        Case(400, "TooManyRequestsException", Case.throttling), Case(400, "RequestLimitExceeded", Case.throttling),
        Case(400, "BandwidthLimitExceeded", Case.throttling), Case(400, "LimitExceededException", Case.throttling),
        Case(400, "RequestThrottled", Case.throttling), Case(400, "PriorRequestNotComplete", Case.throttling),
        Case(400, "EC2ThrottledException", Case.throttling),
        Case(400, "TransactionInProgressException", Case.throttling),
        Case(400, "ProvisionedThroughputExceededException", Case.throttling),
        Case(429, nil, Case.throttling),
        Case(400, "InvalidRequest", []), Case(403, "AccessDenied", []), Case(404, "NoSuchAccessGrantError", []),
        Case(409, "OperationAborted", []), Case(403, "ExpiredToken", []), Case(403, "RequestTimeTooSkewed", []),
        Case(501, "NotImplemented", []), Case(301, "PermanentRedirectControlError", []),
        Case(.resolve("x"), Case.transient), Case(.connect("x"), Case.transient),
        Case(.connectTimeout("x"), Case.transient), Case(.timeout(requestSent: true), Case.transient),
        Case(.connectionLost("x", requestSent: true), Case.transient),
        Case(.tls("x"), []), Case(.malformedRequest("x"), []), Case(.malformedResponse("x"), []),
        Case(.tooLarge(limit: 1), []), Case(.cancelled(requestSent: true), []), Case(.shutDown(requestSent: false), []),
    ])
    func `what is worth repeating is repeated twice`(_ testCase: Case) async {
        let stage = Stage([testCase.step])
        let error = await awsError { () async throws(AWSError) in try await stage.control.getAccessGrantsInstance() }
        #expect(stage.clock.sleeps == testCase.waits.map { Duration.seconds($0) })
        #expect(stage.transport.requests.count == testCase.waits.count + 1)
        #expect(error?.attempts == testCase.waits.count + 1)
        #expect(error?.mayHaveSucceeded == false)
        let cost = testCase.waits.first == 1 ? 5 : 14
        #expect(stage.runtime.quota.available == 500 - cost * testCase.waits.count)
    }

    @Test(arguments: [
        (1, 0.05, 1.0), (2, 0.1, 2), (5, 0.8, 16), (6, 1.6, 20), (9, 12.8, 20), (10, 20, 20), (99, 20, 20),
    ])
    func `the wait doubles up to 20 seconds`(_ number: Int, _ transient: Double, _ throttling: Double) {
        let policy = RetryPolicy()
        #expect(policy.delay(.transient, number: number, random: 1, retryAfter: nil) == transient)
        #expect(policy.delay(.throttling, number: number, random: 1, retryAfter: nil) == throttling)
        #expect(policy.delay(.throttling, number: number, random: 0.5, retryAfter: nil) == throttling / 2)
        #expect(policy.delay(.throttling, number: number, random: 0, retryAfter: nil) == 0)
    }

    @Test(arguments: [
        ("1500", 1.5), ("10", 1.0), ("0", 1), ("-7", 1), ("6000", 6), ("6001", 6), ("999999999", 6), ("1e400", 1),
        ("nan", 1), ("inf", 1), ("soon", 1), ("", 1),
    ])
    func `the server's wish moves the wait by five seconds at most`(_ header: String, _ seconds: Double) async throws {
        let stage = Stage([.answer(503, [retryAfter: header], wrapped("SlowDown")), .answer(200, [:], identityAnswer)])
        _ = try await stage.sts.getCallerIdentity()
        #expect(stage.clock.sleeps == [.seconds(seconds)])
    }

    @Test func `success gives back what the last retry took, or one`() async throws {
        let stage = Stage([
            .answer(500), .answer(503, [:], wrapped("SlowDown")), .answer(200, [:], identityAnswer),
        ])
        _ = try await stage.sts.getCallerIdentity()
        #expect(stage.runtime.quota.available == 500 - 14)
        for _ in 0..<20 { _ = try await stage.sts.getCallerIdentity() }
        #expect(stage.runtime.quota.available == 500)
    }

    @Test func `an empty quota ends the retries`() async {
        let stage = Stage([.answer(500)])
        for _ in 0..<17 { _ = await awsError { () async throws(AWSError) in try await stage.s3.listBuckets() } }
        #expect(stage.runtime.quota.available == 500 - 34 * 14)
        _ = await awsError { () async throws(AWSError) in try await stage.s3.listBuckets() }
        let before = stage.transport.requests.count
        let error = await awsError { () async throws(AWSError) in try await stage.s3.listBuckets() }
        #expect(error?.attempts == 1)
        #expect(stage.transport.requests.count == before + 1)
    }

    @Test(arguments: [
        ("", 3), ("1", 1), ("5", 5),
    ])
    func `AWS_MAX_ATTEMPTS bounds the requests`(_ text: String, _ attempts: Int) async throws {
        let stage = Stage([.answer(500)], retry: try RetryPolicy(environment: ["AWS_MAX_ATTEMPTS": text]))
        let error = await awsError { () async throws(AWSError) in try await stage.s3.listBuckets() }
        #expect(error?.attempts == attempts)
    }

    @Test(arguments: ["0", "-1", "two", "3.5"])
    func `a number of attempts that is none is refused`(_ text: String) {
        #expect(throws: AWSError.self) { try RetryPolicy(environment: ["AWS_MAX_ATTEMPTS": text]) }
    }

    @Test func `one deadline bounds all attempts`() async {
        let stage = Stage([.answer(503, [:], wrapped("SlowDown"))])
        let deadline = stage.clock.instant.advanced(by: .seconds(2.5))
        let error = await awsError { () async throws(AWSError) in
            try await stage.control.getAccessGrantsInstance(deadline: deadline)
        }
        // One second passes before the second request; the two before the third would not fit.
        #expect(stage.transport.requests.map(\.timeout) == [.seconds(2.5), .seconds(1.5)])
        #expect(error?.code == "SlowDown")
        #expect(stage.runtime.quota.available == 495)
    }

    @Test func `nothing is sent after the deadline`() async {
        let stage = Stage([.answer(200, [:], identityAnswer)])
        let error = await awsError { () async throws(AWSError) in
            try await stage.sts.getCallerIdentity(deadline: stage.clock.instant)
        }
        #expect(error?.kind == .transport(.timeout(requestSent: false)))
        #expect(error?.attempts == 0)
        #expect(stage.transport.requests.isEmpty)
    }
}

@Suite struct LostAnswerTests {
    struct Case: Sendable {
        var steps: [ScriptedTransport.Step]
        var mayHaveSucceeded: Bool
    }

    static let conflict = ScriptedTransport.Step.answer(409, [:], wrapped("AccessGrantAlreadyExists"))

    @Test(arguments: [
        Case(steps: [conflict], mayHaveSucceeded: false),
        Case(steps: [.fail(.connectionLost("x", requestSent: true)), conflict], mayHaveSucceeded: true),
        Case(steps: [.fail(.timeout(requestSent: true)), conflict], mayHaveSucceeded: true),
        Case(steps: [.fail(.connectionLost("x", requestSent: false)), conflict], mayHaveSucceeded: false),
        Case(steps: [.fail(.connect("x")), conflict], mayHaveSucceeded: false),
        Case(steps: [.fail(.tooLarge(limit: 1))], mayHaveSucceeded: true),
        Case(steps: [.fail(.cancelled(requestSent: true))], mayHaveSucceeded: true),
        Case(steps: [.answer(500), conflict], mayHaveSucceeded: true),
        Case(steps: [.answer(502), conflict], mayHaveSucceeded: true),
        Case(steps: [.answer(503), conflict], mayHaveSucceeded: false),
        Case(steps: [.answer(504), conflict], mayHaveSucceeded: true),
        Case(steps: [.answer(200, [:], "<Cut")], mayHaveSucceeded: true),
    ])
    func `a change whose answer was lost may have been done`(_ testCase: Case) async {
        let stage = Stage(testCase.steps)
        let request = CreateAccessGrantRequest(
            locationID: "default", grantee: AccessGrantee(kind: .iam, identifier: "arn"), permission: .read)
        let error = await awsError { () async throws(AWSError) in try await stage.control.createAccessGrant(request) }
        #expect(error?.mayHaveSucceeded == testCase.mayHaveSucceeded)
        let reading = Stage(testCase.steps)
        let other = await awsError { () async throws(AWSError) in try await reading.control.getAccessGrant(id: "1") }
        #expect(other?.mayHaveSucceeded == false)
    }
}

@Suite struct ClockSkewTests {
    static let date = "Fri, 15 Jan 2027 09:00:00 GMT"

    @Test(arguments: [
        ("RequestTimeTooSkewed", 3600.0, true), ("RequestExpired", 2, true), ("RequestInTheFuture", 2, true),
        ("RequestTimeTooSkewed", 0, false), ("SignatureDoesNotMatch", 3600, true),
        ("InvalidSignatureException", 300, true), ("AuthFailure", 300, true), ("SignatureDoesNotMatch", 200, false),
        ("AccessDenied", 3600, false),
    ])
    func `a clock that is off is corrected once`(_ code: String, _ behind: Double, _ corrects: Bool) async {
        let server = 1_800_003_600.0
        let stage = Stage([.answer(403, [.date: Self.date], wrapped(code))], clock: TestClock(now: server - behind))
        let error = await awsError { () async throws(AWSError) in try await stage.sts.getCallerIdentity() }
        #expect(error?.code == code)
        #expect(error?.attempts == (corrects ? 2 : 1))
        #expect(stage.clock.sleeps.isEmpty)
        let amzDate = HTTPField.Name("x-amz-date")!
        let dates = stage.transport.requests.compactMap { $0.head.headerFields[amzDate] }
        let first = AmzDate.format(Date(timeIntervalSince1970: server - behind))
        #expect(dates == (corrects ? [first, "20270115T090000Z"] : [first]))
    }

    @Test func `what was learned is kept for the next call`() async throws {
        let stage = Stage(
            [
                .answer(403, [.date: Self.date], wrapped("RequestTimeTooSkewed")), .answer(200, [:], identityAnswer),
            ], clock: TestClock(now: 1_800_000_000))
        _ = try await stage.sts.getCallerIdentity()
        _ = try await stage.sts.getCallerIdentity()
        #expect(stage.transport.requests.count == 3)
    }

    @Test func `without a date nothing is corrected`() async {
        let stage = Stage([.answer(403, [:], wrapped("RequestTimeTooSkewed"))])
        let error = await awsError { () async throws(AWSError) in try await stage.sts.getCallerIdentity() }
        #expect(error?.attempts == 1)
    }
}
