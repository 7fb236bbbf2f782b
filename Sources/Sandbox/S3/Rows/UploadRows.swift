import GRDB
import S3Server
import SQLiteStatements

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A multipart upload on record.
struct MultipartUpload: Sendable, Equatable {
    let id: Int64
    let key: String
    let uploadID: String
    let initiatedAt: Milliseconds
    let contents: UploadRecord
    /// What it became; nil while it is in progress.
    let completed: ObjectRecord?
    let versionID: String?

    fileprivate static let columns = """
        id, key, upload_id, initiated_at, owner, headers, acl, tags, checksum_algorithm, checksum_type, \
        object_version_id, completed_at, object_size, object_etag, object_checksum
        """

    fileprivate init(_ row: inout RowDecoder) throws {
        id = try row.integer()
        key = try row.decoded()
        uploadID = try row.text()
        initiatedAt = try row.integer()
        let contents = UploadRecord(
            owner: row.optionalText(), headers: try row.text(), access: AccessList(stored: row.optionalText()),
            tags: StoredTags.decode(row.optionalText()),
            checksum: row.optionalText().flatMap(S3ChecksumAlgorithm.init(rawValue:)),
            checksumType: row.optionalText().flatMap(S3ChecksumType.init(rawValue:)))
        self.contents = contents
        versionID = row.optionalText()
        completed = try row.optionalInteger().map { completedAt in
            ObjectRecord(
                size: try row.int(), etag: try row.text(), modifiedAt: completedAt, headers: contents.headers,
                checksum: S3Checksum(stored: row.optionalText()), owner: contents.owner, access: contents.access,
                tags: contents.tags)
        }
    }
}

/// What an upload's object is to be recorded with.
struct UploadRecord: Sendable, Equatable {
    /// nil: anonymous.
    var owner: String?
    /// As `StoredHeaders` has them.
    var headers: String
    var access: AccessList
    var tags: [S3Tag]
    var checksum: S3ChecksumAlgorithm?
    var checksumType: S3ChecksumType?
}

/// The multipart uploads and their parts.
struct UploadRows {
    let transaction: S3Transaction

    private var database: Database { transaction.database }

    /// How long a completed upload is remembered.
    private static let remembrance: Milliseconds = 24 * 3_600_000

    /// - Throws: `NoSuchUpload`; a completed one counts as none unless it is asked for.
    func upload(_ name: S3UploadName, in bucket: Bucket, orCompleted: Bool = false) throws -> MultipartUpload {
        guard let id = OpaqueID.row(name.uploadID),
            let upload = try database.row(
                """
                SELECT \(MultipartUpload.columns) FROM upload
                WHERE id = ? AND upload_id = ? AND bucket_id = ? AND key = ?
                """, [id, name.uploadID, bucket.id, KeyBytes.of(name.object.key)], MultipartUpload.init),
            orCompleted || upload.completed == nil
        else {
            throw S3Error(
                "NoSuchUpload", 404,
                "The specified upload does not exist. The upload ID may be invalid, or the upload may have been "
                    + "aborted or completed.", elements: [.init("UploadId", name.uploadID)])
        }
        return upload
    }

