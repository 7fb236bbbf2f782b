/// The scope of a registered location: `s3://`, `s3://bucket`, `s3://bucket/` or `s3://bucket/prefix`, each but the
/// first with an optional `*` at the end.
///
/// Two scopes are the same location when their texts are the same: `s3://b` and `s3://b/` are two
/// [our decision: undocumented].
struct LocationScope: Equatable, Sendable {
    let path: S3Path

    /// - Throws: `InvalidAccessGrantsLocation`.
    init(_ text: String) throws(AccessGrantsError) {
        guard let path = S3Path(text) else { throw .invalidLocation }
        self.path = path
    }

    var text: String { path.text }
    var isDefault: Bool { path.isDefault }
}
