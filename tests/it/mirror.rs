//! The copy in PostgreSQL: it holds what the daemon holds, whatever happens to either of them, and no secret.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::appliance::{ADMIN, Appliance, now, registration};
use crate::support::mirrored::{
    assert_mirrored, assert_trail, held, mirrored, settings, status, wait_until_mirrored,
};
use crate::support::postgres::Postgres;
use crate::support::wait_for;

const SITE: &str = "hamburg";

fn push(appliance: &Appliance, token: &str, key: &str, documents: &[Value]) {
    let reply = appliance.client.push(token, key, documents);
    assert_eq!(reply.status, 200, "{}", reply.text);
}

fn probe(number: u64) -> Value {
    json!({"type": "probe", "timestamp": now(), "host": "h", "number": number, "share": 0.5})
}

/// An appliance whose mirror is configured from its next start on.
fn with_mirror(postgres: &Postgres) -> (Appliance, String) {
    let mut appliance = Appliance::prepare();
    appliance.set_config(Some(&settings(postgres, SITE)));
    appliance.restart();
    appliance.set_up();
    let admin = appliance.login(ADMIN);
    (appliance, admin)
}

fn count(postgres: &Postgres, sql: &str) -> u64 {
    postgres.value("postgres", sql).parse().unwrap()
}

/// Switched on late, away for a while, and switched off in between: nothing is missed.
#[test]
fn what_was_stored_before_the_mirror_and_without_it_is_caught_up() {
    let mut postgres = Postgres::start();
    let (mut appliance, admin) = Appliance::with_admin();
    let (one, token_of_one) = appliance.collector(&admin, "db-1");
    let (two, token_of_two) = appliance.collector(&admin, "db-2");
    for number in 0..20 {
        push(&appliance, &token_of_one, &format!("a-{number}"), &[probe(number), probe(number)]);
    }
    push(&appliance, &token_of_two, "b", &[probe(1)]);
    assert_eq!(status(&appliance, &admin), Value::Null);
    assert_eq!(appliance.stop(), Some(0));

    appliance.set_config(Some(&settings(&postgres, SITE)));
    appliance.restart();
    push(&appliance, &token_of_one, "c", &[probe(100)]);
    wait_until_mirrored(&appliance, &admin);
    assert_mirrored(&appliance, &admin, &postgres, SITE, &one);
    assert_mirrored(&appliance, &admin, &postgres, SITE, &two);
    assert_eq!(held(&appliance, &admin, &one).len(), 41);

    // away
    postgres.crash();
    for number in 0..5 {
        push(&appliance, &token_of_one, &format!("d-{number}"), &[probe(number)]);
        assert_eq!(appliance.client.get("/readyz", None).status, 200);
    }
    wait_for("the loss to be told", || status(&appliance, &admin)["last_error"].is_string().then_some(()));
    assert!(status(&appliance, &admin)["documents_behind"].as_u64().unwrap() >= 5);
    postgres.restart();
    wait_until_mirrored(&appliance, &admin);
    assert_mirrored(&appliance, &admin, &postgres, SITE, &one);

    // off
    assert_eq!(appliance.stop(), Some(0));
    appliance.set_config(None);
    appliance.restart();
    push(&appliance, &token_of_two, "e", &[probe(2), probe(3)]);
    appliance.collector(&admin, "db-3");
    assert_eq!(appliance.stop(), Some(0));
    appliance.set_config(Some(&settings(&postgres, SITE)));
    appliance.restart();
    wait_until_mirrored(&appliance, &admin);
    assert_mirrored(&appliance, &admin, &postgres, SITE, &two);
    assert_eq!(count(&postgres, "SELECT count(*) FROM collectors"), 3);
    assert_eq!(appliance.stop(), Some(0));
}

