//! The daemon's command line as an operator meets it: exit statuses, what is said, and what happens to a daemon
//! that runs beside it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Output;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::appliance::{ADMIN, Appliance, PASSWORD, now, program, write};
use crate::support::client::Socket;
use crate::support::raw::Raw;
use crate::support::wait_for;

fn said(output: &Output) -> String {
    String::from_utf8([output.stdout.clone(), output.stderr.clone()].concat()).unwrap()
}

#[test]
fn check_names_every_problem_at_once_and_writes_nothing() {
    let appliance = Appliance::prepare();
    let file = appliance.folder().join("pganalytics.toml");
    let path = file.to_str().unwrap();
    let text = "[server]\nlisten = \"here\"\ntls = \"maybe\"\nworkers = 0\nprivate_key = \"canary-secret\"\ntypo = 1\n\
        [access]\nsession_hours = 0\n[fleet]\nslow_collection_ms = -5\n[log]\nfilter = \"a=b=c\"\n[other]\nx = 1\n";
    write(&file, text.as_bytes());
    let bad = program().args(["check", "--config", path, "--output", "json"]).output().unwrap();
    assert_eq!(bad.status.code(), Some(1));
    let problems: Value = serde_json::from_slice(&bad.stdout).unwrap();
    let mut fields: Vec<&str> = problems["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| problem["field"].as_str().unwrap())
        .collect();
    fields.sort_unstable();
    let expected = [
        "access.session_hours",
        "fleet.slow_collection_ms",
        "log.filter",
        "other",
        "server.listen",
        "server.private_key",
        "server.tls",
        "server.typo",
        "server.workers",
    ];
    assert_eq!((fields, &problems["ok"]), (expected.to_vec(), &json!(false)));
    let text = program().args(["check", "--config", path]).output().unwrap();
    assert!(expected.iter().all(|field| said(&text).contains(field)), "{}", said(&text));
    assert!(!(said(&bad) + &said(&text)).contains("canary-secret"));

    write(&file, format!("[storage]\ndata_dir = \"{}\"\n", appliance.data_dir().display()).as_bytes());
    let good = program().args(["check", "--config", path]).output().unwrap();
    assert_eq!(good.status.code(), Some(0), "{}", said(&good));
    assert!(!appliance.data_dir().exists(), "a check writes nothing");
    let none = program().args(["check", "--config", "/nonexistent/pganalytics.toml"]).output().unwrap();
    assert_eq!(none.status.code(), Some(1));
    assert!(said(&none).contains("/nonexistent/pganalytics.toml"), "{}", said(&none));
}

#[test]
fn wrong_usage_is_status_2_and_a_password_is_not_an_argument() {
    let appliance = Appliance::prepare();
    for arguments in [
        &["fly"][..],
        &[],
        &["user"],
        &["user", "add", "bob"],
        &["user", "add", "bob", "--role", "owner", "--password-stdin"],
        &["user", "add", "bob", "--role", "admin"],
        &["user", "add", "bob", "--role", "admin", "--password", PASSWORD],
        &["serve", "--listen"],
        &["check", "--output", "yaml"],
    ] {
        let output = appliance.run(arguments, "");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", said(&output));
    }
    assert!(!appliance.data_dir().exists());
    for arguments in [["--help"], ["--version"]] {
        assert_eq!(appliance.run(&arguments, "").status.code(), Some(0));
    }
}

fn users(appliance: &Appliance) -> Vec<(String, String, bool)> {
    let output = appliance.run(&["user", "list", "--output", "json"], "");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let users: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |user: &Value, member: &str| user[member].as_str().unwrap().to_owned();
    let of = |user: &Value| (text(user, "username"), text(user, "role"), user["disabled"].as_bool().unwrap());
    users.as_array().unwrap().iter().map(of).collect()
}

#[test]
fn users_are_managed_beside_a_running_daemon_that_obeys_at_once() {
    let appliance = Appliance::start();
    let run = |arguments: &[&str], input: &str| {
        let output = appliance.run(arguments, input);
        (output.status.code(), said(&output))
    };
    let add = |name: &str, role: &str, password: &str| {
        run(&["user", "add", name, "--role", role, "--password-stdin"], password)
    };
    assert!(users(&appliance).is_empty());
    assert_eq!(add(ADMIN, "admin", &format!("{PASSWORD}\n")).0, Some(0));
    assert_eq!(appliance.client.get("/api/v1/setup", None).body, json!({"required": false}));
    assert!(!appliance.data_dir().join("setup-code").exists(), "the code goes when there is a user");
    let ada = appliance.login(ADMIN);
    assert_eq!(add("bob", "operator", PASSWORD).0, Some(0));
    for (name, password, words) in [
        ("BOB", PASSWORD, "bob"),
        ("eve", "short", "12"),
        ("eve", "", "12"),
        ("eve", "password1234", "common"),
        ("a b", PASSWORD, "name"),
    ] {
        let (status, said) = add(name, "viewer", password);
        assert_eq!(status, Some(1), "{name} {password}: {said}");
        assert!(said.to_lowercase().contains(words) && !said.contains(PASSWORD), "{said}");
    }
    assert_eq!(
        users(&appliance),
        [(ADMIN.into(), "admin".into(), false), ("bob".into(), "operator".into(), false)]
    );

    let bob = appliance.login("bob");
    assert_eq!(run(&["user", "disable", "bob"], "").0, Some(0));
    assert_eq!(appliance.client.get("/api/v1/auth/me", Some(&bob)).problem(), (401, "token_revoked"));
    assert_eq!(appliance.try_login("bob", PASSWORD).problem(), (401, "invalid_credentials"));
    assert_eq!(run(&["user", "enable", "bob"], "").0, Some(0));
    let bob = appliance.login("bob");
    assert_eq!(
        run(&["user", "reset-password", "bob", "--password-stdin"], "green valley kettle\n").0,
        Some(0)
    );
    assert_eq!(appliance.client.get("/api/v1/auth/me", Some(&bob)).problem(), (401, "token_revoked"));
    assert_eq!(appliance.try_login("bob", "green valley kettle").status, 200);

    let (status, told) = run(&["user", "disable", ADMIN], "");
    assert_eq!(status, Some(1), "the last administrator stays: {told}");
    let (status, told) = run(&["user", "disable", "nobody"], "");
    assert_eq!((status, told.contains("no such user")), (Some(1), true), "{told}");
    let by_hand = appliance.client.get("/api/v1/audit?actor=command-line", Some(&ada));
    let actions: Vec<_> = by_hand.body["entries"]
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .map(|entry| entry["action"].clone())
        .collect();
    let expected = ["user.create", "user.create", "user.update", "user.update", "user.reset-password"];
    assert_eq!(actions, expected, "{}", by_hand.text);
    assert_eq!(run(&["audit", "verify"], "").0, Some(0));
}

#[test]
fn sigterm_ends_the_daemon_in_time_whatever_its_clients_do() {
    let (mut appliance, ada) = Appliance::with_admin();
    let (_, agent) = appliance.collector(&ada, "db-1");
    let bearer = format!("Bearer {ada}");
    let mut socket =
        Socket::open(appliance.client.address(), "/api/v1/ws", &[("authorization", &bearer)]).unwrap();
    socket.say(&json!({"action": "subscribe", "collector_id": "*"}));
    let mut idle = Raw::connect(appliance.client.address());
    idle.say("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(idle.status_line(), "HTTP/1.1 200 OK");
    let mut slow = slow_push(&appliance, &agent);
    let asked = Instant::now();
    assert_eq!(appliance.stop(), Some(0), "{}", appliance.said());
    assert!(asked.elapsed() < Duration::from_secs(10), "took {:?}", asked.elapsed());
    slow.rest();
    while socket.hear().is_some() {}
    assert!(!appliance.data_dir().join("running").exists(), "it was closed in order");
    appliance.restart();
    let system = appliance.client.get("/api/v1/system", Some(&ada));
    assert_eq!(system.status, 200);
    assert!(!appliance.said().contains("ended unexpectedly"), "{}", appliance.said());
}

/// A push whose body never ends.
fn slow_push(appliance: &Appliance, token: &str) -> Raw {
    let mut raw = Raw::connect(appliance.client.address());
    raw.say(format!(
        "POST /api/v1/metrics/push HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Content-Length: 1000\r\nExpect: 100-continue\r\n\r\n{{"
    ));
    // the daemon reads the body now
    assert_eq!(raw.status_line(), "HTTP/1.1 100 Continue");
    raw
}

#[test]
fn a_second_sigterm_does_not_wait_for_anybody() {
    let (mut appliance, ada) = Appliance::with_admin();
    let (_, agent) = appliance.collector(&ada, "db-1");
    let _slow = slow_push(&appliance, &agent);
    appliance.signal(Signal::SIGTERM);
    wait_for("the first signal to be heard", || appliance.said().contains("stopping").then_some(()));
    appliance.signal(Signal::SIGTERM);
    let asked = Instant::now();
    appliance.wait();
    assert!(asked.elapsed() < Duration::from_secs(1), "took {:?}", asked.elapsed());
}

/// Starts a daemon that cannot work, and gives its exit status and what it said.
fn refused(appliance: &mut Appliance) -> (Option<i32>, String) {
    let before = appliance.said().len();
    appliance.spawn();
    let status = appliance.wait();
    (status, appliance.said()[before..].to_owned())
}

#[test]
fn a_second_daemon_and_a_taken_port_are_refused_with_clear_words() {
    let first = Appliance::start();
    let output = first.command().arg("serve").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("is in use by another pganalytics process"), "{}", said(&output));
    assert!(said(&output).contains(first.data_dir().to_str().unwrap()), "{}", said(&output));

    let mut second = Appliance::prepare();
    second.set_environment(&[("PGANALYTICS_LISTEN", first.client.address())]);
    let (status, said) = refused(&mut second);
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains(&format!("cannot listen on {}", first.client.address())), "{said}");
    assert!(said.contains("choose another port"), "{said}");
    assert_eq!(first.client.get("/livez", None).status, 200, "the first one goes on");
}

