-- How far the metrics had come when this was last noted: an older copy of them beside this registry is known by it.
CREATE TABLE metrics_mark (
    one            INTEGER PRIMARY KEY CHECK (one = 1),
    -- The number that the next document was to get.
    next_seq       INTEGER NOT NULL,
    noted_at       INTEGER NOT NULL
) STRICT;
