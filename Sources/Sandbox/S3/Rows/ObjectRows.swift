import GRDB
import S3Server
import SQLiteStatements

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The versions of objects. What is inserted and removed here keeps three things true: a key has at most one null
/// version, its newest version is the latest, and only that one is current, unless it is a delete marker.
struct ObjectRows {
    let transaction: S3Transaction

    private var database: Database { transaction.database }

    // MARK: Looking up

    /// The newest of the key, delete markers included.
    func latest(_ key: String, in bucket: Bucket) throws -> ObjectVersion? {
        try database.row(
            """
            SELECT \(ObjectVersion.columns) FROM object_version WHERE bucket_id = ? AND key = ? ORDER BY id DESC LIMIT 1
            """, [bucket.id, KeyBytes.of(key)], ObjectVersion.init)
    }

    /// The bucket, the newest of the key in it, and its bytes where they are one piece, in one statement.
    /// - Parameter withBytes: else there is no piece.
    func found(_ name: S3ObjectName, withBytes: Bool) throws -> FoundObject? {
        try database.row(
            withBytes ? FoundObject.withBytes : FoundObject.withoutBytes, [name.bucket, KeyBytes.of(name.key)],
            FoundObject.init)
    }

    /// - Parameter version: `null` names the null version.
    /// - Throws: `InvalidArgument` for what is no version id.
    func version(_ version: String, of key: String, in bucket: Bucket) throws -> ObjectVersion? {
        guard version != "null" else { return try nullVersion(of: key, in: bucket) }
        guard let id = OpaqueID.row(version) else {
            throw S3Error(
                "InvalidArgument", 400, "Invalid version id specified",
                elements: [.init("ArgumentName", "versionId"), .init("ArgumentValue", version)])
        }
        return try database.row(
            """
            SELECT \(ObjectVersion.columns) FROM object_version
            WHERE id = ? AND version_id = ? AND bucket_id = ? AND key = ?
            """, [id, version, bucket.id, KeyBytes.of(key)], ObjectVersion.init)
    }

    private func nullVersion(of key: String, in bucket: Bucket) throws -> ObjectVersion? {
        let current = try database.row(
            """
            SELECT \(ObjectVersion.columns) FROM object_version INDEXED BY object_current
            WHERE bucket_id = ? AND key = ? AND is_current = 1 AND version_id IS NULL
            """, [bucket.id, KeyBytes.of(key)], ObjectVersion.init)
        return try current
            ?? database.row(
                """
                SELECT \(ObjectVersion.columns) FROM object_version INDEXED BY object_null_version
                WHERE bucket_id = ? AND key = ? AND version_id IS NULL AND is_current = 0
                """, [bucket.id, KeyBytes.of(key)], ObjectVersion.init)
    }

    // MARK: Writing

    /// Makes a new latest version, of which the segments and parts are still to be inserted.
    /// - Parameter latest: the one there is, just looked up.
    /// - Returns: its row, and its version id.
    func insert(
        _ record: ObjectRecord, key: String, in bucket: Bucket, over latest: ObjectVersion?
    ) throws -> (id: Int64, versionID: String?) {
        try insert(record, isDeleteMarker: false, key: key, in: bucket, over: latest)
    }

    /// What a DELETE without version does: nothing is left where there is no versioning, else a delete marker hides all.
    /// - Returns: the delete marker's version id; nil for none.
    func delete(
        _ key: String, in bucket: Bucket, latest: ObjectVersion?, by owner: String?, now: Milliseconds
    ) throws -> String? {
        guard bucket.versioning != nil else {
            if let latest { try remove(latest.id) }
            return nil
        }
        let marker = ObjectRecord(
            size: 0, etag: "", modifiedAt: now, headers: "", owner: owner, access: .private, tags: [])
        let made = try insert(marker, isDeleteMarker: true, key: key, in: bucket, over: latest)
        return made.versionID ?? "null"
    }

