-- Operations: what an administrator asked for on many collectors at once, now or at a set time.

-- When the agent was first told of it: a command that an agent may know of is not taken back. Of those that
-- stand here already nobody knows.
ALTER TABLE commands ADD COLUMN told_at INTEGER;
UPDATE commands SET told_at = created_at;

CREATE TABLE operations (
    id             TEXT PRIMARY KEY,
    kind           TEXT NOT NULL CHECK (kind IN ('restart', 'stop', 'resume', 'unregister', 'update-group',
                       'update-tags', 'update-config')),
    -- JSON, as it was checked.
    params         TEXT NOT NULL,
    reason         TEXT,
    -- Whoever asked, and how: what is done to each collector is written down as coming from there.
    actor_id       TEXT NOT NULL,
    actor_name     TEXT NOT NULL,
    actor_role     TEXT NOT NULL,
    ip_address     TEXT NOT NULL,
    user_agent     TEXT NOT NULL,
    request_id     TEXT NOT NULL,
    created_at     INTEGER NOT NULL,
    schedule_at    INTEGER,
    started_at     INTEGER,
    -- When it was asked to end early; what had begun then still ends by itself.
    cancelled_at   INTEGER,
    completed_at   INTEGER,
    state          TEXT NOT NULL CHECK (state IN
                       ('scheduled', 'running', 'completed', 'cancelled', 'expired')),
    error_message  TEXT,
    total          INTEGER NOT NULL,
    -- Items before this position were begun. It moves in the transaction that begins them.
    begun          INTEGER NOT NULL DEFAULT 0,
    -- Items that ended well, that ended otherwise, that were never done.
    done           INTEGER NOT NULL DEFAULT 0,
    failed         INTEGER NOT NULL DEFAULT 0,
    cancelled      INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX operations_open ON operations(state) WHERE state IN ('scheduled', 'running');
CREATE INDEX operations_over ON operations(completed_at) WHERE completed_at IS NOT NULL;

-- One collector of an operation. It outlives the collector, and the action that served it.
CREATE TABLE operation_items (
    operation_id   TEXT NOT NULL REFERENCES operations(id) ON DELETE CASCADE,
    position       INTEGER NOT NULL,
    -- As it was asked for: it may be nobody's.
    collector_id   TEXT NOT NULL,
    collector_name TEXT,
    status         TEXT NOT NULL CHECK (status IN
                       ('pending', 'in_progress', 'completed', 'failed', 'expired', 'cancelled')),
    action_id      TEXT,
    error_message  TEXT,
    completed_at   INTEGER,
    PRIMARY KEY (operation_id, position)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX operation_items_by_action ON operation_items(action_id) WHERE action_id IS NOT NULL;

-- What is over is deleted when it is old.
CREATE INDEX actions_over ON actions(completed_at) WHERE completed_at IS NOT NULL;
CREATE INDEX commands_over ON commands(due_at) WHERE status NOT IN ('pending', 'in_progress');
