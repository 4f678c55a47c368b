-- What administrators ask of agents. An action is what was asked for; a command is what the agent is told.

ALTER TABLE collectors ADD COLUMN under_way TEXT CHECK (under_way IN ('stop', 'restart', 'resume'));
ALTER TABLE collectors ADD COLUMN stop_reason TEXT;
ALTER TABLE collectors ADD COLUMN stopped_until INTEGER;
ALTER TABLE collectors ADD COLUMN last_restart_at INTEGER;
ALTER TABLE collectors ADD COLUMN restart_count INTEGER NOT NULL DEFAULT 0;

CREATE TABLE actions (
    id             TEXT PRIMARY KEY,
    collector_id   TEXT NOT NULL REFERENCES collectors(id) ON DELETE CASCADE,
    kind           TEXT NOT NULL CHECK (kind IN ('stop', 'restart', 'resume')),
    actor_name     TEXT NOT NULL,
    reason         TEXT,
    -- When a stop is expected to end.
    stopped_until  INTEGER,
    status         TEXT NOT NULL CHECK (status IN
                       ('pending', 'in_progress', 'completed', 'failed', 'expired', 'cancelled')),
    requested_at   INTEGER NOT NULL,
    started_at     INTEGER,
    completed_at   INTEGER,
    error_message  TEXT,
    -- What the agent last said of it.
    detail         TEXT,
    operation_id   TEXT
) STRICT;
CREATE INDEX actions_by_collector ON actions(collector_id);
-- One at a time: what the state machine promises, held by the database too.
CREATE UNIQUE INDEX actions_under_way ON actions(collector_id) WHERE status IN ('pending', 'in_progress');

CREATE TABLE commands (
    id             TEXT PRIMARY KEY,
    collector_id   TEXT NOT NULL REFERENCES collectors(id) ON DELETE CASCADE,
    -- What it serves; some commands serve no action.
    action_id      TEXT REFERENCES actions(id) ON DELETE CASCADE,
    kind           TEXT NOT NULL,
    -- JSON. It may hold a token.
    params_sealed  BLOB NOT NULL,
    status         TEXT NOT NULL CHECK (status IN
                       ('pending', 'in_progress', 'completed', 'failed', 'expired', 'cancelled')),
    created_at     INTEGER NOT NULL,
    -- After this the agent must not begin.
    expires_at     INTEGER NOT NULL,
    -- After this nobody waits for it any more.
    due_at         INTEGER NOT NULL
) STRICT;
CREATE INDEX commands_open ON commands(collector_id) WHERE status IN ('pending', 'in_progress');
CREATE INDEX commands_due ON commands(due_at) WHERE status IN ('pending', 'in_progress');
CREATE INDEX commands_by_action ON commands(action_id);
