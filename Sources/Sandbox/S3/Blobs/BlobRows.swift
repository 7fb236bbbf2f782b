import GRDB
import SQLiteStatements

/// The rows of blobs, within a transaction of the caller.
struct BlobRows {
    let database: Database

    /// - Returns: the blob's id, to be referred to in the same transaction.
    func insert(_ blob: NewBlob) throws -> Int64 {
        switch blob.place {
        case .inline(let data):
            try database.run(
                "INSERT INTO blob (size, crc64, data) VALUES (?, ?, ?)",
                [blob.size, Int64(bitPattern: blob.crc64), data])
        case .file(let name):
            try database.run(
                "INSERT INTO blob (size, crc64, file) VALUES (?, ?, ?)",
                [blob.size, Int64(bitPattern: blob.crc64), name])
        }
        return database.lastInsertedRowID
    }

    /// Deletes those of the blobs that nothing refers to any more.
    /// - Returns: the names of their files, for `BlobStore.remove` once the transaction is committed.
    func release(_ ids: some Sequence<Int64>) throws -> [String] {
        var files: [String] = []
        for id in ids {
            let file = try database.row(
                """
                DELETE FROM blob WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM segment WHERE blob_id = ?1)
                    AND NOT EXISTS (SELECT 1 FROM upload_segment WHERE blob_id = ?1)
                RETURNING file
                """, arguments: [id])
            if let file: String = file?["file"] { files.append(file) }
        }
        return files
    }

    /// The names of the files of a group, which all begin with it.
    func files(in group: String) throws -> Set<String> {
        Set(try database.values("SELECT file FROM blob WHERE file >= ? AND file < ?", arguments: [group, group + "g"]))
    }
}
