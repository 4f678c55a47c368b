//! From a TOML table and the environment to [`Settings`], or to all problems at once.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::Table;

use super::{
    Backend, Compression, Databases, Log, Need, Password, Postgres, Probe, ProbeKind, ProbeOptions, Settings,
    SpoolSettings, TokenSource, Uplink,
};
use crate::crypto::Secret;
use crate::files::open_secret;
use crate::ids::CollectorId;
use crate::limits;
use crate::postgres::SslMode;
use crate::settings::{Environment, Found, Problems, Section};

const DEFAULT_INTERVAL: Duration = Duration::from_mins(1);
const DEFAULT_STOP_GRACE: Duration = Duration::from_secs(30);
const DEFAULT_SPOOL_BYTES: u64 = 256 << 20;
const DEFAULT_PROBE_OPTIONS: ProbeOptions = ProbeOptions {
    query_limit: 100,
    long_transaction: Duration::from_mins(5),
    idle_transaction: Duration::from_mins(1),
    log_directory: None,
};

pub(super) fn settings(
    file: Table,
    path: Option<&Path>,
    environment: &Environment,
    need: Need,
) -> Result<Settings, Problems> {
    let found = Found::default();
    let settings = checked(file, path, environment, need, &found);
    let problems = found.into_problems();
    if problems.is_empty() { Ok(settings) } else { Err(Problems(problems)) }
}

/// Where something is wrong, the problem is noted and a default stands in.
pub(super) fn checked(
    mut file: Table,
    path: Option<&Path>,
    environment: &Environment,
    need: Need,
    found: &Found,
) -> Settings {
    let mut collector = Section::take(&mut file, "collector", found);
    let own_interval = collector.seconds("interval", &limits::COLLECTION_INTERVAL_S);
    let interval = own_interval.unwrap_or(DEFAULT_INTERVAL);
    let push_interval = collector.seconds("push_interval", &limits::PUSH_INTERVAL_S).unwrap_or(interval);
    let heartbeat_interval = collector.seconds("heartbeat_interval", &limits::HEARTBEAT_S);
    let heartbeat_interval = heartbeat_interval.unwrap_or(DEFAULT_INTERVAL);
    let config_pull_interval = collector.seconds("config_pull_interval", &limits::CONFIG_PULL_S);
    let stop_grace = collector.seconds("stop_grace", &limits::STOP_GRACE_S);
    let hostname = collector.text("hostname").unwrap_or_else(host_name);
    let identity = identity(&mut collector, path, environment, need, found);
    drop(collector);

    let backend = backend(&mut file, environment, need, found);
    let spool = spool(&mut file, path, identity.as_ref().map(|(id, _)| *id), environment, found);
    let (probes, probe_options) = probes(&mut file, interval, found);
    let postgres = postgres(&mut file, environment, found);
    let log = log(&mut file, environment, found);
    found.refuse_rest(&file);
    let uplink = identity.zip(backend).map(|((id, token), backend)| Uplink { id, token, backend });
    Settings {
        uplink,
        hostname,
        collection_interval: interval,
        has_own_interval: own_interval.is_some(),
        push_interval,
        heartbeat_interval: heartbeat_interval.min(interval),
        own_heartbeat_interval: heartbeat_interval,
        config_pull_interval: config_pull_interval.unwrap_or(limits::CONFIG_CHECK),
        stop_grace: stop_grace.unwrap_or(DEFAULT_STOP_GRACE),
        postgres,
        spool,
        probes,
        probe_options,
        log,
    }
}

/// What this machine calls itself.
pub(crate) fn host_name() -> String {
    nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok()).unwrap_or_default()
}

