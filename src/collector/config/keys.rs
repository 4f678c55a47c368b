//! Every key of `collector.toml`, as a person is told of it.

use crate::limits::{
    COLLECTION_INTERVAL_S, CONFIG_PULL_S, HEARTBEAT_S, LONG_TRANSACTION_S, PORTS, PROBE_INTERVAL_S,
    PUSH_INTERVAL_S, QUERY_LIMIT, SPOOL_BYTES, STOP_GRACE_S,
};
use crate::postgres::SslMode;
use crate::settings::describe::{Applied, Description, Form, Key, Part};

pub const KEYS: Description = Description {
    file: "collector.toml",
    about: "What the agent watches, and whom it reports to.",
    note: "Every key is shown with its default, or with an example where it has none. A key that is misspelled is refused, \
        and `pganalytics-collector check --config FILE` says everything that is wrong at once. The file is read at the \
        start: `systemctl restart pganalytics-collector` applies a change. The intervals, the limit of statements, the \
        kinds and the level of the log can be changed from the dashboard as well, without a restart.",
    parts: &[
        COLLECTOR,
        BACKEND,
        TLS,
        POSTGRES,
        SPOOL,
        PG_STATS,
        SYSSTAT,
        DISK_USAGE,
        PG_QUERY_STATS,
        PG_CONNECTIONS,
        PG_LOCKS,
        PG_REPLICATION,
        PG_CACHE,
        PG_BLOAT,
        PG_EXTENSIONS,
        PG_SCHEMA,
        PG_LOG,
        LOG,
    ],
};

const COLLECTOR: Part = Part {
    name: "collector",
    about: "",
    keys: &[
        Key::new("id", Form::Text(""), "Who this agent is. `pganalytics-collector register` enters it.")
            .set_to("\"col_00000000-0000-7000-8000-000000000000\"")
            .overruled_by("COLLECTOR_ID"),
        Key::new(
            "token_file",
            Form::Path,
            "It holds the token and nothing else, readable by the agent's user only (mode 0600). `register` enters it. \
             COLLECTOR_JWT_TOKEN, which is the token itself, goes before it.",
        )
        .otherwise("collector.token beside this file")
        .set_to("\"/etc/pganalytics/collector.token\"")
        .applied(Applied::FileAtUse),
        Key::new("hostname", Form::Text(""), "What this machine is called in the dashboard.")
            .otherwise("the name that the machine itself has")
            .such_as("\"db-server-01\""),
        Key::new("interval", Form::Number(&COLLECTION_INTERVAL_S, "seconds"), "Time between collections.")
            .usually("60")
            .applied(Applied::ByDaemon),
        Key::new(
            "push_interval",
            Form::Number(&PUSH_INTERVAL_S, "seconds"),
            "A push follows each collection at once. Longer than the interval, documents wait and travel together.",
        )
        .otherwise("the interval")
        .set_to("60"),
        Key::new(
            "heartbeat_interval",
            Form::Number(&HEARTBEAT_S, "seconds"),
            "Time between signs of life; the interval is taken where that is shorter.",
        )
        .usually("60"),
        Key::new(
            "config_pull_interval",
            Form::Number(&CONFIG_PULL_S, "seconds"),
            "Time between two looks at the configuration that the daemon holds for this agent.",
        )
        .usually("300"),
        Key::new(
            "stop_grace",
            Form::Number(&STOP_GRACE_S, "seconds"),
            "What the collecting process gets to stop before it is killed.",
        )
        .usually("30"),
    ],
};

const BACKEND: Part = Part {
    name: "backend",
    about: "",
    keys: &[
        Key::new("url", Form::Text("an address"), "The daemon. http:// is taken for this machine only.")
            .set_to("\"https://pganalytics.example:8443\"")
            .overruled_by("CENTRAL_API_URL"),
        Key::new("compression", Form::OneOf(|| vec!["zstd", "gzip"]), "How pushes are compressed.")
            .usually("\"zstd\""),
    ],
};