    private func insert(
        _ record: ObjectRecord, isDeleteMarker: Bool, key: String, in bucket: Bucket, over latest: ObjectVersion?
    ) throws -> (id: Int64, versionID: String?) {
        var replaced: ObjectVersion?
        if bucket.versioning != .enabled {
            let isLatest = latest == nil || latest?.versionID == nil
            replaced = isLatest ? latest : try nullVersion(of: key, in: bucket)
        }
        if let replaced { try remove(replaced.id) }
        if let latest, latest.isCurrent, latest.id != replaced?.id { try setCurrent(latest.id, false) }
        var (id, versionID): (Int64?, String?) = (nil, nil)
        if bucket.versioning == .enabled {
            let newest: Int64? = try database.value("SELECT max(id) FROM object_version")
            let row = (newest ?? 0) + 1
            (id, versionID) = (row, OpaqueID.new(row: row))
        }
        try database.run(
            """
            INSERT INTO object_version (id, bucket_id, key, version_id, is_current, is_delete_marker, size, etag,
                modified_at, headers, checksum, owner, acl, tags, part_count)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                id, bucket.id, KeyBytes.of(key), versionID, !isDeleteMarker, isDeleteMarker, record.size, record.etag,
                record.modifiedAt, record.headers, record.checksum?.stored, record.owner, record.access.stored,
                StoredTags.encode(record.tags), record.partCount,
            ])
        return (database.lastInsertedRowID, versionID)
    }

    /// What a DELETE of a version does: it goes, and when it was the latest, the one before it is.
    func delete(_ version: ObjectVersion, of key: String, in bucket: Bucket) throws {
        try remove(version.id)
        guard bucket.versioning != nil, version.isCurrent || version.isDeleteMarker else { return }
        if let latest = try latest(key, in: bucket), !latest.isDeleteMarker, !latest.isCurrent {
            try setCurrent(latest.id, true)
        }
    }

    private func setCurrent(_ id: Int64, _ isCurrent: Bool) throws {
        try database.run("UPDATE object_version SET is_current = ? WHERE id = ?", [isCurrent, id])
    }

    private func remove(_ id: Int64) throws {
        let blobs: [Int64] = try database.values(
            "SELECT DISTINCT blob_id FROM segment WHERE object_id = ?", arguments: [id])
        try database.run("DELETE FROM object_version WHERE id = ?", [id])
        transaction.release(blobs)
    }

    func set(_ access: AccessList, of version: ObjectVersion) throws {
        try database.run(
            "UPDATE object_version SET acl = ? WHERE id = ?", [access.stored, version.id])
    }

    func set(_ tags: [S3Tag], of version: ObjectVersion) throws {
        try database.run(
            "UPDATE object_version SET tags = ? WHERE id = ?", [StoredTags.encode(tags), version.id])
    }
}

// MARK: Bytes

extension ObjectRows {
    /// Records the bytes of an object that is one blob.
    func insert(_ blob: NewBlob, of object: Int64) throws {
        guard blob.size > 0 else { return }
        let id = try BlobRows(database: database).insert(blob)
        try insert(Segment(start: 0, length: blob.size, blob: id, blobOffset: 0), of: object)
    }

    func insert(_ segment: Segment, of object: Int64) throws {
        try database.run(
            "INSERT INTO segment (object_id, start, length, blob_id, blob_offset) VALUES (?, ?, ?, ?, ?)",
            [object, segment.start, segment.length, segment.blob, segment.blobOffset])
    }

    /// The bytes of an object, and the parts it was uploaded in.
    func bytes(of object: ObjectVersion) throws -> ObjectBytes {
        ObjectBytes(
            segments: try segments(of: object.id, 0..<object.contents.size),
            parts: object.contents.partCount == nil ? [] : try parts(of: object.id, after: 0, limit: .max))
    }

    func insert(_ bytes: ObjectBytes, of object: Int64) throws {
        for segment in bytes.segments { try insert(segment, of: object) }
        for row in bytes.parts {
            try database.run(
                """
                INSERT INTO object_part (object_id, number, start, size, etag, modified_at, checksum)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    object, row.part.number, row.start, row.part.size, row.part.etag,
                    Timestamp.milliseconds(row.part.modifiedAt), row.part.checksum?.stored,
                ])
        }
    }

    /// Those that hold the bytes at `range`.
    func segments(of object: Int64, _ range: Range<Int>) throws -> [Segment] {
        try database.rows(
            """
            SELECT start, length, blob_id, blob_offset FROM segment
            WHERE object_id = ?1 AND start < ?3
                AND start >= coalesce((SELECT max(start) FROM segment WHERE object_id = ?1 AND start <= ?2), 0)
            ORDER BY start
            """, [object, range.lowerBound, range.upperBound]
        ) { Segment(start: try $0.int(), length: try $0.int(), blob: try $0.integer(), blobOffset: try $0.int()) }
    }

    /// The pieces of blobs that hold the bytes at `range`, and where in them it is.
    /// - Parameter limit: of the pieces, the first of which are given.
    func pieces(
        of object: Int64, _ range: Range<Int>, limit: Int = .max
    ) throws -> (pieces: [BlobPiece], range: Range<Int>) {
        guard !range.isEmpty else { return ([], 0..<0) }
        let rows = try database.rows(
            """
            SELECT segment.start, blob.file, blob.data, segment.blob_offset, segment.length
            FROM segment JOIN blob ON blob.id = segment.blob_id
            WHERE object_id = ?1 AND start < ?3
                AND start >= coalesce((SELECT max(start) FROM segment WHERE object_id = ?1 AND start <= ?2), 0)
            ORDER BY start LIMIT ?4
            """, [object, range.lowerBound, range.upperBound, limit]
        ) { row in
            (
                start: try row.int(),
                piece: BlobPiece(place: try BlobPlace(&row), offset: try row.int(), length: try row.int())
            )
        }
        let first = rows.first?.start ?? 0
        return (rows.map(\.piece), (range.lowerBound - first)..<(range.upperBound - first))
    }

    // MARK: Parts

    func part(_ number: Int, of object: Int64) throws -> ObjectPartRow? {
        try database.row(
            "SELECT \(ObjectPartRow.columns) FROM object_part WHERE object_id = ? AND number = ?",
            [object, number], ObjectPartRow.init)
    }

    /// In order of number, at most `limit`.
    func parts(of object: Int64, after: Int, limit: Int) throws -> [ObjectPartRow] {
        try database.rows(
            """
            SELECT \(ObjectPartRow.columns) FROM object_part
            WHERE object_id = ? AND number > ? ORDER BY number LIMIT ?
            """, [object, after, limit], ObjectPartRow.init)
    }
}

