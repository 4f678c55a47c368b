//! The configuration as operators write it, the packaged example included.

use std::os::unix::fs::{MetadataExt, PermissionsExt};

use super::*;
use crate::settings::Found;
use crate::settings::held::Held;

const ID: &str = "col_01939b3c-5a00-7000-8000-000000000001";

fn nothing() -> Environment {
    Environment::default()
}

fn written(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("collector.toml");
    crate::files::write_whole(&path, text.as_bytes(), crate::files::Access::Owner).unwrap();
    (folder, path)
}

/// The example with its paths in a folder of the test's, where the files that it names are.
fn example(change: impl Fn(String) -> String) -> Result<Settings, Problems> {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().display().to_string();
    let text = keys::KEYS.example().replace("/etc/pganalytics", &place);
    for name in ["ca.crt", "collector.crt", "collector.key", "collector.token", "postgres.password"] {
        crate::files::write_whole(&folder.path().join(name), b"x", crate::files::Access::Owner).unwrap();
    }
    crate::files::write_whole(&folder.path().join("postgres-ca.crt"), b"x", crate::files::Access::Owner)
        .unwrap();
    let (_folder, path) = written(&change(text));
    load(Some(&path), &nothing(), Need::Everything)
}

#[test]
fn the_packaged_example_is_good_and_shows_the_defaults() {
    let settings = example(|text| text).unwrap();
    let (_folder, path) = written("[postgres]\nuser = \"pganalytics\"\n");
    let bare = load(Some(&path), &nothing(), Need::Sources).unwrap();
    assert_eq!(settings.collection_interval, bare.collection_interval);
    assert_eq!(settings.push_interval, bare.push_interval);
    assert_eq!(settings.heartbeat_interval, bare.heartbeat_interval);
    assert_eq!(settings.stop_grace, bare.stop_grace);
    assert_eq!(settings.spool.max_bytes, bare.spool.max_bytes);
    assert_eq!((settings.probes, settings.probe_options), (bare.probes, bare.probe_options));
    let (shown, default) = (settings.postgres.unwrap(), bare.postgres.unwrap());
    assert_eq!(
        (shown.host, shown.port, shown.ssl_mode, shown.databases),
        (default.host, default.port, default.ssl_mode, default.databases)
    );
}

#[test]
fn the_description_is_what_is_read() {
    let read = |file, environment: &Environment, found: &Found| {
        let settings = check::checked(file, None, environment, Need::Sources, found);
        // that the file says so matters to what the daemon may change, and is no other value
        format!("{settings:?}").replace("has_own_interval: true", "has_own_interval: false")
    };
    let identity = "id = 'col_01939b3c-5a00-7000-8000-000000000001'\ntoken_file = '/dev/null'\n";
    Held { description: keys::KEYS, read: &read, needed: &[("collector", identity)] }.check();
}

