-- Registry and audit share one file, because a change and its audit row commit in one transaction.
-- Times are integer milliseconds since 1970 UTC. Columns named *_sealed hold envelopes (docs/formats.md).

CREATE TABLE audit_log (
    seq            INTEGER PRIMARY KEY,
    id             TEXT NOT NULL UNIQUE,
    time           INTEGER NOT NULL,
    actor_id       TEXT NOT NULL,
    actor_name     TEXT NOT NULL,
    actor_role     TEXT NOT NULL,
    action         TEXT NOT NULL,
    target_kind    TEXT NOT NULL,
    target_id      TEXT NOT NULL,
    target_name    TEXT NOT NULL,
    reason         TEXT,
    old_values     TEXT,
    new_values     TEXT,
    ip_address     TEXT NOT NULL,
    user_agent     TEXT NOT NULL,
    request_id     TEXT NOT NULL,
    result         TEXT NOT NULL,
    prev_hash      BLOB NOT NULL,
    hash           BLOB NOT NULL
) STRICT;
CREATE INDEX audit_log_by_target ON audit_log(target_id, seq);
CREATE INDEX audit_log_by_time ON audit_log(time);

-- The newest entry, so that an entry deleted from the end is missed.
CREATE TABLE audit_head (
    one            INTEGER PRIMARY KEY CHECK (one = 1),
    seq            INTEGER NOT NULL,
    hash           BLOB NOT NULL
) STRICT;

-- Signed heads: the log must extend each of them for ever.
CREATE TABLE audit_checkpoints (
    seq            INTEGER PRIMARY KEY,
    hash           BLOB NOT NULL,
    signed_at      INTEGER NOT NULL,
    key_id         TEXT NOT NULL,
    signature      BLOB NOT NULL
) STRICT;

-- Ed25519 keys: the newest signs, all verify.
CREATE TABLE signing_keys (
    id             TEXT PRIMARY KEY,
    created_at     INTEGER NOT NULL,
    public_key     BLOB NOT NULL,
    private_sealed BLOB NOT NULL
) STRICT;

-- The internal certificate authority.
CREATE TABLE certificate_authorities (
    id             TEXT PRIMARY KEY,
    created_at     INTEGER NOT NULL,
    certificate    TEXT NOT NULL,
    private_sealed BLOB NOT NULL
) STRICT;

-- Columns named row_seal hold an envelope over the row's other fields: who may do what is not to hang on a
-- flipped byte.
CREATE TABLE users (
    id             TEXT PRIMARY KEY,
    username       TEXT NOT NULL UNIQUE COLLATE NOCASE,
    role           TEXT NOT NULL CHECK (role IN ('admin', 'operator', 'viewer', 'auditor')),
    password_hash  TEXT NOT NULL,
    created_at     INTEGER NOT NULL,
    modified_at    INTEGER NOT NULL,
    disabled_at    INTEGER,
    last_login_at  INTEGER,
    row_seal       BLOB NOT NULL
) STRICT;

-- A session that has ended has no row.
CREATE TABLE sessions (
    id             TEXT PRIMARY KEY,
    user_id        TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    csrf_token     TEXT NOT NULL,
    created_at     INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL,
    ip_address     TEXT NOT NULL,
    user_agent     TEXT NOT NULL
) STRICT;
CREATE INDEX sessions_by_user ON sessions(user_id);

CREATE TABLE api_tokens (
    id             TEXT PRIMARY KEY,
    user_id        TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    name           TEXT NOT NULL,
    role           TEXT NOT NULL CHECK (role IN ('admin', 'operator', 'viewer', 'auditor')),
    token_hash     BLOB NOT NULL UNIQUE,
    created_at     INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL,
    revoked_at     INTEGER,
    row_seal       BLOB NOT NULL
) STRICT;
CREATE INDEX api_tokens_by_user ON api_tokens(user_id);

CREATE TABLE groups (
    id             TEXT PRIMARY KEY,
    name           TEXT NOT NULL UNIQUE COLLATE NOCASE,
    description    TEXT NOT NULL,
    color          TEXT NOT NULL,
    icon           TEXT NOT NULL,
    display_order  INTEGER NOT NULL,
    created_at     INTEGER NOT NULL,
    modified_at    INTEGER NOT NULL
) STRICT;

CREATE TABLE collectors (
    id                   TEXT PRIMARY KEY,
    name                 TEXT NOT NULL,
    type                 TEXT NOT NULL,
    environment          TEXT NOT NULL,
    group_id             TEXT REFERENCES groups(id) ON DELETE SET NULL,
    description          TEXT NOT NULL,
    host                 TEXT NOT NULL,
    port                 INTEGER NOT NULL,
    database             TEXT NOT NULL,
    username             TEXT NOT NULL,
    password_sealed      BLOB NOT NULL,
    ssl_mode             TEXT NOT NULL,
    ssl_certificate_sealed BLOB,
    collection_interval  INTEGER NOT NULL,
    query_limit          INTEGER NOT NULL,
    state                TEXT NOT NULL CHECK (state IN ('registered', 'running', 'stopped', 'error', 'archived')),
    config_version       INTEGER NOT NULL,
    registered_by        TEXT NOT NULL,
    registered_at        INTEGER NOT NULL,
    last_modified_at     INTEGER NOT NULL
) STRICT;
-- A name is free again once its collector is archived.
CREATE UNIQUE INDEX collectors_by_name ON collectors(name COLLATE NOCASE) WHERE state <> 'archived';

CREATE TABLE collector_tags (
    collector_id   TEXT NOT NULL REFERENCES collectors(id) ON DELETE CASCADE,
    position       INTEGER NOT NULL,
    tag            TEXT NOT NULL,
    PRIMARY KEY (collector_id, tag)
) STRICT, WITHOUT ROWID;

-- The tokens that live a year. Access tokens name the one that they were exchanged for.
CREATE TABLE collector_tokens (
    id             TEXT PRIMARY KEY,
    collector_id   TEXT NOT NULL REFERENCES collectors(id) ON DELETE CASCADE,
    token_hash     BLOB NOT NULL UNIQUE,
    created_at     INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL,
    revoked_at     INTEGER,
    row_seal       BLOB NOT NULL
) STRICT;
CREATE INDEX collector_tokens_by_collector ON collector_tokens(collector_id);

-- What an agent last said of itself. It is written in bulk, as losing seconds of it loses nothing that counts.
CREATE TABLE presence (
    collector_id   TEXT PRIMARY KEY REFERENCES collectors(id) ON DELETE CASCADE,
    seen_at        INTEGER NOT NULL,
    said           TEXT NOT NULL
) STRICT;

CREATE TABLE registration_secrets (
    id             TEXT PRIMARY KEY,
    name           TEXT NOT NULL,
    secret_hash    BLOB NOT NULL UNIQUE,
    created_by     TEXT NOT NULL,
    created_at     INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL,
    max_uses       INTEGER NOT NULL,
    uses           INTEGER NOT NULL,
    revoked_at     INTEGER
) STRICT;
