#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// An integration with everything known of it: the aggregate that is read, decided on and saved as one.
public struct Integration: Sendable, Equatable {
    public let id: IntegrationID
    /// Counts the saves; compared when saving, and shown as `ETag`.
    public let revision: Int64
    public internal(set) var lifecycle: IntegrationLifecycle
    public internal(set) var configuration: IntegrationConfiguration
    /// What an edit under way leads to.
    public internal(set) var pending: IntegrationConfiguration?
    public internal(set) var locations: [LocationRecord]
    public internal(set) var report: IntegrationReport
    public internal(set) var schedule: IntegrationSchedule

    public var status: IntegrationStatus { lifecycle.status }

    /// As the store reads it; the methods below are the only ways to change it.
    public init(
        id: IntegrationID, revision: Int64, lifecycle: IntegrationLifecycle, configuration: IntegrationConfiguration,
        pending: IntegrationConfiguration?, locations: [LocationRecord], report: IntegrationReport,
        schedule: IntegrationSchedule
    ) {
        self.id = id
        self.revision = revision
        self.lifecycle = lifecycle
        self.configuration = configuration
        self.pending = pending
        self.locations = locations
        self.report = report
        self.schedule = schedule
    }
}

/// What an integration says about itself to its administrator.
public struct IntegrationReport: Sendable, Equatable {
    public var validation: ValidationResults?
    /// Why it is in an `…Error` status, or what is being waited for.
    public var message: String?
    public var createdBy: UserID
    public var createdAt: Date
    public var updatedAt: Date

    public init(
        validation: ValidationResults?, message: String? = nil, createdBy: UserID, createdAt: Date, updatedAt: Date
    ) {
        self.validation = validation
        self.message = message
        self.createdBy = createdBy
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}

/// When the worker looks at an integration again.
public struct IntegrationSchedule: Sendable, Equatable {
    /// `nil`: nothing to do.
    public var nextAttemptAt: Date?
    /// Failed attempts in a row at the present step.
    public var failures: Int
    /// When the present status began: the patience with transient problems counts from here.
    public var statusSince: Date
    /// When the recurring check is due.
    public var nextCheckAt: Date?

    public init(nextAttemptAt: Date?, failures: Int = 0, statusSince: Date, nextCheckAt: Date? = nil) {
        self.nextAttemptAt = nextAttemptAt
        self.failures = failures
        self.statusSince = statusSince
        self.nextCheckAt = nextCheckAt
    }
}

/// What is stored when a creation is accepted; the store adds id and revision.
public struct NewIntegration: Sendable, Equatable {
    public var configuration: IntegrationConfiguration
    public var locations: [LocationRecord]
    public var report: IntegrationReport
    public var schedule: IntegrationSchedule

    public init(
        _ configuration: IntegrationConfiguration, validation: ValidationResults, createdBy: UserID, now: Date
    ) {
        self.configuration = configuration
        locations = [LocationRecord(path: configuration.path, role: configuration.locationRole)]
        report = IntegrationReport(validation: validation, createdBy: createdBy, createdAt: now, updatedAt: now)
        schedule = IntegrationSchedule(nextAttemptAt: now, statusSince: now)
    }
}

// MARK: What the API asks

extension Integration {
    /// PUT: the configuration to reach. On `createError` the creation is tried again.
    ///
    /// - Throws: `conflict` while another change is under way.
    public mutating func requestEdit(
        to wanted: IntegrationConfiguration, validation: ValidationResults, now: Date
    ) throws(DomainError) {
        let before = status
        let action = try apply(.editRequested, asking: "edit")
        report.validation = validation
        if action == .createLocation { configuration = wanted } else { pending = wanted }
        if before != .enabled { distrustRecords() }
        restate(now: now)
    }

    /// DELETE.
    ///
    /// - Throws: `conflict` while another change is under way.
    public mutating func requestDeletion(validation: ValidationResults?, now: Date) throws(DomainError) {
        _ = try apply(.deletionRequested, asking: "delete")
        if let validation { report.validation = validation }
        restate(now: now)
    }

    /// DELETE with `force`: AWS is left as it is.
    ///
    /// - Throws: `conflict` while another change is under way.
    public mutating func forceDeletion(now: Date) throws(DomainError) {
        _ = try apply(.forcedDeletionRequested, asking: "delete")
        restate(now: now)
        schedule.nextAttemptAt = nil
        schedule.nextCheckAt = nil
    }

    /// Refuses what `requestEdit` or `requestDeletion` would refuse, before the tests are run.
    public func checkAccepts(_ event: IntegrationLifecycle.Event, asking verb: String) throws(DomainError) {
        var copy = self
        _ = try copy.apply(event, asking: verb)
    }

    /// After an error AWS may have been changed behind our back: the worker looks before it believes the records.
    private mutating func distrustRecords() {
        for index in locations.indices { locations[index].made?.role = nil }
    }

    private mutating func apply(
        _ event: IntegrationLifecycle.Event, asking verb: String
    ) throws(DomainError) -> IntegrationLifecycle.Action {
        do {
            return try lifecycle.apply(event)
        } catch {
            throw DomainError(
                .conflict, "Unable to \(verb) integration with ID \(id) in current state \(status.rawValue).")
        }
    }
}
