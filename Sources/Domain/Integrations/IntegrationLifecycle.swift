/// Which status follows which event. Decides, and does nothing: callers act on the returned action.
public struct IntegrationLifecycle: Sendable, Equatable {
    public private(set) var status: IntegrationStatus

    public init(_ status: IntegrationStatus) { self.status = status }

    public static let initial = IntegrationLifecycle(.creating)

    public enum Event: String, Sendable, CaseIterable {
        case editRequested
        case deletionRequested
        /// Deletion without clean-up, because AWS can no longer be reached.
        case forcedDeletionRequested
        case locationCreated
        case creationFailed
        case editApplied
        case editFailed
        case locationRemoved
        case deletionFailed
        case recurringValidationPassed
        case recurringValidationFailed
    }

    public enum Action: String, Sendable, CaseIterable {
        /// Make the location the configuration asks for.
        case createLocation
        /// Bring AWS to the pending configuration.
        case applyEdit
        /// Revoke everything and remove the location.
        case tearDown
        /// The pending configuration is the configuration from now on.
        case adoptPending
        /// Keep the configuration; AWS goes back to it.
        case rollBack
        /// Remove what a failed creation may have left behind.
        case cleanUp
        /// Leave AWS as it is, and stop tending it.
        case abandon
        case none
    }

    public struct IllegalTransition: Error, Sendable, Equatable {
        public var status: IntegrationStatus
        public var event: Event
    }

    public mutating func apply(_ event: Event) throws(IllegalTransition) -> Action {
        guard let (next, action) = Self.transition(from: status, on: event) else {
            throw IllegalTransition(status: status, event: event)
        }
        status = next
        return action
    }

    /// The statuses that may be stored while `status` is saved in their place: itself, and those one event before it.
    public static func sources(of status: IntegrationStatus) -> [IntegrationStatus] {
        IntegrationStatus.allCases.filter { source in
            source == status || Event.allCases.contains { transition(from: source, on: $0)?.0 == status }
        }
    }

    private static func transition(from status: IntegrationStatus, on event: Event) -> (IntegrationStatus, Action)? {
        switch status {
        case .creating: fromCreating(event)
        case .createError: fromCreateError(event)
        case .enabled, .editError, .deleteError, .recurringValidationError: fromInService(status, event)
        case .editing: fromEditing(event)
        case .deleting: fromDeleting(event)
        case .disabled: fromDisabled(event)
        // Gone; only its record is left.
        case .deleted: nil
        // Documented statuses of the product this one is compatible with; Sluice never enters them.
        case .migrating, .migrateError: nil
        }
    }

    private static func fromCreating(_ event: Event) -> (IntegrationStatus, Action)? {
        switch event {
        case .locationCreated: (.enabled, .none)
        case .creationFailed: (.createError, .cleanUp)
        // One change at a time: the contract answers 409 while one is under way.
        case .editRequested, .deletionRequested, .forcedDeletionRequested: nil
        // Belong to other changes.
        case .editApplied, .editFailed, .locationRemoved, .deletionFailed: nil
        // There is nothing to check yet.
        case .recurringValidationPassed, .recurringValidationFailed: nil
        }
    }

    private static func fromCreateError(_ event: Event) -> (IntegrationStatus, Action)? {
        switch event {
        case .editRequested: (.creating, .createLocation)
        case .deletionRequested: (.deleting, .tearDown)
        case .forcedDeletionRequested: (.disabled, .abandon)
        // No change is under way that could end.
        case .locationCreated, .creationFailed, .editApplied, .editFailed, .locationRemoved, .deletionFailed: nil
        // It never worked, so it cannot stop working.
        case .recurringValidationPassed, .recurringValidationFailed: nil
        }
    }

    /// Statuses in which the configuration holds and AWS agrees with it.
    private static func fromInService(_ status: IntegrationStatus, _ event: Event) -> (IntegrationStatus, Action)? {
        switch event {
        case .editRequested: (.editing, .applyEdit)
        case .deletionRequested: (.deleting, .tearDown)
        case .forcedDeletionRequested: (.disabled, .abandon)
        // A passing check answers the failing one only: why an edit or a deletion failed stays readable.
        case .recurringValidationPassed: (status == .recurringValidationError ? .enabled : status, .none)
        case .recurringValidationFailed:
            (status == .enabled ? .recurringValidationError : status, .none)
        // No change is under way that could end.
        case .locationCreated, .creationFailed, .editApplied, .editFailed, .locationRemoved, .deletionFailed: nil
        }
    }

    private static func fromEditing(_ event: Event) -> (IntegrationStatus, Action)? {
        switch event {
        case .editApplied: (.enabled, .adoptPending)
        case .editFailed: (.editError, .rollBack)
        // One change at a time.
        case .editRequested, .deletionRequested, .forcedDeletionRequested: nil
        // Belong to other changes.
        case .locationCreated, .creationFailed, .locationRemoved, .deletionFailed: nil
        // A check that began before the edit says nothing about what comes after it.
        case .recurringValidationPassed, .recurringValidationFailed: nil
        }
    }

    private static func fromDeleting(_ event: Event) -> (IntegrationStatus, Action)? {
        switch event {
        case .locationRemoved: (.deleted, .none)
        case .deletionFailed: (.deleteError, .rollBack)
        // One change at a time.
        case .editRequested, .deletionRequested, .forcedDeletionRequested: nil
        // Belong to other changes.
        case .locationCreated, .creationFailed, .editApplied, .editFailed: nil
        // A check that began before the deletion says nothing about what comes after it.
        case .recurringValidationPassed, .recurringValidationFailed: nil
        }
    }

    private static func fromDisabled(_ event: Event) -> (IntegrationStatus, Action)? {
        switch event {
        // AWS can be reached again: what was left there is removed after all.
        case .deletionRequested: (.deleting, .tearDown)
        // Already so.
        case .forcedDeletionRequested: (.disabled, .none)
        // Its name and path are free for others; coming back could collide with them.
        case .editRequested: nil
        // No change is under way that could end.
        case .locationCreated, .creationFailed, .editApplied, .editFailed, .locationRemoved, .deletionFailed: nil
        // Nobody tends it.
        case .recurringValidationPassed, .recurringValidationFailed: nil
        }
    }
}
