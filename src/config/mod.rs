//! The daemon's settings: from a TOML file and the environment to checked values, or to all problems at once.
//!
//! Environment goes before file. Nothing else in the daemon reads either.

pub mod keys;
mod mirror;
mod tls;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::Table;

use crate::access::HashCost;
use crate::crypto::Algorithm;
use crate::http::TlsVersion;
use crate::limits::{
    HOT_BYTES_RANGE, HOT_WINDOW_H, RETENTION_DAYS, SESSION_LIFE_H, SLOW_COLLECTION_MS, WORKERS,
};
use crate::logging::{self, Format};
use crate::metrics;
use crate::names::{Named, named};
use crate::node::{self, RingFile};
use crate::settings::{self, Environment, Found, Problems, Section};

/// Everything that a site may set.
#[derive(Clone, Debug)]
pub struct Settings {
    pub listen: SocketAddr,
    /// The oldest version of TLS that the listener speaks.
    pub oldest_tls: TlsVersion,
    pub workers: usize,
    pub log_filter: String,
    pub log_format: Format,
    pub node: node::Options,
}

named!(
    Encryption, "a way to encrypt", { XChaCha20Poly1305 = "xchacha20-poly1305", Aes256Gcm = "aes-256-gcm" }
);

named!(LogFormat, "a log format", { Text = "text", Json = "json", Journal = "journal" });

/// Reads and checks the settings.
pub fn load(file: Option<&Path>, environment: &Environment) -> Result<Settings, Problems> {
    of(settings::read(file)?, environment)
}

/// Checks the settings that were read from a file.
pub fn of(file: Table, environment: &Environment) -> Result<Settings, Problems> {
    let found = Found::default();
    let settings = checked(file, environment, &found);
    let problems = found.into_problems();
    if problems.is_empty() { Ok(settings) } else { Err(Problems(problems)) }
}

/// Where something is wrong, the problem is noted and a default stands in.
fn checked(mut file: Table, environment: &Environment, found: &Found) -> Settings {
    let mut server = Section::take(&mut file, "server", found);
    let listen = listen(&mut server, environment, found);
    let tls = tls::read(&mut server, environment, found, listen);
    let workers = server.number("workers", &WORKERS).unwrap_or(2);
    let downloads = server.path("downloads_dir");
    drop(server);

    let mut storage = Section::take(&mut file, "storage", found);
    let data_dir = environment.text("PGANALYTICS_DATA_DIR").map(PathBuf::from);
    let data_dir_in_file = storage.path("data_dir");
    let data_dir = data_dir.or(data_dir_in_file).unwrap_or_else(|| PathBuf::from("/var/lib/pganalytics"));
    let root_key = root_key(&mut storage, environment);
    let encryption = one_of(environment, "PGANALYTICS_ENCRYPTION", &mut storage, "encryption", found);
    drop(storage);

    let mut node = node::Options::on(data_dir);
    node.root_key = root_key;
    node.metrics = metrics(&mut file, found);
    node.encryption = match encryption.unwrap_or(Encryption::XChaCha20Poly1305) {
        Encryption::XChaCha20Poly1305 => Algorithm::XChaCha20Poly1305,
        Encryption::Aes256Gcm => Algorithm::Aes256Gcm,
    };
    node.certificate = tls.certificate;
    node.client_certificates = tls.client_certificates;
    node.downloads = downloads.unwrap_or(node.downloads);
    let mut fleet = Section::take(&mut file, "fleet", found);
    if let Some(milliseconds) = fleet.number("slow_collection_ms", &SLOW_COLLECTION_MS) {
        node.slow_collection_ms = u32::try_from(milliseconds).map_or(node.slow_collection_ms, f64::from);
    }
    drop(fleet);
    let mut access = Section::take(&mut file, "access", found);
    if let Some(hours) = access.number("session_hours", &SESSION_LIFE_H) {
        node.session_life = Duration::from_secs(hours * 3600);
    }
    drop(access);
    node.hash_cost = HashCost::default();
    node.mirror = mirror::mirror(&mut file, environment, found);

    let (log_filter, log_format) = log(&mut file, environment, found);
    found.refuse_rest(&file);
    let workers = usize::try_from(workers).unwrap_or(2);
    let oldest_tls = tls.oldest;
    Settings { listen, oldest_tls, workers, log_filter, log_format, node }
}

