-- What the data directory took of the disk, an hour apart, for the forecast.

CREATE TABLE disk_usage (
    at     INTEGER PRIMARY KEY,
    bytes  INTEGER NOT NULL
) STRICT;
