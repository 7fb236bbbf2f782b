-- S3 key pairs are API keys whose value nobody knows: they are found by access_key_id, and prove themselves by signatures,
-- for which the secret is needed again. It is sealed.
CREATE TABLE s3_key (
    key_id INTEGER PRIMARY KEY REFERENCES api_key (id) ON DELETE CASCADE,
    access_key_id TEXT NOT NULL UNIQUE,
    secret_access_key BLOB NOT NULL
) STRICT;
