/// What a grant covers: the location's scope with the grant's sub-prefix behind it.
///
/// AWS documents "the result of concatenating" and is inconsistent about the seams. [our decision] One trailing `*` of
/// the location is dropped before a sub-prefix is put behind it, and a bare bucket gets the slash AWS's own plugin
/// tests rely on: `s3://bucket` and `A/*` give `s3://bucket/A/*`. Without a sub-prefix the location's scope stands as
/// it is.
struct GrantScope: Equatable, Sendable {
    let path: S3Path

    /// - Throws: `InvalidAccessGrant` where no valid path comes out: on the default location the sub-prefix must name
    ///   a bucket, on any location the whole must stay within 2,000 characters; `InvalidRequest` where one object is
    ///   asked for (`isObject`) and the scope does not name one.
    init(location: LocationScope, subPrefix: String?, isObject: Bool) throws(AccessGrantsError) {
        let subPrefix = subPrefix ?? ""
        guard let path = S3Path(Self.joined(location.path, subPrefix)), !path.isDefault else { throw .invalidGrant }
        self.path = path
        guard isObject else { return }
        guard !path.isWildcard, let key = path.key, !key.isEmpty else {
            throw .invalidRequest("S3PrefixType Object needs a grant scope that names one object")
        }
    }

    var text: String { path.text }

    private static func joined(_ location: S3Path, _ subPrefix: String) -> String {
        guard !subPrefix.isEmpty else { return location.text }
        var base = location.text
        if location.isWildcard { base.removeLast() }
        let isBareBucket = !location.isDefault && location.key == nil
        if isBareBucket, !subPrefix.hasPrefix("/") { base += "/" }
        return base + subPrefix
    }
}