fn identity(
    collector: &mut Section<'_>,
    path: Option<&Path>,
    environment: &Environment,
    need: Need,
    found: &Found,
) -> Option<(CollectorId, TokenSource)> {
    // where registration writes it, when nothing else is said
    let beside = || path.map(|path| path.with_file_name("collector.token")).filter(|path| path.exists());
    let from_file = (collector.text("id"), collector.path("token_file").or_else(beside));
    let id = environment.text("COLLECTOR_ID").or(from_file.0);
    let id = match id.map(|id| id.parse::<CollectorId>().map_err(|error| (id, error))) {
        Some(Ok(id)) => Some(id),
        Some(Err((id, error))) => {
            found.note("collector.id", Some(id), &error.to_string(), "the register command writes it");
            None
        }
        None => {
            if need == Need::Everything {
                let hint = "register the agent, or set COLLECTOR_ID";
                found.note("collector.id", None, "is missing", hint);
            }
            None
        }
    };
    let token = match (environment.get("COLLECTOR_JWT_TOKEN"), from_file.1) {
        (Some(token), _) => Some(TokenSource::Given(Secret::new(token))),
        (None, Some(path)) => Some(TokenSource::File(path)),
        (None, None) => None,
    };
    if need == Need::Everything {
        match &token {
            None => {
                let hint = "register the agent, or set COLLECTOR_JWT_TOKEN";
                found.note("collector.token_file", None, "is missing", hint);
            }
            Some(source) => {
                if let (Err(error), TokenSource::File(path)) = (source.read(), source) {
                    let rule = format!("cannot be read: {error}");
                    let hint = "the register command writes it, readable by the agent's user";
                    found.note("collector.token_file", Some(path.display().to_string()), &rule, hint);
                }
            }
        }
    }
    id.zip(token)
}

fn backend(file: &mut Table, environment: &Environment, need: Need, found: &Found) -> Option<Backend> {
    let mut section = Section::take(file, "backend", found);
    let url = environment.text("CENTRAL_API_URL").or(section.text("url"));
    let compression = match section.text("compression").as_deref() {
        None | Some("zstd") => Compression::Zstd,
        Some("gzip") => Compression::Gzip,
        Some(other) => {
            section.note("compression", Some(other.to_owned()), "must be zstd or gzip", "");
            Compression::Zstd
        }
    };
    drop(section);

    let mut tls = Section::take(file, "tls", found);
    if tls.flag("verify") == Some(false) {
        let hint = "name a private authority in tls.ca_file";
        tls.note("verify", Some("false".to_owned()), "cannot be switched off", hint);
    }
    let ca_file = tls.file("ca_file", "the certificate of the daemon's authority");
    let certificate = tls.file("cert_file", "the register command writes it");
    let key = tls.file_by(open_secret, "key_file", "the register command writes it");
    if certificate.is_some() != key.is_some() {
        tls.note("cert_file", None, "goes together with key_file", "set both or none");
    }
    drop(tls);

    match url.as_deref().map(backend_url) {
        None if need == Need::Everything => {
            found.note("backend.url", None, "is missing", "the daemon's address, or CENTRAL_API_URL");
            None
        }
        None => None,
        Some(Err((shown, rule))) => {
            found.note("backend.url", shown, rule, "such as https://pganalytics.example:8443");
            None
        }
        Some(Ok(url)) => {
            Some(Backend { url, compression, ca_file, client_certificate: certificate.zip(key) })
        }
    }
}

