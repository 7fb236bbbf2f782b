/// What the owners of a data source may do with it, and those who hold certain permissions.
public enum DataSourceRight: Sendable, CaseIterable {
    /// Renaming, disabling, deleting, refreshing.
    case managing
    /// Seeing who has access, giving and revoking it.
    case giving

    /// - Parameters:
    ///   - subscription: the caller's own, unless it was revoked.
    ///   - permissions: the caller's.
    /// - Throws: `forbidden`.
    public func require(_ subscription: SubscriptionState?, _ permissions: Set<Permission>) throws(DomainError) {
        guard subscription != .owner, permissions.isDisjoint(with: self.permissions) else { return }
        let names = self.permissions.map(\.rawValue).joined(separator: " or ")
        throw DomainError(.forbidden, "This needs the permission \(names), or to own the data source.")
    }

    private var permissions: [Permission] {
        switch self {
        case .managing: [.governance]
        case .giving: [.governance, .userAdmin]
        }
    }
}
