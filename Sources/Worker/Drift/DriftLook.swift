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
/// The list of an Access Grants instance is read once for all integrations on it, page by page. What changes meanwhile
/// is nobody's drift: a record that the list does not show is asked for by its id, and only what still names that grant
/// then is mended.
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
    /// Access Grants instances that are looked at at once.
    private static let instancesAtOnce = 4
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

    private typealias Results = [IntegrationID: Result<DriftReport, DomainError>]

    public func look(at integrations: [Integration]) async -> [IntegrationID: Result<DriftReport, DomainError>] {
        let instances = Array(Dictionary(grouping: integrations) { Instance($0.activeConnection) }.values)
        var results: Results = [:]
        for start in stride(from: 0, to: instances.count, by: Self.instancesAtOnce) {
            let some = instances[start..<min(start + Self.instancesAtOnce, instances.count)]
            await withTaskGroup(of: Results.self) { group in
                for integrations in some { group.addTask { await compare(integrations) } }
                for await more in group { results.merge(more) { _, new in new } }
            }
        }
        return results
    }

    /// An account has one Access Grants instance a Region.
    private struct Instance: Hashable {
        var account: AWSAccountID
        var region: AWSRegion

        init(_ connection: AWSConnection) {
            account = connection.accountID
            region = connection.region
        }
    }

    /// What one look gathers of an integration: numbers, however many grants there are.
    private struct Sight {
        let integration: Integration
        let paths: [String: LocationPath]
        /// Records whose grants were shown.
        var seen: Set<Int64> = []
        var leftOver: [DriftRepair.LeftOver] = []
        var report: DriftReport

        init(_ integration: Integration, now: Date) {
            self.integration = integration
            paths = Dictionary(
                integration.locations.compactMap { record in record.made.map { ($0.locationID, record.path) } },
                uniquingKeysWith: { first, _ in first })
            report = DriftReport(checkedAt: now)
        }
    }

    /// All on one instance. Who may not list it is told so, and the next one's connection is tried for the others.
    private func compare(_ integrations: [Integration]) async -> Results {
        var results: Results = [:]
        var left = integrations
        while let connection = left.first?.activeConnection {
            switch await outcome(of: { try await sights(of: left, over: connection) }) {
            case .success(let (sights, total)):
                for sight in sights {
                    results[sight.integration.id] = await outcome(of: { try await finish(sight, total: total) })
                        .mapError { $0.told }
                }
                return results
            case .failure(let failure):
                let failed = failure.isOfCaller ? left.filter { $0.activeConnection == connection } : left
                for integration in failed { results[integration.id] = .failure(failure.told) }
                left.removeAll { results[$0.id] != nil }
            }
        }
        return results
    }

    /// One list for all of them.
    private func sights(
        of integrations: [Integration], over connection: AWSConnection
    ) async throws -> (sights: [Sight], total: Int) {
        var sights = integrations.map { Sight($0, now: clock.now) }
        var total = 0
        var token: String?
        repeat {
            let page = try await page(token, connection)
            total += page.grants.count
            let byLocation = Dictionary(grouping: page.grants, by: \.locationID)
            for index in sights.indices {
                try await sort(sights[index].paths.keys.sorted().flatMap { byLocation[$0] ?? [] }, &sights[index])
            }
            token = page.next
        } while token != nil
        return (sights, total)
    }

    private func finish(_ sight: Sight, total: Int) async throws -> DriftReport {
        var sight = sight
        try await mend(&sight)
        try await drift.record(sight.report, of: sight.integration.id, total: total)
        await tell(sight.report, of: sight.integration.id)
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

    private func sort(_ grants: [AWSGrant], _ sight: inout Sight) async throws {
        guard !grants.isEmpty else { return }
        let known = try await drift.knowledge(of: grants, sight.integration.id, at: sight.paths)
        for (grant, knowledge) in zip(grants, known) {
            guard let path = sight.paths[grant.locationID] else { continue }
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
    private func mend(_ sight: inout Sight) async throws {
        let (integration, leftOver) = (sight.integration, sight.leftOver)
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

// MARK: What went wrong

private func outcome<Value>(of body: () async throws -> Value) async -> Result<Value, any Error> {
    do { return .success(try await body()) } catch { return .failure(error) }
}

extension Error {
    /// Another caller may be answered.
    fileprivate var isOfCaller: Bool { (self as? AWSProblem).map { !$0.isTransient } ?? false }

    fileprivate var told: DomainError {
        switch self {
        case let problem as AWSProblem: DomainError(.unprocessable, problem.summary)
        case let error as DomainError: error
        default: DomainError(.unavailable, "Shutting down.")
        }
    }
}