/// The base of all requests. The address may come with `/api/v1` or without it.
///
/// # Errors
/// The rule that was broken, and the value where it cannot hold a password.
pub(crate) fn backend_url(text: &str) -> Result<reqwest::Url, (Option<String>, &'static str)> {
    let shown = || Some(text.to_owned()).filter(|text| !text.contains('@'));
    let mut url = reqwest::Url::parse(text).map_err(|_| (shown(), "is not an address"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err((None, "must not hold a user or password"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err((None, "must not have a query or fragment"));
    }
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        "http" => return Err((shown(), "must be https, as it leaves this machine")),
        _ => return Err((shown(), "must begin with https://")),
    }
    let path = url.path().trim_end_matches('/').trim_end_matches("/api/v1").to_owned();
    url.set_path(&format!("{path}/api/v1/"));
    Ok(url)
}

fn is_loopback(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn spool(
    file: &mut Table,
    path: Option<&Path>,
    id: Option<CollectorId>,
    environment: &Environment,
    found: &Found,
) -> SpoolSettings {
    let mut section = Section::take(file, "spool", found);
    let directory = section.path("directory").unwrap_or_else(|| {
        let state = state_folder(environment);
        match (path, id) {
            // agents that are configured by their environment alone may share a machine
            (None, Some(id)) => state.join("spool").join(id.to_string()),
            _ => state.join("spool"),
        }
    });
    let max_bytes = section.bytes("max_bytes", &limits::SPOOL_BYTES).unwrap_or(DEFAULT_SPOOL_BYTES);
    SpoolSettings { directory, max_bytes }
}

/// Where the agent keeps what must survive: systemd's choice, the system's place, or the user's.
fn state_folder(environment: &Environment) -> PathBuf {
    if let Some(folder) = environment.get("STATE_DIRECTORY") {
        return PathBuf::from(folder);
    }
    if !nix::unistd::geteuid().is_root() {
        if let Some(folder) = environment.get("XDG_STATE_HOME") {
            return Path::new(folder).join(crate::collector::NAME);
        }
        if let Some(home) = environment.get("HOME") {
            return Path::new(home).join(".local/state").join(crate::collector::NAME);
        }
    }
    Path::new("/var/lib").join(crate::collector::NAME)
}

fn probes(file: &mut Table, interval: Duration, found: &Found) -> (Vec<Probe>, ProbeOptions) {
    let mut probes = Vec::new();
    let mut options = DEFAULT_PROBE_OPTIONS;
    for kind in ProbeKind::ALL {
        let mut section = Section::take(file, kind.name(), found);
        let is_enabled = section.flag("enabled").unwrap_or(kind.is_usual());
        let usual = kind.usual_interval().unwrap_or(interval);
        let interval = section.seconds("interval", &limits::PROBE_INTERVAL_S).unwrap_or(usual);
        probe_options(kind, &mut section, &mut options);
        if is_enabled {
            probes.push(Probe { kind, interval });
        }
    }
    (probes, options)
}

fn probe_options(kind: ProbeKind, section: &mut Section<'_>, options: &mut ProbeOptions) {
    match kind {
        ProbeKind::PgQueryStats => {
            let limit = section.number("limit", &limits::QUERY_LIMIT).and_then(|limit| limit.try_into().ok());
            options.query_limit = limit.unwrap_or(options.query_limit);
        }
        ProbeKind::PgConnections => {
            let long = section.seconds("long_transaction", &limits::LONG_TRANSACTION_S);
            options.long_transaction = long.unwrap_or(options.long_transaction);
            let idle = section.seconds("idle_transaction", &limits::LONG_TRANSACTION_S);
            options.idle_transaction = idle.unwrap_or(options.idle_transaction);
        }
        ProbeKind::PgLog => options.log_directory = section.path("directory"),
        _ => {}
    }
}

fn postgres(file: &mut Table, environment: &Environment, found: &Found) -> Option<Postgres> {
    let mut section = Section::take(file, "postgres", found);
    let named_by_environment =
        ["PGHOST", "PGPORT", "PGUSER", "PGDATABASE"].iter().any(|name| environment.get(name).is_some());
    if !section.is_present && !named_by_environment {
        return None;
    }
    let host = section.text("host").or(environment.text("PGHOST")).unwrap_or_else(|| "localhost".to_owned());
    let port = section.number("port", &limits::PORTS).and_then(|port| u16::try_from(port).ok());
    let port = port.or_else(|| port_of(environment, found)).unwrap_or(5432);
    let user = section.text("user").or(environment.text("PGUSER")).unwrap_or_else(user_name);
    let password_file = section.file("password_file", "readable by the agent's user, mode 0600");
    let ca_file = section.file("ca_file", "the certificate of the authority that PostgreSQL's comes from");
    let ca_file = ca_file.or(environment.text("PGSSLROOTCERT").map(PathBuf::from));
    let ssl_mode = match section.text("ssl_mode").or(environment.text("PGSSLMODE")) {
        None => SslMode::Prefer,
        Some(word) => ssl_mode(&word).unwrap_or_else(|| {
            let rule = "must be disable, allow, prefer, require, requireCA or requireFull";
            section.note("ssl_mode", Some(word), rule, "");
            SslMode::Prefer
        }),
    };
    let databases = section.text("databases").or(environment.text("PGDATABASE"));
    let databases = parse_databases(databases.as_deref().unwrap_or("*"));
    if databases.as_ref().is_none_or(|databases| databases.len() > limits::DATABASES) {
        let rule = format!("must be \"*\" or up to {} names with commas between", limits::DATABASES);
        section.note("databases", None, &rule, "such as \"postgres, myapp\"");
    }
    let password = password(password_file, environment);
    Some(Postgres {
        host,
        port,
        user,
        password,
        ssl_mode,
        ca_file,
        databases: databases.unwrap_or(Databases::All),
    })
}

fn port_of(environment: &Environment, found: &Found) -> Option<u16> {
    let text = environment.get("PGPORT")?;
    let port = text.parse().ok().filter(|port| *port > 0);
    if port.is_none() {
        found.note("PGPORT", Some(text.to_owned()), "must be a whole number from 1 to 65535", "");
    }
    port
}

fn user_name() -> String {
    let user = nix::unistd::User::from_uid(nix::unistd::geteuid()).ok().flatten();
    user.map_or_else(|| "postgres".to_owned(), |user| user.name)
}

/// As libpq has it: what is configured, then `PGPASSWORD`, then the password file.
fn password(file: Option<PathBuf>, environment: &Environment) -> Password {
    let home = || environment.get("HOME").map(|home| Path::new(home).join(".pgpass"));
    if let Some(path) = file {
        Password::File(path)
    } else if let Some(password) = environment.get("PGPASSWORD") {
        Password::Given(Secret::new(password))
    } else if let Some(path) = environment.text("PGPASSFILE").map(PathBuf::from).or_else(home) {
        Password::PassFile(path)
    } else {
        Password::None
    }
}

fn parse_databases(text: &str) -> Option<Databases> {
    if text.trim() == "*" {
        return Some(Databases::All);
    }
    let mut seen = HashSet::new();
    let names = text.split(',').map(str::trim).filter(|name| seen.insert(name.to_owned()));
    let names: Vec<String> = names.map(str::to_owned).collect();
    let is_good = names.iter().all(|name| !name.is_empty() && name != "*");
    is_good.then_some(Databases::Named(names))
}

impl Databases {
    fn len(&self) -> usize {
        match self {
            Self::All => 0,
            Self::Named(names) => names.len(),
        }
    }
}

/// Our words, and libpq's for the same.
fn ssl_mode(word: &str) -> Option<SslMode> {
    match word {
        "verify-ca" => Some(SslMode::RequireCa),
        "verify-full" => Some(SslMode::RequireFull),
        other => other.parse().ok(),
    }
}

fn log(file: &mut Table, environment: &Environment, found: &Found) -> Log {
    let mut section = Section::take(file, "log", found);
    let filter = environment.text("PGANALYTICS_LOG").or(section.text("level"));
    let filter = filter.unwrap_or_else(|| "info".to_owned());
    if let Err(error) = crate::logging::check(&filter) {
        section.note("level", Some(filter.clone()), &error.to_string(), "error, warn, info or debug");
    }
    let format = match section.text("format").as_deref() {
        Some("json") => crate::logging::Format::Json,
        Some("journal") => crate::logging::Format::Journal,
        None if environment.get("JOURNAL_STREAM").is_some() => crate::logging::Format::Journal,
        Some("text") | None => crate::logging::Format::Text,
        Some(other) => {
            section.note("format", Some(other.to_owned()), "must be text, json or journal", "");
            crate::logging::Format::Text
        }
    };
    Log { filter, format }
}
