//! The section `[mirror]`: nothing, or a mirror that is worth trying.

use std::path::PathBuf;
use std::str::FromStr;

use tokio_postgres::config::Host;
use toml::Table;

use crate::limits::{MIRROR_BATCH, MIRROR_BATCH_BYTES, MIRROR_INTERVAL, MIRROR_INTERVAL_S, SITE_ID_CHARS};
use crate::mirror::{Options, Span};
use crate::names::Named;
use crate::postgres::SslMode;
use crate::settings::{Environment, Found, Section};

/// Where something is wrong, the problem is noted.
pub(super) fn mirror(file: &mut Table, environment: &Environment, found: &Found) -> Option<Options> {
    let mut section = Section::take(file, "mirror", found);
    let url = section.text("url");
    let site_id = section.text("site_id");
    let hint = "it must be readable by the user that the daemon runs as";
    let ca_file = section.file("ca_file", hint);
    let password_file = section.file("password_file", hint);
    let batch = section.bytes("batch", &MIRROR_BATCH).and_then(|bytes| usize::try_from(bytes).ok());
    let interval = section.seconds("interval", &MIRROR_INTERVAL_S);
    let partition = partition(&mut section);
    let Some(url) = url else {
        if site_id.is_some() || ca_file.is_some() || password_file.is_some() {
            section.note("url", None, "must be given", "such as postgresql://USER@HOST:5432/DATABASE");
        }
        return None;
    };
    let site_id = checked_site(&section, site_id);
    let target = target(&section, &url)?;
    let Target { host, port, database, user, ssl_mode } = target;
    Some(Options {
        host,
        port,
        database,
        user,
        password_file: password_file.or_else(|| credential(environment)),
        ssl_mode,
        ca_file,
        site_id: site_id?,
        batch_bytes: batch.unwrap_or(MIRROR_BATCH_BYTES),
        interval: interval.unwrap_or(MIRROR_INTERVAL),
        partition,
    })
}

/// The password from the credential that systemd hands over.
fn credential(environment: &Environment) -> Option<PathBuf> {
    let folder = environment.text("CREDENTIALS_DIRECTORY").map(PathBuf::from)?;
    Some(folder.join("pganalytics.mirror-password")).filter(|path| path.exists())
}

fn partition(section: &mut Section<'_>) -> Span {
    let Some(text) = section.text("partition") else { return Span::Month };
    let known = Span::ALL.iter().copied().find(|known| known.name() == text);
    known.unwrap_or_else(|| {
        section.note("partition", Some(text), "must be one of day, month, none", "");
        Span::Month
    })
}

fn checked_site(section: &Section<'_>, site_id: Option<String>) -> Option<String> {
    let hint = "a name that no other appliance in the same database has, such as hamburg";
    let Some(site) = site_id else {
        section.note("site_id", None, "must be given", hint);
        return None;
    };
    let is_good = site.chars().count() <= SITE_ID_CHARS && !site.chars().any(char::is_control);
    if !is_good {
        let rule = format!("must have 1 to {SITE_ID_CHARS} characters, none of them a control character");
        section.note("site_id", None, &rule, hint);
    }
    is_good.then_some(site)
}

struct Target {
    host: String,
    port: u16,
    database: String,
    user: String,
    ssl_mode: SslMode,
}

