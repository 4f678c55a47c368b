//! Every key of `pganalytics.toml`, as a person is told of it.

use super::tls::TlsMode;
use super::{Encryption, LogFormat};
use crate::access::ClientCertificates;
use crate::http::TlsVersion;
use crate::limits::{
    HOT_BYTES_RANGE, HOT_WINDOW_H, MIRROR_BATCH, MIRROR_INTERVAL_S, RETENTION_DAYS, SERVER_NAME_CHARS,
    SERVER_NAMES, SESSION_LIFE_H, SLOW_COLLECTION_MS, WORKERS,
};
use crate::mirror::Span;
use crate::names::Named;
use crate::settings::describe::{Applied, Description, Form, Key, Part};

pub const KEYS: Description = Description {
    file: "pganalytics.toml",
    about: "Where the daemon listens, what it keeps and where.",
    note: "Every key is shown with its default, or with an example where it has none. A key that is misspelled is refused, \
        and `pganalytics check --config FILE` says everything that is wrong at once. The file is read at the start. \
        A reload (SIGHUP, `systemctl reload pganalytics`) applies [log] filter and certificates that were replaced, and \
        the log names what waits for a restart.",
    parts: &[SERVER, STORAGE, METRICS, FLEET, MIRROR, ACCESS, LOG],
};

fn words<T: Named>() -> Vec<&'static str> {
    T::ALL.iter().map(|word| word.name()).collect()
}

const SERVER: Part = Part {
    name: "server",
    about: "",
    keys: &[
        Key::new(
            "listen",
            Form::Text("an address and a port"),
            "Where browsers and agents reach the daemon. Without TLS it is a loopback address. A socket that systemd \
             hands over (pganalytics-listen.socket) goes before this key and its variable.",
        )
        .usually("\"127.0.0.1:8080\"")
        .set_to("\"0.0.0.0:8443\"")
        .overruled_by("PGANALYTICS_LISTEN"),
        Key::new(
            "tls",
            Form::OneOf(words::<TlsMode>),
            "internal: a certificate of the daemon's own authority, for the names and addresses of this machine, renewed by \
             itself. files: the site's certificate, from the two files below. off: no TLS, as behind a proxy on this \
             machine.",
        )
        .otherwise("off on a loopback address, else internal")
        .set_to("\"internal\"")
        .overruled_by("PGANALYTICS_TLS"),
        Key::new(
            "certificate",
            Form::Path,
            "For tls = \"files\", in PEM form: the certificate, then those that it stands on.",
        )
        .such_as("\"/etc/pganalytics/server.crt\"")
        .applied(Applied::FileAtReload),
        Key::new(
            "private_key_file",
            Form::Path,
            "The certificate's key, which is for its owner alone, mode 0600. As a systemd credential it is \
             /run/credentials/pganalytics.service/pganalytics.server-key.",
        )
        .such_as("\"/etc/pganalytics/server.key\"")
        .applied(Applied::FileAtReload),
        Key::new(
            "names",
            Form::Texts(SERVER_NAMES, SERVER_NAME_CHARS),
            "For tls = \"internal\": further names and addresses by which browsers and agents reach this machine.",
        )
        .usually("[]")
        .such_as("[\"pganalytics.example\", \"192.0.2.7\"]"),
        Key::new("tls_min_version", Form::OneOf(words::<TlsVersion>), "The oldest version of TLS that is spoken.")
            .usually("\"1.3\"")
            .overruled_by("PGANALYTICS_TLS_MIN_VERSION"),
        Key::new(
            "client_certificates",
            Form::OneOf(words::<ClientCertificates>),
            "Whether collectors prove themselves by their certificate beside their token. It concerns their own calls; \
             browsers need none. Collectors of release 3 have none either.",
        )
        .otherwise("optional, without TLS off")
        .set_to("\"optional\"")
        .overruled_by("PGANALYTICS_CLIENT_CERTIFICATES"),
        Key::new("workers", Form::Number(&WORKERS, "threads"), "Threads that serve. Two serve a thousand collectors.")
            .usually("2"),
        Key::new(
            "downloads_dir",
            Form::Path,
            "The agents' packages that are handed out at /downloads. This package brings those that fit it; other \
             agents are added by putting their packages into a folder of the site, together with these.",
        )
        .usually("\"/usr/share/pganalytics/downloads\""),
    ],
};

