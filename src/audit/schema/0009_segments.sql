-- The files with sealed metrics. What is not listed here as live is not read.

CREATE TABLE segments (
    id            INTEGER PRIMARY KEY,
    -- Below the folder of segments.
    file          TEXT NOT NULL UNIQUE,
    -- Without a reference: the files of a collector go before its row does.
    collector_id  TEXT NOT NULL,
    -- The times of the first and the last document.
    first_at      INTEGER NOT NULL,
    last_at       INTEGER NOT NULL,
    documents     INTEGER NOT NULL,
    samples       INTEGER NOT NULL,
    bytes         INTEGER NOT NULL,
    sha256        BLOB NOT NULL CHECK (length(sha256) = 32),
    -- JSON: for each type its first and last time and its documents.
    kinds         TEXT NOT NULL,
    sealed_at     INTEGER NOT NULL,
    -- live: read. damaged: renamed aside, kept, not read. leaving: its file is being removed.
    state         TEXT NOT NULL CHECK (state IN ('live', 'damaged', 'leaving')),
    -- What is wrong with a damaged one.
    damage        TEXT
) STRICT;
CREATE INDEX segments_by_time ON segments(collector_id, last_at);
CREATE INDEX segments_by_age ON segments(last_at);
