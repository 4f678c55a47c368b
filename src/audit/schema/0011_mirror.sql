-- What a copy of the registry in another database has not got yet.

-- Which appliance this is: two that are mirrored into one database are told apart by it.
CREATE TABLE appliance (
    one            INTEGER PRIMARY KEY CHECK (one = 1),
    id             TEXT NOT NULL
) STRICT;

-- There while the registry is mirrored: which copy it is.
CREATE TABLE mirror_link (
    one            INTEGER PRIMARY KEY CHECK (one = 1),
    link           TEXT NOT NULL
) STRICT;

-- Rows that changed, each once: a change and its note are one transaction. Triggers first delete and then insert, as
-- an OR IGNORE of the statement that fires them would else keep the old number.
CREATE TABLE mirror_changes (
    n              INTEGER PRIMARY KEY AUTOINCREMENT,
    kind           TEXT NOT NULL,
    key            TEXT NOT NULL,
    UNIQUE (kind, key)
) STRICT;

CREATE TRIGGER mirror_group_insert AFTER INSERT ON groups WHEN EXISTS (SELECT 1 FROM mirror_link) BEGIN
    DELETE FROM mirror_changes WHERE kind = 'group' AND key = new.id;
    INSERT INTO mirror_changes(kind, key) VALUES ('group', new.id);
END;
CREATE TRIGGER mirror_group_update AFTER UPDATE ON groups WHEN EXISTS (SELECT 1 FROM mirror_link) BEGIN
    DELETE FROM mirror_changes WHERE kind = 'group' AND key = new.id;
    INSERT INTO mirror_changes(kind, key) VALUES ('group', new.id);
END;
CREATE TRIGGER mirror_group_delete AFTER DELETE ON groups WHEN EXISTS (SELECT 1 FROM mirror_link) BEGIN
    DELETE FROM mirror_changes WHERE kind = 'group' AND key = old.id;
    INSERT INTO mirror_changes(kind, key) VALUES ('group', old.id);
END;

CREATE TRIGGER mirror_collector_insert AFTER INSERT ON collectors WHEN EXISTS (SELECT 1 FROM mirror_link) BEGIN
    DELETE FROM mirror_changes WHERE kind = 'collector' AND key = new.id;
    INSERT INTO mirror_changes(kind, key) VALUES ('collector', new.id);
END;
CREATE TRIGGER mirror_collector_update AFTER UPDATE ON collectors WHEN EXISTS (SELECT 1 FROM mirror_link) BEGIN
    DELETE FROM mirror_changes WHERE kind = 'collector' AND key = new.id;
    INSERT INTO mirror_changes(kind, key) VALUES ('collector', new.id);
END;
CREATE TRIGGER mirror_collector_delete AFTER DELETE ON collectors WHEN EXISTS (SELECT 1 FROM mirror_link) BEGIN
    DELETE FROM mirror_changes WHERE kind = 'collector' AND key = old.id;
    INSERT INTO mirror_changes(kind, key) VALUES ('collector', old.id);
END;

CREATE TRIGGER mirror_tag_insert AFTER INSERT ON collector_tags WHEN EXISTS (SELECT 1 FROM mirror_link) BEGIN
    DELETE FROM mirror_changes WHERE kind = 'collector' AND key = new.collector_id;
    INSERT INTO mirror_changes(kind, key) VALUES ('collector', new.collector_id);
END;
CREATE TRIGGER mirror_tag_delete AFTER DELETE ON collector_tags WHEN EXISTS (SELECT 1 FROM mirror_link) BEGIN
    DELETE FROM mirror_changes WHERE kind = 'collector' AND key = old.collector_id;
    INSERT INTO mirror_changes(kind, key) VALUES ('collector', old.collector_id);
END;
CREATE TRIGGER mirror_archive_insert AFTER INSERT ON archives WHEN EXISTS (SELECT 1 FROM mirror_link) BEGIN
    DELETE FROM mirror_changes WHERE kind = 'collector' AND key = new.collector_id;
    INSERT INTO mirror_changes(kind, key) VALUES ('collector', new.collector_id);
END;
CREATE TRIGGER mirror_archive_delete AFTER DELETE ON archives WHEN EXISTS (SELECT 1 FROM mirror_link) BEGIN
    DELETE FROM mirror_changes WHERE kind = 'collector' AND key = old.collector_id;
    INSERT INTO mirror_changes(kind, key) VALUES ('collector', old.collector_id);
END;

CREATE TRIGGER mirror_dashboard_insert AFTER INSERT ON collector_dashboards
    WHEN EXISTS (SELECT 1 FROM mirror_link) BEGIN
    DELETE FROM mirror_changes WHERE kind = 'dashboards' AND key = new.collector_id;
    INSERT INTO mirror_changes(kind, key) VALUES ('dashboards', new.collector_id);
END;
CREATE TRIGGER mirror_dashboard_delete AFTER DELETE ON collector_dashboards
    WHEN EXISTS (SELECT 1 FROM mirror_link) BEGIN
    DELETE FROM mirror_changes WHERE kind = 'dashboards' AND key = old.collector_id;
    INSERT INTO mirror_changes(kind, key) VALUES ('dashboards', old.collector_id);
END;

-- Actions are deleted when they are old; the copy keeps them.
CREATE TRIGGER mirror_action_insert AFTER INSERT ON actions WHEN EXISTS (SELECT 1 FROM mirror_link) BEGIN
    DELETE FROM mirror_changes WHERE kind = 'action' AND key = new.id;
    INSERT INTO mirror_changes(kind, key) VALUES ('action', new.id);
END;
CREATE TRIGGER mirror_action_update AFTER UPDATE ON actions WHEN EXISTS (SELECT 1 FROM mirror_link) BEGIN
    DELETE FROM mirror_changes WHERE kind = 'action' AND key = new.id;
    INSERT INTO mirror_changes(kind, key) VALUES ('action', new.id);
END;

CREATE TRIGGER mirror_config_insert AFTER INSERT ON config_versions WHEN EXISTS (SELECT 1 FROM mirror_link) BEGIN
    DELETE FROM mirror_changes WHERE kind = 'snapshots' AND key = new.collector_id;
    INSERT INTO mirror_changes(kind, key) VALUES ('snapshots', new.collector_id);
END;
CREATE TRIGGER mirror_config_update AFTER UPDATE ON config_versions WHEN EXISTS (SELECT 1 FROM mirror_link) BEGIN
    DELETE FROM mirror_changes WHERE kind = 'snapshots' AND key = new.collector_id;
    INSERT INTO mirror_changes(kind, key) VALUES ('snapshots', new.collector_id);
END;
