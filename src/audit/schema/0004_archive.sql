-- Collectors that were unregistered. Their rows stay, in state archived, until they expire or return.

CREATE TABLE archives (
    collector_id   TEXT PRIMARY KEY REFERENCES collectors(id) ON DELETE CASCADE,
    archived_at    INTEGER NOT NULL,
    archived_by    TEXT NOT NULL,
    reason         TEXT NOT NULL,
    notes          TEXT,
    -- Documents that were stored then.
    metrics_count  INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX archives_by_end ON archives(expires_at);