/// A data directory that is not what it should be is told and left as it is: somebody may still save it.
#[test]
fn a_data_directory_that_is_damaged_is_refused_and_not_touched() {
    let (mut appliance, ada) = Appliance::with_admin();
    appliance.collector(&ada, "db-1");
    assert_eq!(appliance.stop(), Some(0));
    for (file, words) in [("registry.sqlite", "registry"), ("hot.redb", "metrics"), ("root.key", "root key")]
    {
        let path = appliance.data_dir().join(file);
        let whole = fs::read(&path).unwrap();
        let garbage = b"this is not what was here before".repeat(whole.len() / 32 + 1);
        for damaged in [&garbage[..], b""] {
            write(&path, damaged);
            let (status, said) = refused(&mut appliance);
            assert_eq!(status, Some(1), "{file}: {said}");
            assert!(said.contains(words) && !said.contains("panicked"), "{file}: {said}");
            assert_eq!(fs::read(&path).unwrap(), damaged, "{file} was touched");
        }
        fs::remove_file(&path).unwrap();
        let (status, said) = refused(&mut appliance);
        assert_eq!(status, Some(1), "{file} is missing: {said}");
        assert!(said.contains(file) && !said.contains("panicked"), "{file}: {said}");
        assert!(!path.exists(), "{file} was made anew");
        write(&path, &whole);
        // a key that others may read is refused
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    appliance.restart();
    assert_eq!(appliance.client.get("/api/v1/collectors", Some(&ada)).body["total"], 1);
}

/// Who has no backup goes on without the metrics, on purpose and on record.
#[test]
fn metrics_that_are_lost_are_given_up_by_an_administrators_word_only() {
    let (mut appliance, ada) = Appliance::with_admin();
    appliance.collector(&ada, "db-1");
    assert_eq!(appliance.stop(), Some(0));
    let accept = ["metrics", "accept-loss"];
    let nothing_missing = appliance.run(&accept, "");
    assert_eq!(nothing_missing.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&nothing_missing.stdout).contains("no metrics are missing"));
    let path = appliance.data_dir().join("hot.redb");
    fs::remove_file(&path).unwrap();
    let (_, said) = refused(&mut appliance);
    assert!(said.contains("metrics accept-loss"), "{said}");
    assert_eq!(appliance.run(&accept, "").status.code(), Some(0));
    appliance.restart();
    let entries = appliance.client.get("/api/v1/audit?action=metrics.accept-loss", Some(&ada));
    assert_eq!(entries.body["entries"].as_array().unwrap().len(), 1, "{}", entries.text);
    assert_eq!(appliance.client.get("/api/v1/collectors", Some(&ada)).body["total"], 1);
}

