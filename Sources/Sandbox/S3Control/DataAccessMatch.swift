/// A question GetDataAccess was asked, and the rules that pick the grant which answers it.
///
/// Rules as documented in "Request access to Amazon S3 data through S3 Access Grants": every identity in the request
/// counts, the most restrictive grant wins, `Default` answers with the scope of that grant and `Minimal` with exactly
/// the target.
struct DataAccessQuestion: Equatable, Sendable {
    enum Privilege: String, Sendable, CaseIterable {
        case `default` = "Default"
        case minimal = "Minimal"
    }

    let target: S3Path
    let permission: AccessGrantPermission
    let privilege: Privilege

    /// - Throws: `InvalidRequest` for a target that names no bucket, or that names no object though `isObject`.
    init(
        target text: String, permission: AccessGrantPermission, privilege: Privilege, isObject: Bool
    ) throws(AccessGrantsError) {
        guard let target = S3Path(text), !target.isDefault else {
            throw .invalidRequest("The target must be an S3 path, for example s3://bucket/prefix*")
        }
        if isObject {
            guard !target.isWildcard, let key = target.key, !key.isEmpty else {
                throw .invalidRequest("The targetType Object needs a target that names one object")
            }
        }
        self.target = target
        self.permission = permission
        self.privilege = privilege
    }

    /// The grant that answers: the longest scope that covers the target; between equals the oldest grant
    /// [our decision: undocumented]. Nil when none does.
    func match(among candidates: some Sequence<DataAccessCandidate>) -> DataAccessMatch? {
        var best: DataAccessCandidate?
        for candidate in candidates
        where candidate.permission.satisfies(permission) && candidate.scope.covers(target) {
            if let found = best, !candidate.isCloser(than: found) { continue }
            best = candidate
        }
        guard let best else { return nil }
        return DataAccessMatch(grant: best, scope: privilege == .minimal ? target : best.scope)
    }
}

/// A grant to one of the caller's identities.
struct DataAccessCandidate: Equatable, Sendable {
    /// Rises with the time of creation.
    let sequence: Int64
    let scope: S3Path
    let permission: AccessGrantPermission
    let grantee: Grantee
    let locationID: String

    func isCloser(than other: Self) -> Bool {
        let (own, others) = (scope.stem.utf8.count, other.scope.stem.utf8.count)
        if own != others { return own > others }
        // `bob/x` is closer to itself than `bob/x*`.
        if scope.isWildcard != other.scope.isWildcard { return !scope.isWildcard }
        return sequence < other.sequence
    }
}

/// The answer: the grant, and the scope the vended credentials are narrowed to.
struct DataAccessMatch: Equatable, Sendable {
    let grant: DataAccessCandidate
    let scope: S3Path
}
