-- What the registry decides for an agent, beside its interval and its query limit.

-- JSON list of document types; absent: all that the agent has.
ALTER TABLE collectors ADD COLUMN enabled_types TEXT;
ALTER TABLE collectors ADD COLUMN log_level TEXT CHECK (log_level IN ('error', 'warn', 'info', 'debug'));
-- Why the agent refused the present version, if it did.
ALTER TABLE collectors ADD COLUMN config_error TEXT;

CREATE TABLE config_versions (
    collector_id   TEXT NOT NULL REFERENCES collectors(id) ON DELETE CASCADE,
    version        INTEGER NOT NULL,
    created_at     INTEGER NOT NULL,
    created_by     TEXT NOT NULL,
    -- JSON, as it was.
    config         TEXT NOT NULL,
    PRIMARY KEY (collector_id, version)
) STRICT, WITHOUT ROWID;
