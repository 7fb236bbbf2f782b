/// What decides how far AWS agrees with a subscription.
public struct AccessFacts: Sendable, Equatable {
    /// It was revoked, or its user deleted.
    public var isRevoked = false
    public var isDataSourceDisabled = false
    /// The integration has a location to hang grants on.
    public var hasLocation = true
    public var hasPrincipal = true
    /// The worker has worked out which grants it needs.
    public var isPlanned = true
    public var grants: [Grant] = []

    /// A grant that it holds on to.
    public struct Grant: Sendable, Equatable {
        public var state: GrantState
        /// It is to go: superseded by another, or given up.
        public var isLeaving: Bool

        public init(_ state: GrantState, isLeaving: Bool = false) {
            self.state = state
            self.isLeaving = isLeaving
        }
    }

    public init() {}

    public var state: GrantState {
        if isRevoked { return GrantState(.revoking, leavingMessage) }
        if let reason = reasonForNone {
            return grants.isEmpty ? GrantState(.pending, reason) : GrantState(.revoking, leavingMessage)
        }
        guard hasPrincipal else {
            return grants.isEmpty ? GrantState(.noPrincipal, Self.noPrincipal) : GrantState(.revoking, leavingMessage)
        }
        let staying = grants.filter { !$0.isLeaving }.map(\.state)
        for status in [GrantStatus.failed, .quotaExceeded] {
            if let state = staying.first(where: { $0.status == status }) { return state }
        }
        let isThere = isPlanned && !grants.isEmpty && grants.allSatisfy { !$0.isLeaving && $0.state.status == .active }
        let messages = grants.filter { isThere || $0.state.status != .active }.compactMap(\.state.message)
        return GrantState(isThere ? .active : .pending, messages.first)
    }

    /// Why nothing is granted although the user has a principal.
    private var reasonForNone: String? {
        if isDataSourceDisabled {
            return "The data source is disabled. Bring it back with PUT and \"deleted\": false."
        }
        guard hasLocation else {
            return "The integration has no Access Grants location at present; see its status."
        }
        return nil
    }

    private var leavingMessage: String? { grants.lazy.compactMap(\.state.message).first }

    private static let noPrincipal = """
        AWS does not know the user: give awsIamPrincipalArn, awsIdentityCenterUserId or awsIdentityCenterGroupIds in the \
        profile's externalUserIds.
        """
}
