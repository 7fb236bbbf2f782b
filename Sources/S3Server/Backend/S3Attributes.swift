public protocol S3AttributeReader<Identity>: S3Backend {
    /// What GetObjectAttributes tells: the object, and a page of its parts when it was uploaded in parts.
    /// - Parameter after: a part number; 0: from the start.
    func objectAttributes(
        _ object: S3ObjectName, partsAfter after: Int, limit: Int, _ call: S3Call<Identity>
    ) async throws -> S3ObjectAttributes
}

public struct S3ObjectAttributes: Sendable, Equatable {
    public var info: S3ObjectInfo
    /// In order of number; empty for an object not uploaded in parts.
    public var parts: [S3Part]
    public var isTruncated: Bool

    public init(info: S3ObjectInfo, parts: [S3Part] = [], isTruncated: Bool = false) {
        self.info = info
        self.parts = parts
        self.isTruncated = isTruncated
    }
}
