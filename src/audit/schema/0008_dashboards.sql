-- Which dashboards belong to a collector, as operators say; and what became of each version of a configuration.

CREATE TABLE collector_dashboards (
    collector_id   TEXT NOT NULL REFERENCES collectors(id) ON DELETE CASCADE,
    position       INTEGER NOT NULL,
    dashboard_id   TEXT NOT NULL,
    dashboard_name TEXT NOT NULL,
    auto_assign    INTEGER NOT NULL CHECK (auto_assign IN (0, 1)),
    PRIMARY KEY (collector_id, dashboard_id)
) STRICT, WITHOUT ROWID;

-- When the agent first said that it applies the version.
ALTER TABLE config_versions ADD COLUMN applied_at INTEGER;
-- When it refused the version, and why.
ALTER TABLE config_versions ADD COLUMN refused_at INTEGER;
ALTER TABLE config_versions ADD COLUMN refused_because TEXT;