#[test]
fn a_data_directory_that_cannot_be_one_is_told_by_path() {
    let mut appliance = Appliance::prepare();
    write(&appliance.data_dir(), b"a file");
    let (status, said) = refused(&mut appliance);
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains(appliance.data_dir().to_str().unwrap()), "{said}");
    for arguments in [&["user", "list"][..], &["audit", "verify"]] {
        assert_eq!(appliance.run(arguments, "").status.code(), Some(1), "{arguments:?}");
    }
}

/// A typing error in the name of the directory must not look like an empty and sound appliance.
#[test]
fn commands_make_no_data_directory_where_there_is_none() {
    let appliance = Appliance::prepare();
    for arguments in [
        &["audit", "verify"][..],
        &["user", "list"],
        &["user", "disable", "ada"],
        &["user", "reset-password", "ada", "--password-stdin"],
    ] {
        let output = appliance.run(arguments, PASSWORD);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", said(&output));
        assert!(said(&output).contains(appliance.data_dir().to_str().unwrap()), "{}", said(&output));
    }
    assert!(!appliance.data_dir().exists());
}

/// An installer may make the first user, and check what it has done, before the daemon starts.
#[test]
fn the_first_user_may_come_before_the_first_start() {
    let appliance = Appliance::prepare();
    let added = appliance.run(&["user", "add", "ada", "--role", "admin", "--password-stdin"], PASSWORD);
    assert_eq!(added.status.code(), Some(0), "{}", said(&added));
    assert!(added.stderr.is_empty(), "a setup code that is good for nothing: {}", said(&added));
    assert!(!appliance.data_dir().join("setup-code").exists());
    let verified = appliance.run(&["verify"], "");
    assert_eq!(verified.status.code(), Some(0), "{}", said(&verified));
    assert!(said(&verified).contains("1 users"), "{}", said(&verified));
}

