/// What is to be done so that a subscription has the grants it should, and no others: the difference between what is
/// desired and what is recorded. Pure.
public struct GrantPlan: Sendable, Equatable {
    /// Not needed yet: to be asked for.
    public var add: Set<GrantKey> = []
    /// Desired, and superseded or released before: to be needed again.
    public var restore: Set<GrantRecordID> = []
    /// No longer desired, but the only access its grantee has until what takes its place is active: to be kept so long.
    public var supersede: Set<GrantRecordID> = []
    /// No longer desired, and nothing to wait for: to be given up.
    public var release: Set<GrantRecordID> = []

    public init(desired: Set<GrantKey>, held: [HeldGrant]) {
        let active = Set(held.filter(\.isActive).map(\.key))
        let waiting = Set(desired.subtracting(active).map(\.grantee))
        add = desired.subtracting(held.map(\.key))
        for grant in held {
            switch (desired.contains(grant.key), grant.hold) {
            case (true, .needed), (false, .released): break
            case (true, .superseded), (true, .released): restore.insert(grant.id)
            case (false, .needed), (false, .superseded):
                // What is not active gives no access that could be lost.
                let isMissed = grant.isActive && waiting.contains(grant.key.grantee)
                if !isMissed { release.insert(grant.id) } else if grant.hold == .needed { supersede.insert(grant.id) }
            }
        }
    }
}

/// A grant that a subscription refers to.
public struct HeldGrant: Sendable, Equatable {
    public var id: GrantRecordID
    public var key: GrantKey
    public var hold: GrantHold
    /// As `GrantRecord.isActive`.
    public var isActive: Bool

    public init(id: GrantRecordID, key: GrantKey, hold: GrantHold, isActive: Bool) {
        self.id = id
        self.key = key
        self.hold = hold
        self.isActive = isActive
    }
}

/// How a subscription refers to a grant. All but `released` make it wanted.
public enum GrantHold: Sendable, CaseIterable {
    case needed
    /// Until what takes its place for the same grantee is active.
    case superseded
    /// Until AWS has it no more.
    case released
}
