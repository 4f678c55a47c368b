//! A mirror that is down for an hour, or that hangs, is caught up with, and pushes feel nothing of it meanwhile.
//!
//! The hour is an hour's worth of pushes at one a minute, sent as fast as the daemon takes them: of eight collectors
//! in the short form, of a hundred with `PGANALYTICS_SOAK=1`. The run prints its figures.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::appliance::{ADMIN, Appliance, now, registration};
use crate::support::mirrored::{assert_mirrored, settings, status, wait_until_mirrored};
use crate::support::postgres::Postgres;
use crate::support::wait_for;

const SITE: &str = "hamburg";
const PUSHES_IN_AN_HOUR: usize = 60;
const SENDERS: usize = 4;
/// Documents of one push, as an agent's with its usual sources.
const DOCUMENTS: usize = 12;

struct Site {
    appliance: Appliance,
    admin: String,
    /// Ids and tokens.
    collectors: Vec<(String, String)>,
}

/// What an hour of pushes took.
struct Hour {
    name: &'static str,
    p50: Duration,
    p99: Duration,
    slowest: Duration,
}

impl Site {
    fn start(postgres: &Postgres, collectors: usize) -> Self {
        let mut appliance = Appliance::prepare();
        appliance.set_config(Some(&settings(postgres, SITE)));
        appliance.restart();
        appliance.set_up();
        let admin = appliance.login(ADMIN);
        let rows: Vec<_> = (0..collectors).map(|number| registration(&format!("db-{number}"))).collect();
        let body = json!({ "collectors": rows });
        let made = appliance.client.post("/api/v1/collectors/bulk-import", Some(&admin), &body);
        assert_eq!(made.body["successful"], collectors, "{}", made.text);
        let pair = |row: &Value| {
            let text = |member: &str| row[member].as_str().unwrap().to_owned();
            (text("collector_id"), text("jwt_token"))
        };
        let collectors = made.body["results"].as_array().unwrap().iter().map(pair).collect();
        Self { appliance, admin, collectors }
    }

    /// Each collector pushes for an hour, in its turn; says how long the daemon took.
    #[expect(clippy::print_stdout, reason = "the figures are what a long run is for")]
    fn push_for_an_hour(&self, name: &'static str) -> Hour {
        let hour = |sender: usize| {
            let client = self.appliance.client.another();
            let mut took = Vec::new();
            for minute in 0..PUSHES_IN_AN_HOUR {
                for (_, token) in self.collectors.iter().skip(sender).step_by(SENDERS) {
                    let documents: Vec<_> = (0..DOCUMENTS).map(|number| probe(minute, number)).collect();
                    let begun = Instant::now();
                    let reply = client.push(token, &format!("{name}-{minute}"), &documents);
                    took.push(begun.elapsed());
                    assert_eq!(reply.status, 200, "{}", reply.text);
                }
            }
            took
        };
        let mut took = thread::scope(|scope| {
            let hour = &hour;
            let senders: Vec<_> = (0..SENDERS).map(|sender| scope.spawn(move || hour(sender))).collect();
            senders.into_iter().flat_map(|sender| sender.join().unwrap()).collect::<Vec<_>>()
        });
        took.sort_unstable();
        let at = |part: usize| took[(took.len() - 1) * part / 100];
        let hour = Hour { name, p50: at(50), p99: at(99), slowest: at(100) };
        println!(
            "{name}: {} pushes, p50 {:?}, p99 {:?}, slowest {:?}",
            took.len(),
            hour.p50,
            hour.p99,
            hour.slowest
        );
        hour
    }

    fn behind(&self) -> u64 {
        status(&self.appliance, &self.admin)["documents_behind"].as_u64().unwrap()
    }
}

fn probe(minute: usize, number: usize) -> Value {
    json!({"type": "probe", "timestamp": now(), "database": format!("app-{number}"), "minute": minute,
        "transactions": minute * 17 + number, "share": 0.25, "tables": [{"schema": "public", "name": "orders",
        "live_tuples": 1000 + minute, "dead_tuples": number}]})
}

#[test]
fn an_hour_without_the_mirror_is_caught_up_with_and_no_push_waits_for_it() {
    let collectors = if std::env::var_os("PGANALYTICS_SOAK").is_some() { 100 } else { 8 };
    let mut postgres = Postgres::start();
    let site = Site::start(&postgres, collectors);
    // the first pushes of all make what later ones find
    site.push_for_an_hour("warming up");
    let usual = site.push_for_an_hour("mirrored");
    wait_until_mirrored(&site.appliance, &site.admin);

    postgres.crash();
    wait_for("the loss to be told", || {
        status(&site.appliance, &site.admin)["last_error"].is_string().then_some(())
    });
    let away = site.push_for_an_hour("away");
    assert_eq!(site.behind(), (collectors * PUSHES_IN_AN_HOUR * DOCUMENTS) as u64);
    assert_eq!(site.appliance.client.get("/readyz", None).status, 200);
    postgres.restart();
    let begun = Instant::now();
    let catching_up = site.push_for_an_hour("catching up");
    wait_until_mirrored(&site.appliance, &site.admin);
    println!("two hours were caught up with in {:?}", begun.elapsed());

    // it takes connections and answers nothing that matters
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let blocker = runtime.block_on(postgres.client("postgres"));
    let lock = "BEGIN; LOCK TABLE mirror_sites, collectors IN ACCESS EXCLUSIVE MODE";
    runtime.block_on(blocker.batch_execute(lock)).unwrap();
    let hanging = site.push_for_an_hour("hanging");
    runtime.block_on(blocker.batch_execute("ROLLBACK")).unwrap();
    wait_until_mirrored(&site.appliance, &site.admin);
    for (collector, _) in &site.collectors {
        assert_mirrored(&site.appliance, &site.admin, &postgres, SITE, collector);
    }

    // whoever waited for the mirror would wait for seconds; the figures themselves are for whoever reads them
    let most = usual.p99 * 2 + Duration::from_secs(1);
    for hour in [away, catching_up, hanging] {
        assert!(hour.p99 <= most, "{}: p99 {:?}, usually {:?}", hour.name, hour.p99, usual.p99);
    }
}
