/// The tables of buckets, objects and uploads in the sandbox's database.
///
/// Keys are BLOBs: they hold any byte, and compare byte by byte as S3 orders them. What belongs to an object is found
/// and walked by an index of its own, so that a page costs what is on it: `object_current` for ListObjects and GET,
/// `object_version_by_key` for versions, newest first because ids rise.
enum S3Schema {
    static let sql = """
        CREATE TABLE bucket (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            account TEXT NOT NULL REFERENCES account (id),
            region TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            versioning TEXT CHECK (versioning IN ('Enabled', 'Suspended')),
            acl TEXT,
            tags TEXT
        ) STRICT;
        CREATE INDEX bucket_by_account ON bucket (account, name);

        -- version_id NULL: the null version. is_current: the newest of its key, and no delete marker.
        -- owner NULL: anonymous. acl NULL: private.
        CREATE TABLE object_version (
            id INTEGER PRIMARY KEY,
            bucket_id INTEGER NOT NULL REFERENCES bucket (id),
            key BLOB NOT NULL,
            version_id TEXT CHECK (length(version_id) = 32),
            is_current INTEGER NOT NULL CHECK (is_current IN (0, 1)),
            is_delete_marker INTEGER NOT NULL CHECK (is_delete_marker IN (0, 1)),
            size INTEGER NOT NULL CHECK (size >= 0),
            etag TEXT NOT NULL,
            modified_at INTEGER NOT NULL,
            headers TEXT NOT NULL,
            checksum TEXT,
            owner TEXT REFERENCES account (id),
            acl TEXT,
            tags TEXT,
            part_count INTEGER CHECK (part_count > 0),
            CHECK (NOT (is_current AND is_delete_marker))
        ) STRICT;
        CREATE UNIQUE INDEX object_version_by_key ON object_version (bucket_id, key, id DESC);
        CREATE UNIQUE INDEX object_current ON object_version (bucket_id, key) WHERE is_current = 1;
        CREATE UNIQUE INDEX object_null_version ON object_version (bucket_id, key)
            WHERE version_id IS NULL AND is_current = 0;

        -- An object is its segments one after the other; an empty one has none.
        CREATE TABLE segment (
            object_id INTEGER NOT NULL REFERENCES object_version (id) ON DELETE CASCADE,
            start INTEGER NOT NULL CHECK (start >= 0),
            length INTEGER NOT NULL CHECK (length > 0),
            blob_id INTEGER NOT NULL REFERENCES blob (id),
            blob_offset INTEGER NOT NULL CHECK (blob_offset >= 0),
            PRIMARY KEY (object_id, start)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX segment_by_blob ON segment (blob_id);

        -- The parts an object was uploaded in.
        CREATE TABLE object_part (
            object_id INTEGER NOT NULL REFERENCES object_version (id) ON DELETE CASCADE,
            number INTEGER NOT NULL CHECK (number BETWEEN 1 AND 10000),
            start INTEGER NOT NULL CHECK (start >= 0),
            size INTEGER NOT NULL CHECK (size >= 0),
            etag TEXT NOT NULL,
            modified_at INTEGER NOT NULL,
            checksum TEXT,
            PRIMARY KEY (object_id, number)
        ) STRICT, WITHOUT ROWID;

        -- A completed one is remembered for a while, so that completing it again answers the same.
        CREATE TABLE upload (
            id INTEGER PRIMARY KEY,
            bucket_id INTEGER NOT NULL REFERENCES bucket (id) ON DELETE CASCADE,
            key BLOB NOT NULL,
            upload_id TEXT NOT NULL CHECK (length(upload_id) = 32),
            initiated_at INTEGER NOT NULL,
            owner TEXT REFERENCES account (id),
            headers TEXT NOT NULL,
            acl TEXT,
            tags TEXT,
            checksum_algorithm TEXT,
            checksum_type TEXT,
            completed_at INTEGER,
            object_etag TEXT,
            object_size INTEGER,
            object_checksum TEXT,
            object_version_id TEXT
        ) STRICT;
        CREATE UNIQUE INDEX upload_by_key ON upload (bucket_id, key, id) WHERE completed_at IS NULL;
        CREATE INDEX upload_by_completion ON upload (completed_at) WHERE completed_at IS NOT NULL;
        CREATE INDEX upload_by_bucket ON upload (bucket_id);

        CREATE TABLE upload_part (
            upload INTEGER NOT NULL REFERENCES upload (id) ON DELETE CASCADE,
            number INTEGER NOT NULL CHECK (number BETWEEN 1 AND 10000),
            size INTEGER NOT NULL CHECK (size >= 0),
            etag TEXT NOT NULL,
            modified_at INTEGER NOT NULL,
            checksum TEXT,
            PRIMARY KEY (upload, number)
        ) STRICT, WITHOUT ROWID;

        -- As `segment`, of a part: a copied one may have several.
        CREATE TABLE upload_segment (
            upload INTEGER NOT NULL REFERENCES upload (id) ON DELETE CASCADE,
            number INTEGER NOT NULL,
            start INTEGER NOT NULL CHECK (start >= 0),
            length INTEGER NOT NULL CHECK (length > 0),
            blob_id INTEGER NOT NULL REFERENCES blob (id),
            blob_offset INTEGER NOT NULL CHECK (blob_offset >= 0),
            PRIMARY KEY (upload, number, start)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX upload_segment_by_blob ON upload_segment (blob_id);
        """
}