/// How long metrics are kept, and where.
fn metrics(file: &mut Table, found: &Found) -> metrics::Options {
    let mut options = metrics::Options::default();
    let mut section = Section::take(file, "metrics", found);
    let days = |days: u64| Duration::from_secs(days * 24 * 3600);
    if let Some(all) = section.number("retention_days", &RETENTION_DAYS) {
        options.retention.all = days(all);
    }
    let of = section.numbers("retention_days_of", &RETENTION_DAYS);
    options.retention.of = of.into_iter().map(|(kind, of)| (kind, days(of))).collect();
    if let Some(hours) = section.number("hot_window_hours", &HOT_WINDOW_H) {
        options.hot_window = Duration::from_secs(hours * 3600);
    }
    if let Some(bytes) = section.bytes("hot_bytes", &HOT_BYTES_RANGE) {
        options.hot_bytes = bytes;
    }
    let shortest = options.retention.of.values().copied().min().unwrap_or(options.retention.all);
    if options.hot_window > shortest.min(options.retention.all) {
        let hours = (options.hot_window.as_secs() / 3600).to_string();
        section.note("hot_window_hours", Some(hours), "must not be longer than any retention", "");
    }
    options
}

fn listen(server: &mut Section<'_>, environment: &Environment, found: &Found) -> SocketAddr {
    let default = SocketAddr::from(([127, 0, 0, 1], 8080));
    let in_file = server.text("listen");
    let (field, text) = match (environment.text("PGANALYTICS_LISTEN"), in_file) {
        (Some(text), _) => ("PGANALYTICS_LISTEN", text),
        (None, Some(text)) => ("server.listen", text),
        (None, None) => return default,
    };
    text.parse().unwrap_or_else(|_| {
        found.note(field, Some(text), "must be an address and a port", "such as 127.0.0.1:8080 or [::]:8443");
        default
    })
}

