import Domain
import Foundation
import HTTPTypes
import HummingbirdTesting
import Synchronization
import TestSupport
import Testing

@testable import API

/// Sleeps until the test lets it go on.
final class HeldClock: Clock {
    typealias Instant = ContinuousClock.Instant

    let now = ContinuousClock.now
    let minimumResolution = Duration.zero
    private let held = AsyncStream.makeStream(of: Duration.self)
    private let sleepers = Mutex<[AsyncStream<Void>.Continuation]>([])

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        let (wakes, sleeper) = AsyncStream.makeStream(of: Void.self)
        sleepers.withLock { $0.append(sleeper) }
        held.continuation.yield(deadline - now)
        for await _ in wakes { return }
        throw CancellationError()
    }

    /// How long the next sleeper means to sleep, once it does.
    func nextSleep() async -> Duration? {
        var sleeps = held.stream.makeAsyncIterator()
        return await sleeps.next()
    }

    func wakeAll() {
        for sleeper in sleepers.withLock(\.self) { sleeper.yield() }
    }
}

/// `GET /integrations/{id}/status?wait=`
@Suite(.timeLimit(.minutes(10))) struct StatusWaitTests {
    private let clock = HeldClock()

    /// Lets `act` run while a caller waits for integration 1, which is being created.
    private func answer(
        _ act: @Sendable (RequestStage) async throws -> Void
    ) async throws -> Answer {
        let stage = try await RequestStage(clock: clock)
        try await stage.addCreatingIntegration()
        return try await stage.run { client in
            async let waiting = client.send(.get, "/integrations/1/status?wait=7")
            #expect(await clock.nextSleep() == .seconds(7))
            try await act(stage)
            return try await waiting
        }
    }

    @Test func `it answers when the change is done`() async throws {
        let answer = try await answer { stage in
            // An announcement without an end does not count.
            stage.changes.announce(IntegrationID(1))
            try await stage.finishCreation()
            stage.changes.announce(IntegrationID(1))
        }
        #expect(answer.status == 200)
        #expect(answer.members["status"] as? String == "enabled")
        #expect(answer.headers[.eTag] == "\"2\"")
    }

    @Test func `it answers when the time is up`() async throws {
        let answer = try await answer { _ in clock.wakeAll() }
        #expect(answer.status == 200)
        #expect(answer.members["status"] as? String == "creating")
    }

    @Test func `a change that nobody announced is seen when the time is up`() async throws {
        let answer = try await answer { stage in
            try await stage.finishCreation()
            clock.wakeAll()
        }
        #expect(answer.members["status"] as? String == "enabled")
    }

    @Test func `it answers at a shutdown, and afterwards at once`() async throws {
        let answer = try await answer { $0.changes.close() }
        #expect(answer.status == 200)
        #expect(answer.members["status"] as? String == "creating")
        let stage = try await RequestStage(clock: clock)
        try await stage.addCreatingIntegration()
        stage.changes.close()
        try await stage.run { client in
            let late = try await client.send(.get, "/integrations/1/status?wait=60")
            #expect(late.members["status"] as? String == "creating")
        }
    }

    @Test(arguments: ["", "?wait=0"])
    func `without a wait it does not wait`(_ query: String) async throws {
        let stage = try await RequestStage(clock: clock)
        try await stage.addCreatingIntegration()
        try await stage.run { client in
            let answer = try await client.send(.get, "/integrations/1/status" + query)
            #expect(answer.members["status"] as? String == "creating")
        }
    }

    @Test func `two who wait for one integration are both answered`() async throws {
        let stage = try await RequestStage(clock: clock)
        try await stage.addCreatingIntegration()
        try await stage.run { client in
            async let first = client.send(.get, "/integrations/1/status?wait=7")
            async let second = client.send(.get, "/integrations/1/status?wait=8")
            let sleeps = [await clock.nextSleep(), await clock.nextSleep()]
            #expect(Set(sleeps) == [.seconds(7), .seconds(8)])
            try await stage.finishCreation()
            stage.changes.announce(IntegrationID(1))
            let statuses = try await [first, second].map { $0.members["status"] as? String }
            #expect(statuses == ["enabled", "enabled"])
        }
    }
}
