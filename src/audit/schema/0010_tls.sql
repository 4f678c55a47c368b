-- Certificates that the internal authority has issued. What is not listed here is not taken.

CREATE TABLE collector_certificates (
    -- SHA-256 of the certificate.
    fingerprint    BLOB PRIMARY KEY CHECK (length(fingerprint) = 32),
    -- Its number, in hexadecimal digits.
    serial         TEXT NOT NULL UNIQUE,
    collector_id   TEXT NOT NULL REFERENCES collectors(id) ON DELETE CASCADE,
    created_at     INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL,
    revoked_at     INTEGER,
    row_seal       BLOB NOT NULL
) STRICT;
CREATE INDEX collector_certificates_by_collector ON collector_certificates(collector_id, created_at);

-- What the listener shows, so that it is the same after a restart.
CREATE TABLE server_certificate (
    one            INTEGER PRIMARY KEY CHECK (one = 1),
    -- The authority that issued it.
    authority_id   TEXT NOT NULL,
    certificate    TEXT NOT NULL,
    private_sealed BLOB NOT NULL
) STRICT;