const TLS: Part = Part {
    name: "tls",
    about: "",
    keys: &[
        Key::new("verify", Form::Flag, "The daemon's certificate is always checked; false is refused.")
            .usually("true"),
        Key::new("ca_file", Form::Path, "The authority that it comes from.")
            .otherwise("those that this system trusts")
            .set_to("\"/etc/pganalytics/ca.crt\""),
        Key::new(
            "cert_file",
            Form::Path,
            "How this agent proves who it is, beside its token. `register` enters it and its key.",
        )
        .set_to("\"/etc/pganalytics/collector.crt\"")
        .applied(Applied::FileAtUse),
        Key::new("key_file", Form::Path, "The key of that certificate, mode 0600.")
            .set_to("\"/etc/pganalytics/collector.key\"")
            .applied(Applied::FileAtUse),
    ],
};

const POSTGRES: Part = Part {
    name: "postgres",
    about: "Without this section, and without PGHOST, PGPORT, PGUSER and PGDATABASE, the agent watches its machine only.",
    keys: &[
        Key::new(
            "host",
            Form::Text(""),
            "A name, an address, or the folder of a Unix socket such as /var/run/postgresql.",
        )
        .usually("\"localhost\"")
        .or_else("PGHOST"),
        Key::new("port", Form::Number(&PORTS, ""), "Where it listens.").usually("5432").or_else("PGPORT"),
        Key::new(
            "user",
            Form::Text(""),
            "It needs CONNECT on each database and pg_monitor; `check` names the GRANT that is missing.",
        )
        .otherwise("the user that the agent runs as")
        .set_to("\"pganalytics\"")
        .or_else("PGUSER"),
        Key::new(
            "password_file",
            Form::Path,
            "A file that holds the password and nothing else, mode 0600. As a systemd credential it is \
             /run/credentials/pganalytics-collector.service/pganalytics-collector.postgres-password.",
        )
        .otherwise("PGPASSWORD, then the file that PGPASSFILE names, then ~/.pgpass, as libpq knows them")
        .set_to("\"/etc/pganalytics/postgres.password\"")
        .applied(Applied::FileAtUse),
        Key::new(
            "ssl_mode",
            Form::OneOf(|| SslMode::ALL.iter().map(|mode| mode.as_str()).collect()),
            "require is TLS, whoever answers; requireCA asks for a trusted authority, requireFull for the right name as \
             well. libpq's verify-ca and verify-full mean the same.",
        )
        .usually("\"prefer\"")
        .or_else("PGSSLMODE"),
        Key::new("ca_file", Form::Path, "The authority for requireCA and requireFull.")
            .otherwise("those that this system trusts")
            .such_as("\"/etc/pganalytics/postgres-ca.crt\"")
            .or_else("PGSSLROOTCERT"),
        Key::new(
            "databases",
            Form::Text(""),
            "Names with commas between, or \"*\" for all that the user may connect to.",
        )
        .usually("\"*\"")
        .or_else("PGDATABASE"),
    ],
};

const SPOOL: Part = Part {
    name: "spool",
    about: "What was collected and has not been taken by the daemon yet. It survives restarts and power cuts.",
    keys: &[
        Key::new("directory", Form::Path, "Where it is.")
            .otherwise("spool in the service's state folder (/var/lib/pganalytics-collector), else in the user's own")
            .set_to("\"/var/lib/pganalytics-collector/spool\""),
        Key::new("max_bytes", Form::Size(&SPOOL_BYTES), "When it is full, the oldest goes first, and is counted.")
            .usually("\"256MiB\""),
    ],
};

const ENABLED: Key =
    Key::new("enabled", Form::Flag, "Whether it is collected.").usually("true").applied(Applied::ByDaemon);
const INTERVAL: Key =
    Key::new("interval", Form::Number(&PROBE_INTERVAL_S, "seconds"), "Time between two documents.")
        .otherwise("the collector's interval")
        .set_to("60");
