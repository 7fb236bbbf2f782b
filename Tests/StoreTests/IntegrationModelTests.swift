import Domain
import Foundation
import TestSupport
import Testing

/// The two implementations side by side: whatever is done to both, they answer alike.
@Suite struct IntegrationModelTests {
    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `random histories look the same in memory and in SQLite`(_ seed: UInt64) async throws {
        let (model, store) = (try await Implementation.inMemory.make(), try await Implementation.sqlite.make())
        var history = RandomHistory(seed: seed)
        for step in 0..<250 {
            let call = history.next(among: try await model.integrations.integrations())
            let (expected, actual) = (await answer(of: model, to: call), await answer(of: store, to: call))
            #expect(actual == expected, "step \(step): \(call)")
            history.note(expected)
        }
        #expect(try await store.integrations.integrations() == model.integrations.integrations())
        #expect(
            try await store.integrations.nextDue(checkInterval: 900) == model.integrations.nextDue(checkInterval: 900))
        #expect(history.codes.isSuperset(of: [.conflict, .staleRevision]), "refusals were met: \(history.codes)")
    }

    private func answer(of store: Repositories, to call: RandomHistory.Call) async -> RandomHistory.Answer {
        do {
            switch call {
            case .insert(let new, let answer):
                return .inserted(try await store.integrations.insert(new, answer: answer))
            case .save(let integration): return .saved(try await store.integrations.save(integration))
            case .due(let now, let limit):
                return .found(
                    try await store.integrations.due(now: now, limit: limit)
                        + store.integrations.dueForCheck(now: now, interval: 900, limit: limit))
            case .recordCheck(let id, let next):
                try await store.integrations.recordCheck(id, next: next)
                return .found([try await store.integrations.integration(id, includingDeleted: true)].compactMap(\.self))
            }
        } catch {
            return .refused(error)
        }
    }
}

/// Calls that a busy administrator and worker might make, with few names and paths so that they collide.
struct RandomHistory {
    enum Call: CustomStringConvertible {
        case insert(NewIntegration, AnswerToKeep<Integration>?)
        case save(Integration)
        case due(Date, Int)
        case recordCheck(IntegrationID, Date)

        var description: String {
            switch self {
            case .insert(let new, _): "insert \(new.configuration.name) on \(new.configuration.path)"
            case .save(let integration): "save \(integration.id) as \(integration.status)"
            case .due(let now, let limit): "due \(now), \(limit)"
            case .recordCheck(let id, let next): "recordCheck \(id), \(next)"
            }
        }
    }

    enum Answer: Equatable {
        case inserted(InsertedIntegration)
        case saved(Integration)
        case found([Integration])
        case refused(DomainError)
    }

    private(set) var codes: Set<DomainError.Code> = []
    private var generator: SeededGenerator
    private var now = Fixtures.now
    private var outdated: Integration?

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func note(_ answer: Answer) {
        if case .refused(let error) = answer { codes.insert(error.code) }
    }

    mutating func next(among all: [Integration]) -> Call {
        now += Double(Int.random(in: 0..<100_000, using: &generator)) / 1000
        guard var integration = all.randomElement(using: &generator) else { return .insert(new(), nil) }
        switch Int.random(in: 0..<12, using: &generator) {
        case 0, 1: return .insert(new(), Bool.random(using: &generator) ? answer() : nil)
        case 2: return .due(now, Int.random(in: 1..<6, using: &generator))
        case 3: return .recordCheck(integration.id, now + 60)
        case 4:
            defer { outdated = integration }
            return .save(outdated ?? integration)
        default:
            change(&integration)
            return .save(integration)
        }
    }

    private mutating func change(_ integration: inout Integration) {
        let path = integration.locations.randomElement(using: &generator)?.path ?? integration.configuration.path
        switch Int.random(in: 0..<9, using: &generator) {
        case 0: try? integration.requestEdit(to: configuration(), validation: Fixtures.passed, now: now)
        case 1: try? integration.requestDeletion(validation: nil, now: now)
        case 2: try? integration.forceDeletion(now: now)
        case 3: integration.beginAttempt(at: path, now: now, lease: 30)
        case 4: integration.locationIsGone(at: path, now: now)
        case 5: integration.attemptFailed(at: path, problem(), now: now, delay: 5, patience: 0)
        case 6:
            integration.checked(
                Bool.random(using: &generator) ? Fixtures.passed : Fixtures.failed(.instance, "gone"), now: now,
                nextCheckAt: now + 900)
        default:
            let role = integration.locations.first { $0.path == path }?.role ?? Fixtures.locationRole
            integration.locationWasMade(Fixtures.made(path.description, role: role), at: path, now: now)
        }
    }

    private mutating func problem() -> AWSProblem {
        Bool.random(using: &generator)
            ? AWSProblem(kind: .refused, code: "AccessDenied", message: "no", action: "s3:CreateAccessGrantsLocation")
            : AWSProblem(
                kind: .unreachable, code: "timeout", message: "?", action: "s3:CreateAccessGrantsLocation",
                mayHaveSucceeded: true)
    }

    private mutating func new() -> NewIntegration { Fixtures.newIntegration(configuration(), now: now) }

    private mutating func configuration() -> IntegrationConfiguration {
        let base: AWSAuthentication.Base =
            Bool.random(using: &generator)
            ? .auto : .accessKey(id: "AKIA\(Int.random(in: 0..<3, using: &generator))", secret: Secret("s\(now)"))
        return Fixtures.configuration(
            name: "name\(Int.random(in: 0..<8, using: &generator))",
            path: "s3://bucket\(Int.random(in: 0..<8, using: &generator))/",
            role: Fixtures.role("role\(Int.random(in: 0..<2, using: &generator))"),
            connection: Fixtures.connection(base: base))
    }

    private mutating func answer() -> AnswerToKeep<Integration> {
        AnswerToKeep(
            key: "key\(Int.random(in: 0..<5, using: &generator))", user: UserID(1),
            requestHash: Array(repeating: 1, count: 32), now: now, expiredBefore: now - 600,
            render: { Array("\($0.id) \($0.configuration.name)".utf8) })
    }
}
