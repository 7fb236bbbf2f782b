/// The documented statuses, spelled as scripts match them.
public enum IntegrationStatus: String, Sendable, CaseIterable {
    case creating
    case createError
    case deleted
    case deleteError
    case deleting
    case disabled
    case editError
    case editing
    case enabled
    case migrateError
    case migrating
    case recurringValidationError

    /// Whether the worker is carrying it to another status.
    public var isTransitional: Bool {
        switch self {
        case .creating, .editing, .deleting, .migrating: true
        case .createError, .deleted, .deleteError, .disabled, .editError, .enabled, .migrateError,
            .recurringValidationError:
            false
        }
    }

    /// Whether its name and path are taken.
    public var isInUse: Bool { self != .deleted && self != .disabled }
}