    /// - Returns: the upload id.
    func insert(_ record: UploadRecord, key: String, in bucket: Bucket, now: Milliseconds) throws -> String {
        let newest: Int64? = try database.value("SELECT max(id) FROM upload")
        let row = (newest ?? 0) + 1
        let uploadID = OpaqueID.new(row: row)
        try database.run(
            """
            INSERT INTO upload (id, bucket_id, key, upload_id, initiated_at, owner, headers, acl, tags,
                checksum_algorithm, checksum_type)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                row, bucket.id, KeyBytes.of(key), uploadID, now, record.owner, record.headers, record.access.stored,
                StoredTags.encode(record.tags), record.checksum?.rawValue, record.checksumType?.rawValue,
            ])
        return uploadID
    }

    func delete(_ upload: MultipartUpload) throws {
        let blobs: [Int64] = try database.values(
            "SELECT DISTINCT blob_id FROM upload_segment WHERE upload = ?", arguments: [upload.id])
        try database.run("DELETE FROM upload WHERE id = ?", [upload.id])
        transaction.release(blobs)
    }

    // MARK: Parts

    /// Records a part; one of its number that there was goes.
    func insert(_ part: S3Part, _ segments: [Segment], of upload: MultipartUpload) throws {
        try deletePart(part.number, of: upload)
        try database.run(
            "INSERT INTO upload_part (upload, number, size, etag, modified_at, checksum) VALUES (?, ?, ?, ?, ?, ?)",
            [
                upload.id, part.number, part.size, part.etag, Timestamp.milliseconds(part.modifiedAt),
                part.checksum?.stored,
            ])
        for segment in segments {
            try database.run(
                """
                INSERT INTO upload_segment (upload, number, start, length, blob_id, blob_offset)
                VALUES (?, ?, ?, ?, ?, ?)
                """,
                [
                    upload.id, part.number, segment.start, segment.length, segment.blob, segment.blobOffset,
                ])
        }
    }

    private func deletePart(_ number: Int, of upload: MultipartUpload) throws {
        let blobs: [Int64] = try database.values(
            "SELECT DISTINCT blob_id FROM upload_segment WHERE upload = ? AND number = ?",
            arguments: [upload.id, number])
        try database.run(
            "DELETE FROM upload_segment WHERE upload = ? AND number = ?", [upload.id, number])
        try database.run("DELETE FROM upload_part WHERE upload = ? AND number = ?", [upload.id, number])
        transaction.release(blobs)
    }

    /// In order of number, at most `limit`.
    func parts(of upload: MultipartUpload, after: Int = 0, limit: Int = 10_000) throws -> [S3Part] {
        try database.rows(
            """
            SELECT number, size, etag, modified_at, checksum FROM upload_part
            WHERE upload = ? AND number > ? ORDER BY number LIMIT ?
            """, [upload.id, after, limit]
        ) { row in
            S3Part(
                number: try row.int(), size: try row.int(), etag: try row.text(),
                modifiedAt: Timestamp.date(try row.integer()), checksum: S3Checksum(stored: row.optionalText()))
        }
    }

    // MARK: Completing

    /// Gives the parts' bytes to an object and remembers what the upload became. Bytes are not touched.
    /// - Parameter numbers: of the parts it is made of; the others go.
    func complete(
        _ upload: MultipartUpload, with numbers: Set<Int>, as object: (id: Int64, versionID: String?),
        _ record: ObjectRecord
    ) throws {
        for part in try parts(of: upload) where !numbers.contains(part.number) {
            try deletePart(part.number, of: upload)
        }
        try database.run(
            """
            INSERT INTO object_part (object_id, number, start, size, etag, modified_at, checksum)
            SELECT ?, number, sum(size) OVER (ORDER BY number) - size, size, etag, modified_at, checksum
            FROM upload_part WHERE upload = ?
            """, [object.id, upload.id])
        try database.run(
            """
            INSERT INTO segment (object_id, start, length, blob_id, blob_offset)
            SELECT part.object_id, part.start + piece.start, piece.length, piece.blob_id, piece.blob_offset
            FROM upload_segment AS piece
            JOIN object_part AS part ON part.object_id = ? AND part.number = piece.number
            WHERE piece.upload = ?
            """, [object.id, upload.id])
        try database.run("DELETE FROM upload_segment WHERE upload = ?", [upload.id])
        try database.run("DELETE FROM upload_part WHERE upload = ?", [upload.id])
        try database.run(
            """
            UPDATE upload SET completed_at = ?, object_etag = ?, object_size = ?, object_checksum = ?,
                object_version_id = ? WHERE id = ?
            """,
            [
                record.modifiedAt, record.etag, record.size, record.checksum?.stored, object.versionID, upload.id,
            ])
        try database.run(
            "DELETE FROM upload WHERE completed_at < ?", [record.modifiedAt - Self.remembrance])
    }

    // MARK: Listing

    private typealias Entry = S3UploadPage.Upload

    func list(_ listing: S3UploadListing, in bucket: Bucket) throws -> S3UploadPage {
        var page = ListingPage<Entry>(limit: listing.limit, of: database)
        let upper = KeyBytes.end(of: listing.prefix)
        if !listing.afterKey.isEmpty, let id = OpaqueID.row(listing.afterUpload) {
            try page.fill(
                from: KeyBytes.of(listing.afterKey),
                rows: { from, count in
                    (Self.listed("key = ? AND key < ? AND id > ? ORDER BY id"), [bucket.id, from, upper, id, count])
                }, commonPrefix: { _ in nil }, read: entry)
        }
        try page.fill(
            from: ObjectRows.start(
                after: listing.afterKey, prefix: listing.prefix, commonPrefix: listing.commonPrefix),
            rows: { from, count in
                (Self.listed("key >= ? AND key < ? ORDER BY key, id"), [bucket.id, from, upper, count])
            }, commonPrefix: listing.commonPrefix, read: entry)
        return S3UploadPage(
            uploads: page.items, commonPrefixes: page.commonPrefixes, isTruncated: page.isTruncated)
    }

    private static func listed(_ condition: String) -> String {
        """
        SELECT key, upload_id, initiated_at, owner, checksum_algorithm, checksum_type
        FROM upload INDEXED BY upload_by_key
        WHERE completed_at IS NULL AND bucket_id = ? AND \(condition) LIMIT ?
        """
    }

    private func entry(_ key: String, _ row: inout RowDecoder) throws -> Entry {
        let uploadID = try row.text()
        let initiatedAt = Timestamp.date(try row.integer())
        let owner = try transaction.owner(row.optionalText())
        return Entry(
            key: key, uploadID: uploadID, initiatedAt: initiatedAt, initiator: owner, owner: owner,
            checksum: row.optionalText().flatMap(S3ChecksumAlgorithm.init(rawValue:)),
            checksumType: row.optionalText().flatMap(S3ChecksumType.init(rawValue:)))
    }
}