/// A copy that was put back to an older state, or made anew, is noticed and filled again.
#[test]
fn a_mirror_that_lost_something_gets_it_again() {
    let postgres = Postgres::start();
    let (mut appliance, admin) = with_mirror(&postgres);
    let (collector, token) = appliance.collector(&admin, "db-1");
    for number in 0..10 {
        push(&appliance, &token, &format!("a-{number}"), &[probe(number)]);
    }
    wait_until_mirrored(&appliance, &admin);
    assert_eq!(appliance.stop(), Some(0));
    postgres.execute(
        "DELETE FROM collector_metrics WHERE first_seq % 2 = 0;\nDELETE FROM collectors;\n\
         DELETE FROM collector_audit_log WHERE seq > 2;\nUPDATE mirror_sites SET commits = 0",
    );
    appliance.restart();
    wait_until_mirrored(&appliance, &admin);
    assert_mirrored(&appliance, &admin, &postgres, SITE, &collector);
    assert_eq!(count(&postgres, "SELECT count(*) FROM collectors"), 1);
    assert_trail(&appliance, &admin, &postgres);
}

/// The mirror is an archive with an owner of its own: what was removed there is not missed.
#[test]
fn what_its_owner_removes_from_the_mirror_does_not_come_back() {
    let postgres = Postgres::start();
    let (mut appliance, admin) = with_mirror(&postgres);
    let (_, token) = appliance.collector(&admin, "db-1");
    push(&appliance, &token, "a", &[probe(1)]);
    wait_until_mirrored(&appliance, &admin);
    postgres.execute("DELETE FROM collector_metrics");
    push(&appliance, &token, "b", &[probe(2)]);
    assert_eq!(appliance.stop(), Some(0));
    appliance.restart();
    wait_until_mirrored(&appliance, &admin);
    assert_eq!(count(&postgres, "SELECT sum(record_count) FROM collector_metrics"), 1);
}

/// What becomes of a collector becomes of its copy: archived, returned, and removed for good.
#[test]
fn collectors_come_and_go_in_the_mirror_as_in_the_daemon() {
    let postgres = Postgres::start();
    let (mut appliance, admin) = with_mirror(&postgres);
    let (collector, token) = appliance.collector(&admin, "db-1");
    push(&appliance, &token, "a", &[probe(1), probe(2)]);
    wait_until_mirrored(&appliance, &admin);
    let live = mirrored(&postgres, "collector_metrics", SITE, &collector);
    assert_eq!(live.len(), 2);

    let unregister = |body: Value| {
        let path = format!("/api/v1/collectors/{collector}");
        let reply = appliance.client.call(Method::DELETE, &path, Some(&admin), Some(&body));
        assert_eq!(reply.status, 200, "{}", reply.text);
    };
    let register = |restore: bool| {
        let body =
            json!({"archived_collector_id": collector, "restore_metrics": restore, "confirm": "discard"});
        let reply = appliance.client.post("/api/v1/collectors/re-register", Some(&admin), &body);
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.string("jwt_token")
    };
    let tables = || {
        ["collector_metrics", "collector_metrics_archive"]
            .map(|table| mirrored(&postgres, table, SITE, &collector))
    };
    unregister(json!({"reason": "moved"}));
    wait_for("the metrics to be archived", || {
        let [live_now, archived] = tables();
        (live_now.is_empty() && archived == live).then_some(())
    });
    let row = "SELECT state, archive_reason, archive_metrics_count FROM collectors";
    assert_eq!(postgres.value("postgres", row), "archived|moved|2");

    let token = register(true);
    wait_for("the metrics to return", || (tables() == [live.clone(), BTreeMap::new()]).then_some(()));
    push(&appliance, &token, "b", &[probe(3)]);
    wait_until_mirrored(&appliance, &admin);
    assert_mirrored(&appliance, &admin, &postgres, SITE, &collector);

    unregister(json!({"reason": "moved again"}));
    let token = register(false);
    push(&appliance, &token, "c", &[probe(4)]);
    wait_for("what was discarded to go", || {
        let [live, archived] = tables();
        (live == held(&appliance, &admin, &collector) && live.len() == 1 && archived.is_empty()).then_some(())
    });

    unregister(json!({"reason": "over", "archive_metrics": false, "confirm_name": "db-1"}));
    wait_for("the collector to go", || {
        let [live, archived] = tables();
        let rows = "SELECT (SELECT count(*) FROM collectors) + (SELECT count(*) FROM collector_actions)";
        (live.is_empty() && archived.is_empty() && count(&postgres, rows) == 0).then_some(())
    });
    assert_trail(&appliance, &admin, &postgres);
    assert_eq!(appliance.stop(), Some(0));
}

