import AWS
import Foundation
import HTTPTypes
import SigV4
import Synchronization
import Transport

/// Answers what a script says, in order; the last step repeats.
final class ScriptedTransport: DocumentTransport {
    enum Step: Sendable {
        case answer(Int, HTTPFields = [:], String = "")
        case fail(TransportError)
        /// Waits for the gate, then goes on to the next step.
        case hold(Gate)
    }

    private let steps: Mutex<[Step]>
    private let seen = Mutex<[DocumentRequest]>([])

    init(_ steps: [Step]) {
        self.steps = Mutex(steps)
    }

    var requests: [DocumentRequest] { seen.withLock { $0 } }

    func send(_ request: DocumentRequest) async throws(TransportError) -> DocumentResponse {
        seen.withLock { $0.append(request) }
        while true {
            let step = steps.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
            switch step {
            case .answer(let status, let fields, let body):
                return DocumentResponse(
                    status: HTTPResponse.Status(code: status), headerFields: fields, body: Array(body.utf8))
            case .fail(let error): throw error
            case .hold(let gate): await gate.wait()
            }
        }
    }
}

/// Holds whoever waits until it is opened, and tells when `count` have come.
final class Gate: Sendable {
    private let arrivals = AsyncStream<Void>.makeStream()
    private let waiting = Mutex<(isOpen: Bool, all: [CheckedContinuation<Void, Never>])>((false, []))

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = waiting.withLock { waiting in
                if !waiting.isOpen { waiting.all.append(continuation) }
                return waiting.isOpen
            }
            arrivals.continuation.yield()
            if isOpen { continuation.resume() }
        }
    }

    /// Returns when the next one has come.
    func visited() async {
        for await _ in arrivals.stream { return }
    }

    func open() {
        let all = waiting.withLock { waiting in
            waiting.isOpen = true
            defer { waiting.all = [] }
            return waiting.all
        }
        for continuation in all { continuation.resume() }
    }
}

/// A clock that stands still but for the sleeps, which end at once and are written down.
final class TestClock: Sendable {
    private struct State {
        var now: Date
        var instant = ContinuousClock.now
        var sleeps: [Duration] = []
    }

    private let state: Mutex<State>
    private let random: Double

    init(now: Double = 1_800_000_000, random: Double = 1) {
        state = Mutex(State(now: Date(timeIntervalSince1970: now)))
        self.random = random
    }

    var now: Date { state.withLock { $0.now } }
    var instant: ContinuousClock.Instant { state.withLock { $0.instant } }
    var sleeps: [Duration] { state.withLock { $0.sleeps } }

    func advance(_ seconds: Double) {
        state.withLock { state in
            state.now += seconds
            state.instant += .seconds(seconds)
        }
    }

    var time: AWSTime {
        AWSTime(
            now: { self.now }, instant: { self.instant },
            sleep: { duration in
                self.state.withLock { state in
                    state.sleeps.append(duration)
                    state.instant += duration
                }
            }, random: { self.random })
    }
}

let keys = StaticCredentialsProvider(accessKeyID: "AKIDTEST", revealed: "secret-of-the-test")
let account = "111122223333"

/// Clients over a script.
struct Stage {
    let transport: ScriptedTransport
    let clock: TestClock
    var runtime: AWSRuntime

    init(
        _ steps: [ScriptedTransport.Step], clock: TestClock = TestClock(),
        endpoints: EndpointConfiguration = EndpointConfiguration(), retry: RetryPolicy = RetryPolicy()
    ) {
        transport = ScriptedTransport(steps)
        self.clock = clock
        runtime = AWSRuntime(transport: transport, endpoints: endpoints, retry: retry, time: clock.time)
    }

    var control: S3ControlClient {
        S3ControlClient(runtime, credentials: keys, region: "eu-west-1", account: account)
    }
    var s3: S3Client { S3Client(runtime, credentials: keys, region: "eu-west-1") }
    var sts: STSClient { STSClient(runtime, credentials: keys, region: "eu-west-1") }
}

func wrapped(_ code: String, _ message: String = "as told") -> String {
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ErrorResponse><Error><Code>\(code)</Code><Message>\(message)</Message>"
        + "</Error><RequestId>7D0E</RequestId><HostId>host==</HostId></ErrorResponse>"
}

let identityAnswer = """
    <GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>\
    <Arn>arn:aws:iam::111122223333:user/tester</Arn><UserId>AIDAEXAMPLE</UserId><Account>111122223333</Account>\
    </GetCallerIdentityResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetCallerIdentityResponse>
    """

func roleAnswer(_ number: Int, expires: Date) -> String {
    """
    <AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>\
    <AccessKeyId>ASIA\(number)</AccessKeyId><SecretAccessKey>role-secret</SecretAccessKey>\
    <SessionToken>token</SessionToken><Expiration>\(expires.formatted(.iso8601))</Expiration></Credentials>\
    <PackedPolicySize>1</PackedPolicySize></AssumeRoleResult></AssumeRoleResponse>
    """
}

func awsError<Output>(_ call: () async throws(AWSError) -> Output) async -> AWSError? {
    do throws(AWSError) {
        _ = try await call()
        return nil
    } catch {
        return error
    }
}
