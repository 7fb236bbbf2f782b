-- One row: what makes this installation itself. The secret is sealed under the master key.
CREATE TABLE installation (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    secret BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