/// `jsonb` knows no U+0000 and no number without end: such a push stands beside it as it is.
#[test]
fn what_jsonb_cannot_hold_is_in_the_mirror_nevertheless() {
    let postgres = Postgres::start();
    let (appliance, admin) = with_mirror(&postgres);
    let (collector, token) = appliance.collector(&admin, "db-1");
    let odd = json!({"type": "probe", "timestamp": now(), "text": "a\u{0}b", "back": "\\u0000", "n": -0.0});
    push(&appliance, &token, "a", &[odd, probe(1)]);
    push(&appliance, &token, "b", &[probe(2)]);
    wait_until_mirrored(&appliance, &admin);
    assert_mirrored(&appliance, &admin, &postgres, SITE, &collector);
    let exact = "SELECT count(*), count(metric_exact), sum(record_count) FROM collector_metrics";
    assert_eq!(postgres.value("postgres", exact), "2|1|3");
    let sum = "SELECT count(*) FROM collector_metrics WHERE metric_exact IS NOT NULL
         AND checksum = encode(sha256(convert_to(metric_exact, 'UTF8')), 'hex')";
    assert_eq!(count(&postgres, sum), 1);
}

/// A site belongs to one appliance; two sites share a database and never meet.
#[test]
fn a_site_that_is_taken_is_refused_and_another_one_is_not() {
    let postgres = Postgres::start();
    let (first, admin) = with_mirror(&postgres);
    let (one, token) = first.collector(&admin, "db-1");
    push(&first, &token, "a", &[probe(1)]);
    wait_until_mirrored(&first, &admin);

    let (mut second, ada) = with_mirror(&postgres);
    let (two, token) = second.collector(&ada, "db-1");
    push(&second, &token, "a", &[probe(2)]);
    let error = wait_for("the refusal", || status(&second, &ada)["last_error"].as_str().map(str::to_owned));
    assert!(error.contains("the site_id hamburg belongs to another appliance"), "{error}");
    assert_eq!(second.stop(), Some(0));
    second.set_config(Some(&settings(&postgres, "bremen")));
    second.restart();
    wait_until_mirrored(&second, &ada);
    assert_mirrored(&second, &ada, &postgres, "bremen", &two);
    assert_mirrored(&first, &admin, &postgres, SITE, &one);
    let sites = "SELECT string_agg(site_id || ' ' || name, ', ' ORDER BY site_id) FROM collectors";
    assert_eq!(postgres.value("postgres", sites), "bremen db-1, hamburg db-1");
}

/// Everything that the registry keeps sealed stays there.
#[test]
fn no_secret_reaches_the_mirror() {
    let postgres = Postgres::start();
    let (appliance, admin) = with_mirror(&postgres);
    let password = "canary-of-the-database-5d1b77";
    let mut body = registration("db-1");
    body["password"] = password.into();
    let made = appliance.client.post("/api/v1/collectors/register", Some(&admin), &body);
    assert_eq!(made.status, 201, "{}", made.text);
    let (id, token) = (made.string("id"), made.string("jwt_token"));
    push(&appliance, &token, "a", &[probe(1)]);
    let path = format!("/api/v1/collectors/{id}/restart-jwt");
    let rotated = appliance.client.post(&path, Some(&admin), &json!({})).string("new_jwt_token");
    let secret = json!({"name": "rack", "max_uses": 5});
    let secret =
        appliance.client.post("/api/v1/registration-secrets", Some(&admin), &secret).string("secret");
    wait_until_mirrored(&appliance, &admin);
    let tables = postgres.value(
        "postgres",
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace",
    );
    let mut all = String::new();
    for table in tables.lines() {
        all += &postgres.value("postgres", &format!("SELECT t::text FROM {table} AS t"));
    }
    assert!(all.contains("db-1") && all.contains("watcher"), "the tables were read: {all}");
    let canaries = [password, &token, &rotated, &secret, &made.string("private_key"), &admin];
    for canary in canaries {
        assert!(!all.contains(canary), "the mirror holds {}...", &canary[..12]);
    }
}