/// The ring of root keys from a file of its own, or from the credential that systemd hands over.
fn root_key(storage: &mut Section<'_>, environment: &Environment) -> Option<RingFile> {
    let hint = "without the key it holds one of its own, in root.key of the data directory";
    let named = storage.path("root_key_file").map(RingFile::Site);
    let credentials = environment.text("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    let credential = credentials.map(|folder| folder.join("pganalytics.root-key"));
    let credential = credential.filter(|path| path.exists()).map(RingFile::Credential);
    let file = named.or(credential)?;
    // before anything is opened, so that a bad ring changes nothing
    if let Err(error) = file.read() {
        let path = file.path().display().to_string();
        storage.note("root_key_file", Some(path), &error.to_string(), hint);
    }
    Some(file)
}

fn log(file: &mut Table, environment: &Environment, found: &Found) -> (String, Format) {
    let mut section = Section::take(file, "log", found);
    let in_file = section.text("filter");
    let (field, filter) = match (environment.text("PGANALYTICS_LOG"), in_file) {
        (Some(filter), _) => ("PGANALYTICS_LOG", filter),
        (None, in_file) => ("log.filter", in_file.unwrap_or_else(|| "info".to_owned())),
    };
    if let Err(error) = logging::check(&filter) {
        let hint = "such as info, or info,pganalytics::http=debug";
        found.note(field, Some(filter.clone()), &error.to_string(), hint);
    }
    // systemd says by this variable that standard error is the journal
    let default =
        if environment.get("JOURNAL_STREAM").is_some() { LogFormat::Journal } else { LogFormat::Text };
    let format = one_of(environment, "PGANALYTICS_LOG_FORMAT", &mut section, "format", found);
    let format = match format.unwrap_or(default) {
        LogFormat::Text => Format::Text,
        LogFormat::Json => Format::Json,
        LogFormat::Journal => Format::Journal,
    };
    (filter, format)
}

fn one_of<T: Named>(
    environment: &Environment,
    variable: &str,
    section: &mut Section<'_>,
    key: &str,
    found: &Found,
) -> Option<T> {
    let in_file = section.text(key);
    let from_environment = environment.text(variable);
    let is_from_environment = from_environment.is_some();
    let text = from_environment.or(in_file)?;
    let known = T::ALL.iter().copied().find(|known| known.name() == text);
    if known.is_none() {
        let words: Vec<&str> = T::ALL.iter().map(|known| known.name()).collect();
        let rule = format!("must be one of {}", words.join(", "));
        if is_from_environment {
            found.note(variable, Some(text), &rule, "");
        } else {
            section.note(key, Some(text), &rule, "");
        }
    }
    known
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::settings::held::Held;

    fn problems(text: &str, environment: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pganalytics.toml");
        crate::files::write_whole(&path, text.as_bytes(), crate::files::Access::Group).unwrap();
        match load(Some(&path), &Environment::of(environment.iter().copied())) {
            Ok(_) => Vec::new(),
            Err(Problems(problems)) => problems.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn without_a_file_the_environment_is_enough() {
        let environment = [("PGANALYTICS_LISTEN", "127.0.0.1:0"), ("PGANALYTICS_DATA_DIR", "/tmp/x")];
        let settings = load(None, &Environment::of(environment)).unwrap();
        assert_eq!(settings.listen.port(), 0);
        assert_eq!(settings.node.certificate, None);
        assert_eq!(settings.node.data_dir, PathBuf::from("/tmp/x"));
    }

    #[test]
    fn every_problem_is_told_at_once_and_no_secret_with_it() {
        let text = "[server]\nlisten = 'here'\ntls = 'maybe'\nworkers = 0\nprivate_key = 'hunter2'\n\
            [storage]\nroot_key_file = '/does/not/exist'\n[log]\nfilter = 'a=b=c'\n[other]\n";
        let problems = problems(text, &[("PGANALYTICS_LOG_FORMAT", "xml")]);
        let named: Vec<&str> =
            problems.iter().map(|problem| problem.split([' ', ':']).next().unwrap()).collect();
        let expected = [
            "server.listen",
            "server.tls",
            "server.workers",
            "server.private_key",
            "storage.root_key_file",
            "log.filter",
            "PGANALYTICS_LOG_FORMAT",
            "other",
        ];
        assert_eq!(named, expected, "{problems:#?}");
        assert!(!problems.join("").contains("hunter2"));
    }

    #[test]
    fn keys_that_others_may_read_are_problems() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().display();
        for name in ["key", "ring"] {
            let path = folder.path().join(name);
            crate::files::write_whole(&path, b"canary", crate::files::Access::Owner).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        }
        let text = format!(
            "[server]\nprivate_key_file = '{place}/key'\n[storage]\nroot_key_file = '{place}/ring'\n"
        );
        let problems = problems(&text, &[]);
        let named = ["server.private_key_file", "storage.root_key_file"];
        assert_eq!(problems.len(), named.len(), "{problems:#?}");
        for (problem, (field, file)) in problems.iter().zip(named.iter().zip(["key", "ring"])) {
            assert!(problem.starts_with(field), "{problem}");
            assert!(problem.contains(&format!("chmod 600 {place}/{file}")), "{problem}");
        }
    }

    #[test]
    fn metrics_are_kept_by_type_and_never_sealed_after_they_expire() {
        let text = "[metrics]\nretention_days = 30\nhot_window_hours = 2\nhot_bytes = '1GiB'\n\
            [metrics.retention_days_of]\npg_log = 7\n";
        let mut file = toml::from_str(text).unwrap();
        let found = Found::default();
        let options = metrics(&mut file, &found);
        assert_eq!(found.into_problems().len(), 0);
        let day = Duration::from_secs(24 * 3600);
        assert_eq!((options.retention.of("pg_log"), options.retention.of("sysstat")), (day * 7, day * 30));
        assert_eq!((options.hot_window, options.hot_bytes), (day / 12, 1 << 30));
        let wrong = "[metrics]\nhot_window_hours = 48\n[metrics.retention_days_of]\npg_log = 1\nx = 'y'\n";
        let named = problems(wrong, &[]).join("\n");
        assert!(named.contains("metrics.hot_window_hours = 48"), "{named}");
        assert!(named.contains("metrics.retention_days_of.x"), "{named}");
    }

    #[test]
    fn without_tls_it_listens_on_loopback_only() {
        let refused = problems("[server]\nlisten = '0.0.0.0:8080'\ntls = 'off'\n", &[]);
        assert!(refused.len() == 1 && refused[0].starts_with("server.tls = off"), "{refused:?}");
        assert!(problems("[server]\nlisten = '0.0.0.0:8443'\n", &[]).is_empty());
    }

    #[test]
    fn the_description_is_what_is_read() {
        let read = |file, environment: &Environment, found: &Found| {
            format!("{:?}", checked(file, environment, found))
        };
        let mirror = "url = 'postgresql://a@b/c'\nsite_id = 'x'\n";
        Held { description: keys::KEYS, read: &read, needed: &[("mirror", mirror)] }.check();
    }

    #[test]
    fn the_packaged_example_is_good_and_names_every_key() {
        let example = keys::KEYS.example();
        assert_eq!(problems(&example, &[]), [""; 0]);
        // what stands behind a # can be taken as it is, but for files that are not on this machine
        let is_key = |line: &str| line.starts_with('#') && !line.starts_with("# ") && line.contains(" = ");
        let lines = example.lines().map(|line| if is_key(line) { &line[1..] } else { line });
        let text = lines.collect::<Vec<_>>().join("\n");
        let table: Table = text.parse().unwrap();
        for part in keys::KEYS.parts {
            for key in part.keys {
                assert!(table[part.name].get(key.name).is_some(), "[{}] {} is missing", part.name, key.name);
            }
        }
        let others: Vec<String> = problems(&text, &[]);
        let is_of_a_file =
            |problem: &&String| problem.contains("cannot be opened") || problem.contains("root_key_file");
        assert_eq!(others.iter().filter(|problem| !is_of_a_file(problem)).count(), 0, "{others:?}");
    }
}