const STORAGE: Part = Part {
    name: "storage",
    about: "",
    keys: &[
        Key::new("data_dir", Form::Path, "Registry, audit log and metrics. One daemon works on it at a time.")
            .usually("\"/var/lib/pganalytics\"")
            .overruled_by("PGANALYTICS_DATA_DIR"),
        Key::new(
            "root_key_file",
            Form::Path,
            "The ring of keys that secrets are encrypted with, mode 0600. Back it up apart from the data: without it, \
             stored passwords and the authority's key are lost.",
        )
        .otherwise(
            "the systemd credential pganalytics.root-key where there is one, else root.key in the data directory, made \
             at the first start",
        )
        .such_as("\"/etc/pganalytics/root.key\""),
        Key::new(
            "encryption",
            Form::OneOf(words::<Encryption>),
            "How secrets are encrypted. What stands there already is encrypted anew.",
        )
        .usually("\"xchacha20-poly1305\"")
        .overruled_by("PGANALYTICS_ENCRYPTION"),
    ],
};

const METRICS: Part = Part {
    name: "metrics",
    about: "",
    keys: &[
        Key::new(
            "retention_days",
            Form::Number(&RETENTION_DAYS, "days"),
            "How long metrics are kept. What is older goes, a week after its last day at the latest.",
        )
        .usually("90"),
        Key::new(
            "hot_window_hours",
            Form::Number(&HOT_WINDOW_H, "hours"),
            "How long metrics stay in the hot store before they are sealed into segments: no longer than any retention.",
        )
        .usually("24"),
        Key::new(
            "hot_bytes",
            Form::Size(&HOT_BYTES_RANGE),
            "When the hot store is larger, all but the last hour is sealed.",
        )
        .usually("\"4GiB\""),
        Key::new(
            "retention_days_of",
            Form::Numbers(&RETENTION_DAYS, "days"),
            "How long the metrics of some types are kept, instead.",
        )
        .such_as("pg_log = 30"),
    ],
};

const FLEET: Part = Part {
    name: "fleet",
    about: "",
    keys: &[Key::new(
        "slow_collection_ms",
        Form::Number(&SLOW_COLLECTION_MS, "milliseconds"),
        "A collector whose collections take longer than this on average counts as slow.",
    )
    .usually("400")],
};

const MIRROR: Part = Part {
    name: "mirror",
    about: "A copy of everything in a PostgreSQL database, 13 to 18: docs/mirror.md. Without url there is none.",
    keys: &[
        Key::new(
            "url",
            Form::Text("postgresql://USER@HOST:PORT/DATABASE"),
            "The database, without a password. The server's certificate is checked (verify-full); ?sslmode=verify-ca \
             leaves its name out, ?sslmode=disable is for this machine.",
        )
        .such_as("\"postgresql://pganalytics@mirror.example:5432/fleet\""),
        Key::new(
            "site_id",
            Form::Text("a text of 1 to 100 characters"),
            "What this appliance is called there. No other appliance in the same database has this name.",
        )
        .such_as("\"hamburg\""),
        Key::new(
            "ca_file",
            Form::Path,
            "The authorities that the server's certificate is checked against, in PEM form.",
        )
        .otherwise("those of this machine")
        .such_as("\"/etc/pganalytics/mirror-ca.pem\"")
        .applied(Applied::FileAtUse),
        Key::new("password_file", Form::Path, "A file with the password and nothing else, mode 0600.")
            .otherwise("the systemd credential pganalytics.mirror-password where there is one, else none")
            .such_as("\"/etc/pganalytics/mirror.password\"")
            .applied(Applied::FileAtUse),
        Key::new("batch", Form::Size(&MIRROR_BATCH), "Metrics in one transaction.").usually("\"4MiB\""),
        Key::new(
            "interval",
            Form::Number(&MIRROR_INTERVAL_S, "seconds"),
            "How long it rests when it has everything.",
        )
        .usually("10"),
        Key::new(
            "partition",
            Form::OneOf(words::<Span>),
            "How long the partitions of metrics are; none leaves the tables to an extension such as Timescale.",
        )
        .usually("\"month\""),
    ],
};

const ACCESS: Part = Part {
    name: "access",
    about: "",
    keys: &[Key::new(
        "session_hours",
        Form::Number(&SESSION_LIFE_H, "hours"),
        "How long a session lives after its login and after each refresh.",
    )
    .usually("12")],
};

const LOG: Part = Part {
    name: "log",
    about: "",
    keys: &[
        Key::new(
            "filter",
            Form::Text(""),
            "error, warn, info, debug or trace, for all or for a part: info,pganalytics::http=debug.",
        )
        .usually("\"info\"")
        .overruled_by("PGANALYTICS_LOG")
        .applied(Applied::AtReload),
        Key::new("format", Form::OneOf(words::<LogFormat>), "How lines are written.")
            .otherwise("journal under systemd, else text on standard error")
            .such_as("\"text\"")
            .overruled_by("PGANALYTICS_LOG_FORMAT"),
    ],
};