/// What most reads ask for.
struct FoundObject: Sendable {
    let bucket: Bucket
    /// nil: there is none of the key.
    let latest: ObjectVersion?
    /// All the bytes; nil where there are none, or they are several pieces.
    let piece: BlobPiece?

    fileprivate static let withoutBytes = sql(columns: "NULL", join: "")
    fileprivate static let withBytes = sql(
        columns: "segment.blob_offset, segment.length, blob.file, blob.data",
        join: """
            LEFT JOIN segment ON segment.object_id = object_version.id AND segment.start = 0
                AND segment.length = object_version.size
            LEFT JOIN blob ON blob.id = segment.blob_id
            """)

    private static func sql(columns: String, join: String) -> String {
        """
        SELECT \(Bucket.columns), \(ObjectVersion.columns), \(columns)
        FROM bucket LEFT JOIN object_version ON object_version.id = (
            SELECT id FROM object_version WHERE bucket_id = bucket.id AND key = ?2 ORDER BY id DESC LIMIT 1)
        \(join)
        WHERE bucket.name = ?1
        """
    }

    fileprivate init(_ row: inout RowDecoder) throws {
        bucket = try Bucket(&row)
        latest = row.isNull ? nil : try ObjectVersion(&row)
        guard latest != nil, !row.isNull else {
            piece = nil
            return
        }
        let (offset, length) = (try row.int(), try row.int())
        piece = BlobPiece(place: try BlobPlace(&row), offset: offset, length: length)
    }
}

/// Where the bytes of an object are, to give them to another.
struct ObjectBytes: Sendable, Equatable {
    let segments: [Segment]
    let parts: [ObjectPartRow]
}

/// A part an object was uploaded in.
struct ObjectPartRow: Sendable, Equatable {
    let part: S3Part
    /// Within the object.
    let start: Int

    fileprivate static let columns = "start, number, size, etag, modified_at, checksum"

    fileprivate init(_ row: inout RowDecoder) throws {
        start = try row.int()
        part = S3Part(
            number: try row.int(), size: try row.int(), etag: try row.text(),
            modifiedAt: Timestamp.date(try row.integer()), checksum: S3Checksum(stored: row.optionalText()))
    }
}
