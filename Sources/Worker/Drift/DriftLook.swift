public import Domain
public import Logging

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Compares what AWS has at integrations' locations with our records, and has the difference mended: what is missing is
/// made again, what Sluice made and no longer wants is removed, and what it never made is told and left alone.
///
/// The list is read page by page. What changes meanwhile is nobody's drift: a record that the list does not show is asked
/// for by its id, and only what still names that grant then is mended.
public struct DriftLook: DriftInspector {
    private let grants: any GrantRepository
    private let drift: any DriftRepository
    private let service: any AccessGrantsService
    private let clock: any WallClock
    private let quotas: AccessGrantsQuotas
    private let logger: Logger
    /// Called when there is something to mend.
    private let wake: @Sendable () -> Void

    /// What one AWS call may take.
    private static let callDeadline: Duration = .seconds(20)
    /// Calls about single grants that are under way at once.
    private static let concurrency = 16
    /// Records read at once.
    private static let pageSize = 1_000
    /// Seconds before a page is asked for again; as many tries more.
    private static let waits: [TimeInterval] = [1, 2, 4, 8]

    public init(
        grants: any GrantRepository, drift: any DriftRepository, service: any AccessGrantsService,
        clock: any WallClock = SystemWallClock(), quotas: AccessGrantsQuotas = .init(), logger: Logger,
        wake: @escaping @Sendable () -> Void = {}
    ) {
        self.grants = grants
        self.drift = drift
        self.service = service
        self.clock = clock
        self.quotas = quotas
        self.logger = logger
        self.wake = wake
    }

    public func report(of integration: IntegrationID) async throws(DomainError) -> DriftReport? {
        try await drift.report(of: integration)
    }

    public func usage(beside integration: IntegrationID) async throws(DomainError) -> GrantUsage {
        GrantUsage(used: try await drift.grantsUsed(beside: integration), quota: quotas.grants)
    }

    public func look(at integration: Integration) async throws(DomainError) -> DriftReport {
        do {
            return try await compare(integration)
        } catch let problem as AWSProblem {
            throw DomainError(.unprocessable, problem.summary)
        } catch let error as DomainError {
            throw error
        } catch {
            throw DomainError(.unavailable, "Shutting down.")
        }
    }

    /// What one look gathers: numbers, however many grants there are.
    private struct Sight {
        var total = 0
        /// Records whose grants were shown.
        var seen: Set<Int64> = []
        var leftOver: [DriftRepair.LeftOver] = []
        var report: DriftReport
    }

    private func compare(_ integration: Integration) async throws -> DriftReport {
        var sight = Sight(report: DriftReport(checkedAt: clock.now))
        let paths = Dictionary(
            integration.locations.compactMap { record in record.made.map { ($0.locationID, record.path) } },
            uniquingKeysWith: { first, _ in first })
        var token: String?
        repeat {
            let page = try await page(token, integration.activeConnection)
            sight.total += page.grants.count
            try await sort(page.grants.filter { paths[$0.locationID] != nil }, paths, integration.id, &sight)
            token = page.next
        } while token != nil
        try await mend(integration, &sight)
        try await drift.record(sight.report, of: integration.id, total: sight.total)
        await tell(sight.report, of: integration.id)
        return sight.report
    }

    private func page(_ token: String?, _ connection: AWSConnection) async throws -> AWSGrantPage {
        for wait in Self.waits {
            do throws(AWSProblem) {
                return try await service.grants(page: token, connection, deadline: Self.callDeadline)
            } catch {
                guard error.isTransient, !Task.isCancelled else { throw error }
                await clock.sleep(until: clock.now.addingTimeInterval(wait))
            }
        }
        return try await service.grants(page: token, connection, deadline: Self.callDeadline)
    }

    private func sort(
        _ grants: [AWSGrant], _ paths: [String: LocationPath], _ id: IntegrationID, _ sight: inout Sight
    ) async throws {
        guard !grants.isEmpty else { return }
        let known = try await drift.knowledge(of: grants, id, at: paths)
        for (grant, knowledge) in zip(grants, known) {
            guard let path = paths[grant.locationID] else { continue }
            switch DriftFinding(grant, at: path, knowledge) {
            case .known(let record): sight.seen.insert(record.value)
            case .adopted(let record):
                sight.seen.insert(record.value)
                sight.report.add(foreign: ForeignGrant(grant))
            case .underWay: break
            case .leftOver(let key):
                sight.leftOver.append(DriftRepair.LeftOver(key: key, made: GrantRecord.Made(grant)))
            case .foreign: sight.report.add(foreign: ForeignGrant(grant))
            }
        }
    }
}

// MARK: Mending

extension DriftLook {
    private func mend(_ integration: Integration, _ sight: inout Sight) async throws {
        let leftOver = sight.leftOver
        let isThere = try await areThere(leftOver.map(\.made.grantID), integration.activeConnection)
        var repair = DriftRepair(leftOver: leftOver.filter { isThere.contains($0.made.grantID) })
        var last: GrantRecordID?
        repeat {
            let records = try await grants.grants(of: integration.id, after: last, limit: Self.pageSize)
            last = records.count < Self.pageSize ? nil : records.last?.id
            let unseen = records.filter { $0.isWanted && $0.isSettled && !sight.seen.contains($0.id.value) }
            let ids = unseen.compactMap(\.made?.grantID)
            let found = try await areThere(ids, integration.activeConnection)
            for record in unseen {
                guard let grantID = record.made?.grantID, !found.contains(grantID) else { continue }
                repair.missing[record.id] = grantID
            }
            guard !repair.isEmpty else { continue }
            let mended = try await drift.repair(repair, of: integration.id, now: clock.now)
            sight.report.missing += mended.missing
            sight.report.leftOver += mended.leftOver
            repair = DriftRepair()
            wake()
        } while last != nil
    }

    /// Those that AWS has.
    private func areThere(_ ids: [String], _ connection: AWSConnection) async throws -> Set<String> {
        var found: Set<String> = []
        for start in stride(from: 0, to: ids.count, by: Self.concurrency) {
            let some = ids[start..<min(start + Self.concurrency, ids.count)]
            try await withThrowingTaskGroup(of: String?.self) { group in
                for id in some { group.addTask { try await isThere(id, connection) ? id : nil } }
                for try await id in group { if let id { found.insert(id) } }
            }
        }
        return found
    }

    private func isThere(_ id: String, _ connection: AWSConnection) async throws(AWSProblem) -> Bool {
        try await service.grant(id: id, connection, deadline: Self.callDeadline) != nil
    }

    private func tell(_ report: DriftReport, of id: IntegrationID) async {
        ReconcileMetrics.drifted(report)
        var metadata: Logger.Metadata = ["integration.id": "\(id)"]
        if report.missing + report.leftOver > 0 {
            metadata["grants.missing"] = "\(report.missing)"
            metadata["grants.left_over"] = "\(report.leftOver)"
            logger.warning("AWS did not agree with our records, and is mended", metadata: metadata)
        }
        // What cannot be counted now is counted at the next look.
        guard let usage = try? await usage(beside: id), usage.warning != nil else { return }
        logger.warning(
            "the Access Grants instance is nearly full",
            metadata: [
                "integration.id": "\(id)", "grants.used": "\(usage.used)", "grants.quota": "\(usage.quota)",
            ])
    }
}