#[test]
fn a_private_key_that_others_may_read_is_a_problem_and_roots_may_be_its_groups() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let chmod = |name: &str, mode: u32| {
        std::fs::set_permissions(at(name), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    for name in ["crt", "key", "token", "password"] {
        crate::files::write_whole(&at(name), b"canary", crate::files::Access::Owner).unwrap();
    }
    let place = folder.path().display();
    let (_folder, path) = written(&format!(
        "[collector]\nid = '{ID}'\ntoken_file = '{place}/token'\n[backend]\nurl = 'https://a.example'\n\
         [tls]\ncert_file = '{place}/crt'\nkey_file = '{place}/key'\n[postgres]\npassword_file = '{place}/password'\n"
    ));
    let problems = || match load(Some(&path), &nothing(), Need::Everything) {
        Ok(_) => Vec::new(),
        Err(Problems(problems)) => problems.iter().map(ToString::to_string).collect(),
    };
    // a certificate is no secret, and of tokens and passwords the log tells
    for name in ["crt", "token", "password"] {
        chmod(name, 0o644);
    }
    assert_eq!(problems(), [""; 0]);
    for mode in [0o604, 0o644, 0o660] {
        chmod("key", mode);
        let problems = problems();
        let mended = format!("chmod 600 {place}/key");
        assert!(problems.len() == 1 && problems[0].starts_with("tls.key_file"), "{mode:o}: {problems:?}");
        assert!(problems[0].contains(&mended) && !problems[0].contains("canary"), "{problems:?}");
    }
    chmod("key", 0o640);
    let is_roots = std::fs::metadata(at("key")).unwrap().uid() == 0;
    assert_eq!(problems().is_empty(), is_roots, "{:?}", problems());
}

#[test]
fn every_key_that_the_example_shows_as_a_comment_is_a_key() {
    let settings = example(|text| {
        let lines = text.lines().map(|line| match line.strip_prefix('#') {
            Some(key) if key.contains(" = ") && !key.starts_with(' ') => key,
            _ => line,
        });
        lines.collect::<Vec<_>>().join("\n")
    });
    assert_eq!(settings.unwrap().hostname, "db-server-01");
}

#[test]
fn the_environment_overrules_the_file_and_is_enough_without_one() {
    let (_folder, path) =
        written("[backend]\nurl = \"https://file.example\"\n[collector]\nid = \"col_bad\"\n");
    let environment = Environment::of([
        ("COLLECTOR_ID", ID),
        ("COLLECTOR_JWT_TOKEN", "canary-secret"),
        ("CENTRAL_API_URL", "http://127.0.0.1:8080/api/v1/"),
    ]);
    for file in [Some(path.as_path()), None] {
        let settings = load(file, &environment, Need::Everything).unwrap();
        let uplink = settings.uplink.as_ref().unwrap();
        assert_eq!(uplink.backend.url.as_str(), "http://127.0.0.1:8080/api/v1/");
        assert_eq!(uplink.id.to_string(), ID);
        assert!(settings.postgres.is_none(), "nothing names a PostgreSQL");
        assert!(!format!("{settings:?} {environment:?}").contains("canary-secret"));
    }
}

#[test]
fn libpqs_variables_fill_what_the_file_leaves_open() {
    let environment = Environment::of([
        ("PGHOST", "elsewhere"),
        ("PGPORT", "5433"),
        ("PGUSER", "ann"),
        ("PGDATABASE", "app"),
        ("PGSSLMODE", "verify-ca"),
        ("PGPASSWORD", "canary-secret"),
    ]);
    let (_folder, path) = written("[postgres]\nhost = \"here\"\n");
    let postgres = load(Some(&path), &environment, Need::Sources).unwrap().postgres.unwrap();
    assert_eq!((postgres.host.as_str(), postgres.port, postgres.user.as_str()), ("here", 5433, "ann"));
    assert_eq!(postgres.ssl_mode, SslMode::RequireCa);
    assert_eq!(postgres.databases, Databases::Named(vec!["app".to_owned()]));
    let password = postgres.password.read("here", 5433, "app", "ann").unwrap().unwrap();
    assert_eq!(password.expose(), "canary-secret");
}

#[test]
fn a_backend_address_is_https_or_loopback_and_ends_with_the_api() {
    let good = [
        ("https://a.example:8443", "https://a.example:8443/api/v1/"),
        ("https://a.example/api/v1", "https://a.example/api/v1/"),
        ("https://a.example/pg/", "https://a.example/pg/api/v1/"),
        ("http://localhost:8080/", "http://localhost:8080/api/v1/"),
        ("http://[::1]:8080", "http://[::1]:8080/api/v1/"),
    ];
    for (text, url) in good {
        assert_eq!(backend_url(text).unwrap().as_str(), url);
    }
    for text in ["http://10.0.0.1", "http://localhost.example", "ftp://a", "a.example", "https://a/?q=1"] {
        assert!(backend_url(text).is_err(), "{text}");
    }
    let (shown, _) = backend_url("https://user:canary-secret@a.example").unwrap_err();
    assert_eq!(shown, None, "a password in an address is not shown");
}

#[test]
fn a_heartbeat_is_never_rarer_than_a_collection_and_a_push_follows_it() {
    let (_folder, path) = written("[collector]\ninterval = 10\nheartbeat_interval = 60\n");
    let settings = load(Some(&path), &nothing(), Need::Sources).unwrap();
    let ten = Duration::from_secs(10);
    assert_eq!((settings.heartbeat_interval, settings.push_interval), (ten, ten));
    for probe in settings.probes {
        assert_eq!(probe.interval, probe.kind.usual_interval().unwrap_or(ten), "{probe:?}");
    }
}
