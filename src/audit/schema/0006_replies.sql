-- What was answered to requests that bore an idempotency key, for a day.

CREATE TABLE replies (
    id             INTEGER PRIMARY KEY,
    -- Who asked: the id of a user or collector, or the hash of a registration secret.
    caller         TEXT NOT NULL,
    key            TEXT NOT NULL,
    -- 0, or the place of a part where an answer is kept in parts.
    part           INTEGER NOT NULL,
    answered_at    INTEGER NOT NULL,
    -- Length of the envelope, beside it so that summing reads no envelopes.
    bytes          INTEGER NOT NULL,
    -- The hash of the request and the compressed reply. It may hold a token.
    reply_sealed   BLOB NOT NULL,
    UNIQUE (caller, key, part)
) STRICT;
CREATE INDEX replies_of_caller ON replies(caller, answered_at, bytes);
CREATE INDEX replies_by_time ON replies(answered_at);
