/// Counts the grants of an integration.
public protocol GrantCounter: Sendable {
    /// How far the grants of an integration are, by location.
    func census(of integration: IntegrationID) async throws(DomainError) -> GrantCensus
}

/// The grants of one integration, counted.
public struct GrantCensus: Sendable, Equatable {
    public var locations: [LocationPath: Location]
    /// Subscriptions whose grants have to be worked out still.
    public var unplanned: Int

    public struct Location: Sendable, Equatable {
        /// Records, whatever AWS has of them.
        public var total = 0
        /// Those that some subscription needs.
        public var wanted = 0
        /// Wanted, and there.
        public var active = 0
        /// Wanted, and refused by AWS: `failed` or `quotaExceeded`.
        public var refused = 0
        /// Why, of one of the refused.
        public var reason: String?
        /// What keeps one of those that are neither there nor gone, nor refused.
        public var delay: String?

        public init(
            total: Int = 0, wanted: Int = 0, active: Int = 0, refused: Int = 0, reason: String? = nil,
            delay: String? = nil
        ) {
            self.total = total
            self.wanted = wanted
            self.active = active
            self.refused = refused
            self.reason = reason
            self.delay = delay
        }
    }

    public init(locations: [LocationPath: Location] = [:], unplanned: Int = 0) {
        self.locations = locations
        self.unplanned = unplanned
    }
}

/// Why a change of an integration cannot go on yet.
public struct GrantWait: Sendable, Equatable {
    /// With the numbers, so that it changes as long as there is progress.
    public var message: String
    /// What keeps one of the grants.
    public var problem: String?
    /// It will not get better by waiting.
    public var isFinal: Bool

    public init(_ message: String, problem: String? = nil, isFinal: Bool = false) {
        self.message = message
        self.problem = problem
        self.isFinal = isFinal
    }
}

extension GrantCensus {
    /// `nil` when no grant is left at `path`, so that its location may go.
    public func removal(at path: LocationPath) -> GrantWait? {
        guard let left = locations[path], left.total > 0 else { return nil }
        return GrantWait("Access grants that are still to be removed: \(left.total).", problem: left.delay)
    }

    /// `nil` when the grants have moved. What was no access at the old location need not be one at the new.
    public func move(from old: LocationPath, to new: LocationPath) -> GrantWait? {
        guard let left = locations[old], left.total > 0 else { return nil }
        let there = locations[new] ?? Location()
        let message = """
            The access grants are moving to \(new): \(there.active) of \(there.wanted) are there, and \(left.total) are \
            still at \(old).
            """
        // Those still wanted at the old location are the only access that somebody has.
        let isOver = unplanned == 0 && there.active + there.refused == there.wanted
        guard there.refused > 0, left.wanted > 0, isOver else {
            return GrantWait(message, problem: left.delay ?? there.delay)
        }
        return GrantWait(message, problem: there.reason, isFinal: true)
    }
}