const HOURLY: Key =
    Key::new("interval", Form::Number(&PROBE_INTERVAL_S, "seconds"), "Time between two documents.")
        .usually("3600");

const fn kind(name: &'static str, about: &'static str, keys: &'static [Key]) -> Part {
    Part { name, about, keys }
}

const PG_STATS: Part = kind(
    "pg_stats",
    "The sizes and counters of databases, tables and indexes. Each kind of document has a section like this one.",
    &[ENABLED, INTERVAL],
);
const SYSSTAT: Part =
    kind("sysstat", "Processors, memory, disks and networks of this machine.", &[ENABLED, INTERVAL]);
const DISK_USAGE: Part =
    kind("disk_usage", "How full the file systems of this machine are.", &[ENABLED, INTERVAL]);
const PG_QUERY_STATS: Part = kind(
    "pg_query_stats",
    "The statements that took the most time. Needs the extension pg_stat_statements; `check` says what is missing.",
    &[
        ENABLED,
        INTERVAL,
        Key::new("limit", Form::Number(&QUERY_LIMIT, "statements"), "How many, of each database.")
            .usually("100")
            .applied(Applied::ByDaemon),
    ],
);
const PG_CONNECTIONS: Part = kind(
    "pg_connections",
    "Sessions, by what they do.",
    &[
        ENABLED,
        INTERVAL,
        Key::new(
            "long_transaction",
            Form::Number(&LONG_TRANSACTION_S, "seconds"),
            "From when on a transaction that works is listed.",
        )
        .usually("300"),
        Key::new(
            "idle_transaction",
            Form::Number(&LONG_TRANSACTION_S, "seconds"),
            "From when on a transaction that only stands open is listed.",
        )
        .usually("60"),
    ],
);
const PG_LOCKS: Part = kind("pg_locks", "Locks, and who waits for whom.", &[ENABLED, INTERVAL]);
const PG_REPLICATION: Part =
    kind("pg_replication", "Standbys, slots, subscriptions and their lag.", &[ENABLED, INTERVAL]);
const PG_CACHE: Part = kind("pg_cache", "How much is found in memory.", &[ENABLED, INTERVAL]);
const PG_BLOAT: Part = kind(
    "pg_bloat",
    "How much larger tables and indexes are than they need to be: an estimate from statistics, without reading them. It \
     knows those whose columns the user may read (pg_read_all_data, since PostgreSQL 14).",
    &[ENABLED, HOURLY],
);
const PG_EXTENSIONS: Part = kind("pg_extensions", "Extensions and their versions.", &[ENABLED, HOURLY]);
const PG_SCHEMA: Part =
    kind("pg_schema", "Tables, columns, constraints, indexes, triggers.", &[ENABLED, HOURLY]);
const PG_LOG: Part = kind(
    "pg_log",
    "What PostgreSQL writes to its log files on this machine (csvlog, jsonlog or stderr). It may hold what people \
     typed; passwords in it are hidden.",
    &[
        Key::new("enabled", Form::Flag, "Whether it is collected.")
            .usually("false")
            .applied(Applied::ByDaemon),
        INTERVAL,
        Key::new("directory", Form::Path, "The folder of the files, readable by the agent's user.")
            .otherwise("the server is asked")
            .such_as("\"/var/log/postgresql\""),
    ],
);

const LOG: Part = Part {
    name: "log",
    about: "",
    keys: &[
        Key::new(
            "level",
            Form::Text(""),
            "error, warn, info, debug or trace, for all or for a part, as in the daemon's file.",
        )
        .usually("\"info\"")
        .overruled_by("PGANALYTICS_LOG")
        .applied(Applied::ByDaemon),
        Key::new("format", Form::OneOf(|| vec!["text", "json", "journal"]), "How lines are written.")
            .otherwise("journal under systemd, else text on standard error")
            .such_as("\"text\""),
    ],
};
