import SQLiteStatements

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Where the bytes of a blob are.
enum BlobPlace: Sendable, Equatable {
    /// In the row.
    case inline(Data)
    /// In the file of this name: 32 hexadecimal digits.
    case file(String)

    /// - Parameter row: `file` and `data` of `blob`, of which one is NULL.
    init(_ row: inout RowDecoder) throws {
        switch (row.optionalText(), row.optionalData()) {
        case (let file?, _): self = .file(file)
        case (nil, let data?): self = .inline(data)
        case (nil, nil): throw RowDecoder.UnexpectedValue(column: "data")
        }
    }

    /// A blob in the database costs no file, no second sync and no second system call to read; beyond this size writing
    /// it twice, to the log and to the database, costs more than that.
    static let largestInline = 64 * 1024
}

/// Bytes that have been received and are on the disk, and that no row names yet.
struct NewBlob: Sendable, Equatable {
    let size: Int
    /// CRC-64/NVME of the bytes, which a scrub compares.
    var crc64: UInt64
    let place: BlobPlace
}

/// A run of bytes within a blob.
struct BlobPiece: Sendable, Equatable {
    let place: BlobPlace
    let offset: Int
    let length: Int
}

/// The table of blobs. A row is referred to by `segment.blob_id` and `upload_segment.blob_id`, both indexed; it is never
/// changed, and goes when the last of them does.
enum BlobSchema {
    static let sql = """
        CREATE TABLE blob (
            id INTEGER PRIMARY KEY,
            size INTEGER NOT NULL CHECK (size >= 0),
            crc64 INTEGER NOT NULL,
            data BLOB,
            file TEXT UNIQUE CHECK (length(file) = 32 AND file NOT GLOB '*[^0-9a-f]*'),
            CHECK ((data IS NULL) <> (file IS NULL)),
            CHECK (data IS NULL OR length(data) = size)
        ) STRICT;
        """
}
