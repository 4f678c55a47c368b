-- Who asked an operation to end early, and how: whatever takes its commands back is written down as coming from there.
CREATE TABLE operation_cancels (
    operation_id   TEXT PRIMARY KEY REFERENCES operations(id) ON DELETE CASCADE,
    actor_id       TEXT NOT NULL,
    actor_name     TEXT NOT NULL,
    actor_role     TEXT NOT NULL,
    ip_address     TEXT NOT NULL,
    user_agent     TEXT NOT NULL,
    request_id     TEXT NOT NULL
) STRICT;

-- What was measured and will never be stored: it was dropped on purpose, and that is on record.
CREATE TABLE gaps (
    -- Of the one who dropped it: who tells it again, with more in it, tells it under the same id.
    id             TEXT PRIMARY KEY,
    collector_id   TEXT NOT NULL REFERENCES collectors(id) ON DELETE CASCADE,
    reason         TEXT NOT NULL,
    -- When the first and the last of it was collected.
    first_at       INTEGER NOT NULL,
    last_at        INTEGER NOT NULL,
    batches        INTEGER NOT NULL,
    documents      INTEGER NOT NULL,
    recorded_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX gaps_of_collector ON gaps(collector_id, last_at);
CREATE INDEX gaps_by_age ON gaps(recorded_at);
