-- What agents log. A file of its own: it grows and shrinks, and no change of the registry waits for it.
-- Times are integer milliseconds since 1970 UTC.

CREATE TABLE collectors (
    number         INTEGER PRIMARY KEY,
    id             TEXT NOT NULL UNIQUE,
    -- What its entries add up to.
    entries        INTEGER NOT NULL,
    bytes          INTEGER NOT NULL
) STRICT;

-- Numbers are never given twice, so that a reader can go on behind the last one it has seen.
CREATE TABLE entries (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    collector      INTEGER NOT NULL REFERENCES collectors(number),
    time           INTEGER NOT NULL,
    received_at    INTEGER NOT NULL,
    level          TEXT NOT NULL,
    message        TEXT NOT NULL,
    -- A JSON object.
    fields         TEXT NOT NULL,
    -- CRC-32 over the entry (docs/formats.md): SQLite does not notice a flipped byte in a text.
    checksum       INTEGER NOT NULL
) STRICT;
CREATE INDEX entries_by_time ON entries(collector, time, id);

-- The names of the last batches, so that one that is sent again is not stored again.
CREATE TABLE batches (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    collector      INTEGER NOT NULL REFERENCES collectors(number),
    name           TEXT NOT NULL,
    UNIQUE (collector, name)
) STRICT;
