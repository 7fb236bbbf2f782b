import Domain
import Logging

/// Brings AWS to what is wanted of one integration, step by step, and writes down before each step what it is going to do
/// and after it what came of it. It may stop anywhere: whoever comes next goes on from what is written.
struct IntegrationPass: Sendable {
    let repository: any IntegrationRepository
    let grants: any GrantCounter
    let service: any AccessGrantsService
    let clock: any WallClock
    let options: ReconcilerOptions
    let jitter: @Sendable () -> Double
    let logger: Logger
    let announce: @Sendable (IntegrationID) -> Void

    /// More steps than any change has; what is left over then is due at once.
    private static let mostSteps = 32

    /// What a step came to.
    enum Progress {
        /// Look what is next.
        case onward(Integration)
        /// Nothing more can be done about this record in this pass.
        case waiting(Integration)
    }

    /// - Throws: what the repository throws; `staleRevision` is dealt with here.
    func reconcile(_ integration: Integration, isStopping: @Sendable () -> Bool = { false }) async throws(DomainError) {
        var current = integration
        var waiting: Set<LocationPath> = []
        var isWaitingForGrants = false
        for _ in 0..<Self.mostSteps {
            guard !isStopping() else { return }
            guard let record = current.nextUnsettled(skipping: waiting) else {
                if let move = current.movingGrants, !isWaitingForGrants {
                    current = try await moveGrants(from: move.from, to: move.to, of: current)
                    isWaitingForGrants = current.movingGrants != nil
                    continue
                }
                guard waiting.isEmpty, !isWaitingForGrants, current.schedule.nextAttemptAt != nil else { return }
                _ = try await commit(current) { $0.isInAgreement(now: clock.now) }
                return
            }
            switch try await take(record, of: current) {
            case .onward(let next): current = next
            case .waiting(let next):
                current = next
                waiting.insert(record.path)
            }
        }
    }

    private func take(_ record: LocationRecord, of current: Integration) async throws(DomainError) -> Progress {
        switch record.step {
        case .create: try await create(record, of: current)
        case .lookThenCreate: try await lookThenCreate(record, of: current)
        case .updateRole(let id): try await update(id, record, of: current)
        case .lookThenUpdate(let id): try await lookThenUpdate(id, record, of: current)
        case .verify(let id): try await verify(id, record, of: current)
        case .delete(let id): try await delete(id, record, of: current)
        case .lookThenDelete: try await lookThenDelete(record, of: current)
        // The aggregate forgets such records itself, and `nextUnsettled` leaves the settled out.
        case .settled, .forget: .waiting(current)
        }
    }
}
