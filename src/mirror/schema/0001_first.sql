-- The mirror of one or many appliances. docs/mirror.md explains the tables to those who query them.
-- Ids of collectors, groups, actions and so on are the UUIDs behind the prefix of the API.

CREATE TABLE mirror_sites (
    site_id        text PRIMARY KEY,
    appliance_id   uuid NOT NULL,
    -- Which copy this is, and its commits of metrics: the appliance notices by them when a copy went back in time.
    link           uuid NOT NULL,
    commits        bigint NOT NULL DEFAULT 0,
    release        text NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now(),
    mirrored_at    timestamptz
);

CREATE TABLE collector_groups (
    site_id        text NOT NULL,
    id             uuid NOT NULL,
    name           text NOT NULL,
    description    text NOT NULL,
    color          text NOT NULL,
    icon           text NOT NULL,
    display_order  bigint NOT NULL,
    created_at     timestamptz NOT NULL,
    last_modified_at timestamptz NOT NULL,
    PRIMARY KEY (id, site_id)
);

CREATE TABLE collectors (
    site_id        text NOT NULL,
    id             uuid NOT NULL,
    name           text NOT NULL,
    type           text NOT NULL,
    environment    text NOT NULL,
    group_id       uuid,
    description    text NOT NULL,
    host           text NOT NULL,
    port           integer NOT NULL,
    database       text NOT NULL,
    username       text NOT NULL,
    ssl_mode       text NOT NULL,
    tags           jsonb NOT NULL,
    collection_interval integer NOT NULL,
    query_limit    integer NOT NULL,
    enabled_types  jsonb,
    log_level      text,
    state          text NOT NULL,
    under_way      text,
    stop_reason    text,
    stopped_until  timestamptz,
    last_restart_at timestamptz,
    restart_count  bigint NOT NULL,
    config_version bigint NOT NULL,
    config_error   text,
    registered_by  text NOT NULL,
    registered_at  timestamptz NOT NULL,
    last_modified_at timestamptz NOT NULL,
    archived_at    timestamptz,
    archived_by    text,
    archive_reason text,
    archive_notes  text,
    archive_metrics_count bigint,
    archive_expires_at timestamptz,
    -- How it is doing: brought up to date at every interval of the mirror.
    status         text,
    status_reason  text,
    last_heartbeat timestamptz,
    hostname       text,
    agent_version  text,
    database_version text,
    cpu_usage      double precision,
    memory_usage   double precision,
    avg_collection_time_ms double precision,
    uptime_percentage double precision,
    success_count  bigint,
    error_count    bigint,
    last_error     text,
    metrics_collected bigint,
    -- Where its metrics are being moved to: archive, live, gone.
    metrics_move   text,
    PRIMARY KEY (id, site_id)
);
CREATE INDEX collectors_by_site ON collectors (site_id, name);
CREATE INDEX collectors_moving ON collectors (site_id) WHERE metrics_move IS NOT NULL;

CREATE TABLE collector_dashboards (
    site_id        text NOT NULL,
    collector_id   uuid NOT NULL,
    dashboard_id   text NOT NULL,
    dashboard_name text NOT NULL,
    position       integer NOT NULL,
    auto_assign    boolean NOT NULL,
    PRIMARY KEY (collector_id, dashboard_id, site_id)
);

CREATE TABLE collector_actions (
    site_id        text NOT NULL,
    id             uuid NOT NULL,
    collector_id   uuid NOT NULL,
    action         text NOT NULL,
    initiated_by   text NOT NULL,
    reason         text,
    stopped_until  timestamptz,
    status         text NOT NULL,
    requested_at   timestamptz NOT NULL,
    started_at     timestamptz,
    completed_at   timestamptz,
    error_message  text,
    detail         text,
    operation_id   uuid,
    PRIMARY KEY (id, site_id)
);
CREATE INDEX collector_actions_of_collector ON collector_actions (collector_id, requested_at DESC);

-- The versions of each agent's configuration, as they were.
CREATE TABLE collector_snapshots (
    site_id        text NOT NULL,
    collector_id   uuid NOT NULL,
    config_version bigint NOT NULL,
    taken_at       timestamptz NOT NULL,
    taken_by       text NOT NULL,
    snapshot       jsonb NOT NULL,
    applied_at     timestamptz,
    refused_at     timestamptz,
    refused_because text,
    PRIMARY KEY (collector_id, config_version, site_id)
);

-- old_values and new_values are json and not jsonb: the hash of an entry covers their text.
CREATE TABLE collector_audit_log (
    site_id        text NOT NULL,
    seq            bigint NOT NULL,
    id             uuid NOT NULL,
    time           timestamptz NOT NULL,
    actor_id       text NOT NULL,
    actor_name     text NOT NULL,
    actor_role     text NOT NULL,
    action         text NOT NULL,
    target_kind    text NOT NULL,
    target_id      text NOT NULL,
    target_name    text NOT NULL,
    reason         text,
    old_values     json,
    new_values     json,
    ip_address     text NOT NULL,
    user_agent     text NOT NULL,
    request_id     text NOT NULL,
    result         text NOT NULL,
    prev_hash      text NOT NULL,
    hash           text NOT NULL,
    PRIMARY KEY (id, site_id)
);
CREATE INDEX collector_audit_log_by_seq ON collector_audit_log (site_id, seq);
CREATE INDEX collector_audit_log_by_target ON collector_audit_log (target_id, time);

-- A row is a push, or a part of a long one: the documents from first_seq on, record_count of them, in the order of
-- their arrival, as metric_data->'metrics'.
CREATE TABLE collector_metrics (
    site_id        text NOT NULL,
    collector_id   uuid NOT NULL,
    received_at    timestamptz NOT NULL,
    first_seq      bigint NOT NULL,
    record_count   integer NOT NULL,
    metric_data    jsonb NOT NULL,
    -- The text itself, where jsonb cannot hold all that it says. The functions for json cannot read U+0000 either.
    metric_exact   text,
    checksum       varchar(64) NOT NULL,
    PRIMARY KEY (collector_id, received_at, first_seq, site_id)
) {partitioned};
CREATE INDEX collector_metrics_by_time ON collector_metrics USING brin (received_at);

-- The same of collectors that were unregistered.
CREATE TABLE collector_metrics_archive (
    site_id        text NOT NULL,
    collector_id   uuid NOT NULL,
    received_at    timestamptz NOT NULL,
    first_seq      bigint NOT NULL,
    record_count   integer NOT NULL,
    metric_data    jsonb NOT NULL,
    metric_exact   text,
    checksum       varchar(64) NOT NULL,
    PRIMARY KEY (collector_id, received_at, first_seq, site_id)
) {partitioned};
CREATE INDEX collector_metrics_archive_by_time ON collector_metrics_archive USING brin (received_at);