/// The address may hold a secret where somebody wrote one, so it is never repeated.
fn target(section: &Section<'_>, url: &str) -> Option<Target> {
    let wrong = |rule: &str, hint: &str| {
        section.note("url", None, rule, hint);
        None
    };
    let (address, parameters) = url.split_once('?').unwrap_or((url, ""));
    let example = "such as postgresql://USER@HOST:5432/DATABASE";
    let is_url = ["postgres://", "postgresql://"].iter().any(|scheme| address.starts_with(scheme));
    let parsed = tokio_postgres::Config::from_str(address).ok().filter(|_| is_url);
    let Some(config) = parsed else { return wrong("is not an address of PostgreSQL", example) };
    if config.get_password().is_some() {
        return wrong("must not hold a password", "put it into a file of its own, named by password_file");
    }
    let [host] = config.get_hosts() else { return wrong("must name one host", example) };
    let host = match host {
        Host::Tcp(host) => host.clone(),
        Host::Unix(folder) => folder.display().to_string(),
    };
    let (Some(user), Some(database)) = (config.get_user(), config.get_dbname()) else {
        return wrong("must name a user and a database", example);
    };
    let Some(ssl_mode) = ssl_mode(parameters, &host) else {
        let rule = "may have the parameter sslmode only, verify-full or verify-ca";
        return wrong(rule, "disable is taken for this machine only; ca_file names who is trusted");
    };
    let port = config.get_ports().first().copied().unwrap_or(5432);
    Some(Target { host, port, database: database.to_owned(), user: user.to_owned(), ssl_mode })
}

/// Everything that is measured goes there, so whoever answers must show who it is.
fn ssl_mode(parameters: &str, host: &str) -> Option<SslMode> {
    let is_local = host.starts_with('/') || ["localhost", "127.0.0.1", "::1"].contains(&host);
    match parameters {
        "" | "sslmode=verify-full" => Some(SslMode::RequireFull),
        "sslmode=verify-ca" => Some(SslMode::RequireCa),
        "sslmode=disable" if is_local => Some(SslMode::Disable),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Option<Options>, Vec<String>) {
        let mut file: Table = text.parse().unwrap();
        let found = Found::default();
        let options = mirror(&mut file, &Environment::default(), &found);
        (options, found.into_problems().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn without_the_section_there_is_none() {
        let (options, problems) = read("");
        assert!(options.is_none() && problems.is_empty(), "{problems:?}");
    }

    #[test]
    fn an_address_and_a_site_are_enough() {
        let text = "[mirror]\nurl = 'postgresql://pga@db.example/fleet'\nsite_id = 'hamburg'\n";
        let (options, problems) = read(text);
        let options = options.unwrap();
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!((options.host.as_str(), options.port), ("db.example", 5432));
        assert_eq!((options.user.as_str(), options.database.as_str()), ("pga", "fleet"));
        assert_eq!((options.ssl_mode, options.partition), (SslMode::RequireFull, Span::Month));
    }

    #[test]
    fn what_is_wrong_is_told_without_the_address() {
        let cases = [
            ("url = 'postgresql://pga:hunter2@h/d'\nsite_id = 's'", "mirror.url: must not hold a password"),
            ("url = 'postgresql://h/d'\nsite_id = 's'", "mirror.url: must name a user"),
            (
                "url = 'postgresql://u@h/d?sslmode=require'\nsite_id = 's'",
                "mirror.url: may have the parameter",
            ),
            (
                "url = 'postgresql://u@h/d?sslmode=disable'\nsite_id = 's'",
                "mirror.url: may have the parameter",
            ),
            ("url = 'http://u@h/d'\nsite_id = 's'", "mirror.url: is not an address"),
            ("url = 'postgresql://u@h/d'", "mirror.site_id: must be given"),
            ("site_id = 's'", "mirror.url: must be given"),
            ("url = 'postgresql://u@h/d'\nsite_id = 's'\npartition = 'hour'", "mirror.partition = hour"),
            ("url = 'postgresql://u@h/d'\nsite_id = 's'\nbatch = 1", "mirror.batch = 1"),
            (
                "url = 'postgresql://u@h/d'\nsite_id = 's'\npassword = 'hunter2'",
                "mirror.password: is not a key",
            ),
        ];
        for (lines, problem) in cases {
            let (_, problems) = read(&format!("[mirror]\n{lines}\n"));
            assert!(problems.len() == 1 && problems[0].starts_with(problem), "{lines}: {problems:?}");
            assert!(!problems[0].contains("hunter2"));
        }
        let local = "[mirror]\nurl = 'postgresql://u@localhost:1/d?sslmode=disable'\nsite_id = 's'\n";
        assert_eq!(read(local).0.unwrap().ssl_mode, SslMode::Disable);
    }
}
