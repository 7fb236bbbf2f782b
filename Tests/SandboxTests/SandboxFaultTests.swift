import Foundation
import HTTPTypes
import Testing
import Transport

@testable import Sandbox

struct SandboxFaultTests {
    @Test func `Faults are off unless enabled`() async throws {
        try await SandboxClient.run { client async throws in
            let header: HTTPFields = [.sandboxFault: #"[{"operation":"*","status":503}]"#]
            #expect(try await client.send(.get, "/", headers: header).status == .ok)
            #expect(try await client.sendUnsigned(.get, "/_sandbox/faults").summary == "403 AccessDenied")
        }
    }

    @Test func `A rule strikes the calls it names, then no more`() async throws {
        try await SandboxClient.run(faults: true) { client async throws in
            let rules = #"[{"operation":"ListBuckets","nth":2,"count":1,"status":503,"code":"SlowDown"}]"#
            let put = try await client.sendUnsigned(.put, "/_sandbox/faults", body: Array(rules.utf8))
            #expect(put.status == .noContent)
            var answers: [String] = []
            for _ in 0..<3 { answers.append(try await client.send(.get, "/").summary) }
            #expect(answers == ["200", "503 SlowDown", "200"])
            #expect(
                try await client.sendUnsigned(.get, "/_sandbox/faults").text
                    == #"[{"code":"SlowDown","count":1,"nth":2,"operation":"ListBuckets","status":503}]"#)
            #expect(try await client.sendUnsigned(.get, "/_sandbox/calls").text == #"{"ListBuckets":3}"#)
            #expect(try await client.sendUnsigned(.delete, "/_sandbox/calls").status == .noContent)
            #expect(try await client.sendUnsigned(.get, "/_sandbox/calls").text == "{}")
        }
    }

    @Test(arguments: [("dropBefore", "404 NoSuchKey"), ("dropAfter", "200")])
    func `A dropped connection leaves the call undone or done`(effect: String, after: String) async throws {
        try await SandboxClient.run(faults: true) { client async throws in
            let header: HTTPFields = [.sandboxFault: #"[{"operation":"PutObject","\#(effect)":true}]"#]
            await #expect(throws: TransportError.self) {
                try await client.send(.put, "/sandbox-data/dropped", headers: header, body: "x")
            }
            #expect(try await client.send(.get, "/sandbox-data/dropped").summary == after)
        }
    }

    @Test func `Too many calls a second are told to slow down`() async throws {
        try await SandboxClient.run(faults: true) { client async throws in
            let rules = #"[{"operation":"*","throttleRate":2,"retryAfterMilliseconds":250}]"#
            _ = try await client.sendUnsigned(.put, "/_sandbox/faults", body: Array(rules.utf8))
            var answers: [DocumentResponse] = []
            for _ in 0..<3 { answers.append(try await client.send(.get, "/")) }
            #expect(answers.map(\.summary) == ["200", "200", "503 SlowDown"])
            #expect(answers.map { $0.headerFields[.amzRetryAfter] } == [nil, nil, "250"])
            client.clock.advance(by: 0.5)
            answers = [try await client.send(.get, "/"), try await client.send(.get, "/")]
            #expect(answers.map(\.summary) == ["200", "503 SlowDown"])
        }
    }

    @Test func `A sandbox throttles from the start when it is told to`() async throws {
        try await SandboxClient.run(throttleRate: 1) { client async throws in
            #expect(try await client.send(.get, "/").summary == "200")
            #expect(try await client.send(.get, "/").summary == "503 SlowDown")
            #expect(try await client.sendUnsigned(.get, "/_sandbox/calls").text == #"{"ListBuckets":2}"#)
        }
    }

    @Test func `Accounts are throttled apart, and rest no further than the rate`() {
        let start = SandboxClient.start
        var plan = FaultPlan()
        plan.replace([FaultRule(operation: "*", throttleRate: 2)])
        func calls(_ account: String, at seconds: Double, _ count: Int) -> Int {
            (0..<count).count { _ in
                plan.strike("GetAccessGrant", account: account, own: [], now: start.addingTimeInterval(seconds)).failure
                    == nil
            }
        }
        #expect(calls("111122223333", at: 0, 5) == 2)
        #expect(calls("444455556666", at: 0, 5) == 2)
        #expect(calls("111122223333", at: 0.5, 5) == 1)
        #expect(calls("111122223333", at: 60, 5) == 2)
    }

    @Test(arguments: [
        "{}", "nonsense", #"[{"operation":""}]"#, #"[{"operation":"*","status":200}]"#,
        #"[{"operation":"*","throttleRate":0}]"#, #"[{"operation":"*","retryAfterMilliseconds":-1}]"#,
    ])
    func `Rules that make no sense are refused`(rules: String) async throws {
        try await SandboxClient.run(faults: true) { client async throws in
            let answer = try await client.sendUnsigned(.put, "/_sandbox/faults", body: Array(rules.utf8))
            #expect(answer.summary == "400 InvalidArgument")
        }
    }
}
