/// What a grant lets its grantee do; WRITE includes deleting.
enum AccessGrantPermission: String, Sendable, CaseIterable {
    case read = "READ"
    case write = "WRITE"
    case readWrite = "READWRITE"

    /// Whether a grant of this permission answers a request for `asked`.
    ///
    /// A READ grant and a WRITE grant do not add up to READWRITE [our decision: undocumented].
    func satisfies(_ asked: Self) -> Bool { self == asked || self == .readWrite }
}