/// A package's first script and the service may start at the same time on an empty directory.
#[test]
fn several_programs_that_meet_on_an_empty_directory_agree_on_one_key() {
    let mut appliance = Appliance::prepare();
    std::thread::scope(|scope| {
        for name in ["ann", "bob", "cyd", "dan"] {
            let appliance = &appliance;
            scope.spawn(move || {
                let output =
                    appliance.run(&["user", "add", name, "--role", "admin", "--password-stdin"], PASSWORD);
                assert_eq!(output.status.code(), Some(0), "{name}: {}", said(&output));
            });
        }
    });
    assert_eq!(users(&appliance).len(), 4);
    appliance.restart();
    for name in ["ann", "bob", "cyd", "dan"] {
        appliance.login(name);
    }
    assert_eq!(appliance.run(&["audit", "verify"], "").status.code(), Some(0));
}

#[test]
fn verify_reads_everything_back_and_names_the_damaged_file() {
    const MARK: &str = "a-word-that-stands-as-it-is";
    let (mut appliance, admin) = Appliance::with_admin();
    let (id, token) = appliance.collector(&admin, "orders");
    let document = json!({"type": "pg_stats", "timestamp": now(), "database": MARK, "size_bytes": 7});
    assert_eq!(appliance.client.push(&token, "one", &[document]).status, 200);
    let line = json!({"entries": [{"timestamp": now(), "level": "INFO", "message": MARK}]});
    let path = format!("/api/v1/collectors/{id}/logs");
    assert_eq!(appliance.client.post(&path, Some(&token), &line).body["accepted"], 1);
    let beside_a_daemon = appliance.run(&["verify"], "");
    assert_eq!(beside_a_daemon.status.code(), Some(1));
    assert!(said(&beside_a_daemon).contains("in use"), "{}", said(&beside_a_daemon));

    assert_eq!(appliance.stop(), Some(0));
    let whole = appliance.run(&["verify"], "");
    assert_eq!(whole.status.code(), Some(0), "{}", said(&whole));
    assert!(said(&whole).contains("1 documents"), "{}", said(&whole));
    assert!(said(&whole).contains("1 log entries"), "{}", said(&whole));

    for (name, place) in [("hot.redb", 1), ("logs.sqlite", 2)] {
        let path = appliance.data_dir().join(name);
        let sound = fs::read(&path).unwrap();
        let mut damaged = sound.clone();
        // redb may have left an older copy of the page, so that every one is damaged
        let places: Vec<usize> =
            (0..damaged.len()).filter(|at| damaged[*at..].starts_with(MARK.as_bytes())).collect();
        assert!(!places.is_empty(), "the text stands in {name}");
        for at in places {
            damaged[at] ^= 1;
        }
        write(&path, &damaged);
        let found = appliance.run(&["verify", "--output", "json"], "");
        assert_eq!(found.status.code(), Some(1), "{}", said(&found));
        let files = serde_json::from_slice::<Value>(&found.stdout).unwrap()["files"].clone();
        let whole: Vec<bool> = (0..3).map(|file| files[file]["whole"] == true).collect();
        assert_eq!(whole, (0..3).map(|file| file != place).collect::<Vec<_>>(), "{files}");
        assert!(files[place]["file"].as_str().unwrap().ends_with(name), "{files}");
        write(&path, &sound);
    }

    let registry = rusqlite::Connection::open(appliance.data_dir().join("registry.sqlite")).unwrap();
    registry.execute("UPDATE audit_log SET actor_name = 'nobody' WHERE seq = 9", []).unwrap();
    drop(registry);
    let found = appliance.run(&["verify"], "");
    assert_eq!(found.status.code(), Some(1));
    assert!(said(&found).contains("broken at entry 9"), "{}", said(&found));
}
