import Domain
import GRDB
import SQLiteStatements

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A row of `integration`, without what other tables hold of the aggregate.
struct IntegrationRow {
    /// Those that a save replaces, in the order of `bound`.
    static let savedColumns =
        ["status"] + ConfigurationColumns.names + ConfigurationColumns.names.map { "pending_\($0)" } + [
            "message", "created_by", "created_at", "updated_at", "next_attempt_at", "failures", "status_since",
            "next_check_at", "grant_path",
        ]
    static let select = "SELECT id, revision, \(savedColumns.joined(separator: ", ")) FROM integration"

    var id: IntegrationID
    var revision: Int64
    var status: IntegrationStatus
    var current: ConfigurationColumns
    var pending: ConfigurationColumns?
    var report: IntegrationReport
    var schedule: IntegrationSchedule

    init(_ row: inout RowDecoder) throws {
        id = IntegrationID(try row.integer())
        revision = try row.integer()
        status = try row.parsed(IntegrationStatus.init(rawValue:))
        guard let current = try ConfigurationColumns(&row) else { throw RowDecoder.UnexpectedValue(column: "name") }
        self.current = current
        pending = try ConfigurationColumns(&row)
        report = IntegrationReport(
            validation: nil, message: row.optionalText(), createdBy: UserID(try row.integer()),
            createdAt: try row.date(), updatedAt: try row.date())
        schedule = IntegrationSchedule(
            nextAttemptAt: row.optionalDate(), failures: Int(try row.integer()), statusSince: try row.date(),
            nextCheckAt: row.optionalDate())
    }

    /// In the order of `savedColumns`.
    static func bound(
        _ status: IntegrationStatus, _ configuration: IntegrationConfiguration, pending: IntegrationConfiguration?,
        _ report: IntegrationReport, _ schedule: IntegrationSchedule, _ grantPath: LocationPath?
    ) -> Bound {
        [status.rawValue] + ConfigurationColumns.bound(configuration) + ConfigurationColumns.bound(pending) + [
            report.message, report.createdBy.value, report.createdAt.milliseconds, report.updatedAt.milliseconds,
            schedule.nextAttemptAt?.milliseconds, Int64(schedule.failures), schedule.statusSince.milliseconds,
            schedule.nextCheckAt?.milliseconds, grantPath?.description,
        ]
    }
}
