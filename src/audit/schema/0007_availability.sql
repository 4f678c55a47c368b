-- How long each collector was there and away, day by day. It is written in bulk, as losing seconds of it loses
-- nothing that counts.

CREATE TABLE availability (
    collector_id   TEXT PRIMARY KEY REFERENCES collectors(id) ON DELETE CASCADE,
    -- How it stood when the row was written: up, down, unknown.
    standing       TEXT NOT NULL CHECK (standing IN ('up', 'down', 'unknown')),
    -- Until when its time is accounted for in the days.
    settled_at     INTEGER NOT NULL,
    -- Twelve bytes for each day (docs/formats.md).
    days           BLOB NOT NULL
) STRICT;

-- When the daemon last looked at its collectors: what it said of them then was still true.
CREATE TABLE last_look (
    one            INTEGER PRIMARY KEY CHECK (one = 1),
    at             INTEGER NOT NULL
) STRICT;
