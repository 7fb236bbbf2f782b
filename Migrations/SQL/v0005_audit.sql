-- Append only. hash is SHA-256 over the row's other columns and the hash of the row before it.
CREATE TABLE audit_event (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    actor_id INTEGER,
    actor_userid TEXT,
    key_id INTEGER,
    action TEXT NOT NULL,
    target_type TEXT NOT NULL,
    target_id TEXT NOT NULL,
    before TEXT,
    after TEXT,
    source TEXT,
    request_id TEXT,
    aws_request_id TEXT,
    outcome TEXT NOT NULL CHECK (outcome IN ('succeeded', 'refused')),
    previous_hash BLOB NOT NULL CHECK (length(previous_hash) = 32),
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

CREATE INDEX audit_event_at ON audit_event (at);
CREATE INDEX audit_event_actor_id ON audit_event (actor_id);
CREATE INDEX audit_event_actor_userid ON audit_event (actor_userid);
CREATE INDEX audit_event_target ON audit_event (target_type, target_id);
CREATE INDEX audit_event_action ON audit_event (action);

CREATE TRIGGER audit_event_is_not_updated BEFORE UPDATE ON audit_event
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append only');
END;

CREATE TRIGGER audit_event_is_not_deleted BEFORE DELETE ON audit_event
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append only');
END;
