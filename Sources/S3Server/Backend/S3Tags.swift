public protocol S3TagStore<Identity>: S3Backend {
    /// - Throws: also `NoSuchTagSet` 404.
    func bucketTags(_ bucket: String, _ call: S3Call<Identity>) async throws -> [S3Tag]
    /// - Parameter tags: none removes the set.
    func putBucketTags(_ tags: [S3Tag], _ bucket: String, _ call: S3Call<Identity>) async throws
    /// - Returns: the tags, and the version they are of where the bucket was ever versioned.
    func objectTags(
        _ object: S3ObjectName, _ call: S3Call<Identity>
    ) async throws -> (tags: [S3Tag], versionID: String?)
    /// - Returns: the version that was tagged.
    func putObjectTags(_ tags: [S3Tag], _ object: S3ObjectName, _ call: S3Call<Identity>) async throws -> String?
}

/// A tag of a bucket (at most 50) or an object (at most 10): a key of 1–128 characters, a value of at most 256.
public struct S3Tag: Sendable, Equatable {
    public var key: String
    public var value: String

    public init(key: String, value: String) {
        self.key = key
        self.value = value
    }
}
